#pragma once

#include <optional>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::sctp {

/// The FORWARD-TSN (RFC 3758 3.2, RFC 8260 2.3.1) that usrsctp sent last, to be sent again.
///
/// RFC 3758 3.5 F5 runs T3-rtx while one is unanswered. usrsctp 0.9.5 looks for a destination to run it for
/// among the chunks from the last skipped one on, and where that one stands for the rest of a message that
/// was never cut into chunks it has no destination: no timer runs, and if the FORWARD-TSN or its SACK is
/// lost, nothing is ever sent again.
class LastForwardTsn {
 public:
  /// A packet on its way out.
  void look_at(TimePoint now, Bytes packet);

  /// The chunk in a packet of its own, if the last one went out at least `timeout` ago. To be asked while
  /// nothing but skipped chunks waits for the peer.
  std::optional<PacketBuffer> repeat(TimePoint now, Duration timeout);

 private:
  std::optional<PacketBuffer> packet_;  // Common header and chunk.
  TimePoint sent_at_{};
};

}  // namespace petrel::inline v0::sctp
