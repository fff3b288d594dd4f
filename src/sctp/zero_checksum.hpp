#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"

namespace petrel::inline v0::sctp {

/// RFC 9653 4: what an INIT or INIT ACK chunk says with whose sender accepts packets without a checksum.
inline constexpr std::size_t zero_checksum_parameter_size = 8;

/// Whether a chunk, INIT or INIT ACK (RFC 9260 3.3.2, 3.3.3), has a Zero Checksum Acceptable parameter that
/// names SCTP over DTLS (RFC 9653 6). False for other chunks, other methods, and what is not whole.
bool accepts_zero_checksum(Bytes chunk);

/// Puts that parameter at the end of an INIT or INIT ACK chunk, which has no order of parameters; not where
/// it is already, since it may be there once (RFC 9653 4). Whether the chunk has it now: false for other
/// chunks, what is not whole, and a longer one than a chunk may be. Then nothing has changed.
bool add_zero_checksum_parameter(std::vector<std::byte>& chunk);

/// RFC 9653 for one association, between usrsctp 0.9.5, which has nothing of it, and the wire.
///
/// usrsctp makes an association of what the INIT ACK's cookie says, so that a parameter more on the wire
/// changes nothing for it, and passes over the peer's, as its type tells those who do not know it.
/// The two directions are agreed on apart: what we accept is what we have said, what we send is what the peer
/// has said.
class ZeroChecksum {
 public:
  /// Off: neither says nor uses anything, and every checksum has to be right.
  explicit ZeroChecksum(bool on) : on_(on) {}

  /// A packet from usrsctp, before it is signed: where it has our INIT or INIT ACK the parameter is added,
  /// unless the packet would be longer than `mtu_bytes`.
  void offer_in(PacketBuffer& packet, std::size_t mtu_bytes);
  /// The same for an INIT chunk that is announced in another way (SNAP).
  void offer_in(std::vector<std::byte>& init);

  /// What the peer says of itself in the first chunk of a packet, or in a chunk that it announced.
  void look_at_packet(Bytes packet);
  void look_at_chunk(Bytes chunk) { peer_accepts_ |= on_ && accepts_zero_checksum(chunk); }

  /// Whether a packet that came needs no right checksum: it has zero, and we have said that we accept it
  /// (5.3). DTLS has shown by then that it is as it was sent.
  bool excuses(Bytes packet) const;
  /// Whether a packet may go without: the peer accepts it, and no chunk is one of those that have a right
  /// checksum always (5.2), or that we sign because they may answer a packet out of the blue.
  bool may_omit(Bytes packet) const;

  bool offered() const { return offered_; }
  bool peer_accepts() const { return peer_accepts_; }

 private:
  bool on_;
  bool offered_ = false;
  bool peer_accepts_ = false;
};

}  // namespace petrel::inline v0::sctp
