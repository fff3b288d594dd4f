#pragma once

#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0 {

/// Sees every RTP and RTCP packet of a peer in the clear: for dumps. Explicit opt-in,
/// since it undoes what SRTP is for. Called on the peer's executor; may not call back.
class PacketTap {
 public:
  enum class Direction { incoming, outgoing };
  virtual void on_packet(TimePoint now, Direction direction, Bytes packet) noexcept = 0;

 protected:
  ~PacketTap() = default;
};

}  // namespace petrel::inline v0
