#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "sctp/chunks.hpp"

namespace petrel::inline v0::sctp {

/// Takes back a request of RFC 6525 that a peer does not answer.
///
/// Most WebRTC stacks know how to reset streams and not how to add them: dcSCTP and others pass over such a
/// request in silence, which RFC 6525 has no end for. usrsctp repeats it as long as the association lives,
/// and asks for nothing else meanwhile, so that no channel could be closed any more. A denial that nobody
/// sent ends that. The peer, which has not seen the request, still waits for its number: from then on our
/// requests have numbers one less on the wire than usrsctp thinks, and the peer's answers one more.
class RequestNumbers {
 public:
  /// Whether packets have to be looked at.
  bool active() const { return waiting_ || skipped_ > 0; }

  /// Streams are asked for: the next request is the one.
  void begin() {
    waiting_ = true;
    asked_.reset();
  }
  /// The peer has answered.
  void end() { waiting_ = false; }

  /// A packet of usrsctp's.
  void send(std::span<std::byte> packet);
  /// A packet of the peer's, as usrsctp is to see it: itself, or a changed copy in `room`.
  Bytes receive(Bytes packet, std::vector<std::byte>& room) const;
  /// The packet that denies the request, for usrsctp; once. `header` is the common header of a packet of
  /// the peer's. nullopt: there is none to be denied.
  std::optional<std::vector<std::byte>> deny(Bytes header);

 private:
  bool waiting_ = false;
  std::optional<std::uint32_t> asked_;  ///< What usrsctp calls it.
  std::uint32_t skipped_ = 0;           ///< So many were taken back.
};

}  // namespace petrel::inline v0::sctp
