#pragma once

#include <cstdint>
#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// Gives SACKs (RFC 9260 3.3.4) without a gap block one that says nothing.
///
/// usrsctp 0.9.5 has a short way for SACKs without gaps, on which it forgets to restart T3-rtx (RFC
/// 9260 6.3.2, R3): in the middle of a healthy transfer it expires once an RTO, and the congestion window
/// falls to one packet. A block that ends before it starts is skipped on the long way, where the timer is
/// restarted.
class FullSack {
 public:
  /// `packet` itself if it needs nothing, otherwise a copy in `room`, whose checksum is no longer right.
  Bytes of(Bytes packet, std::vector<std::byte>& room);

 private:
  bool needs_block(std::uint8_t type, Bytes chunk);

  // Where the last one had gaps, usrsctp goes the long way by itself, and sees what the peer has taken back
  // (6.2.1, D iv).
  bool had_gaps_ = false;
  std::uint32_t cumulative_ = 0;
};

}  // namespace petrel::inline v0::sctp
