#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::sctp {

struct AssociationConfig {
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  /// The longest packet to emit, common header included: what DTLS can carry in one record.
  std::size_t mtu_bytes = 1163;
  /// Streams at first, each way; more are asked for when one is used, and only as the peer confirms.
  std::uint16_t streams = 300;
  /// Bytes that wait for the peer's acknowledgement, or to be sent.
  std::size_t send_buffer_bytes = 1 << 20;
  /// Bytes that arrived and were not taken by receive(): the window that the peer sees.
  std::size_t receive_buffer_bytes = 1 << 20;
  /// I-DATA where the peer can, RFC 8260.
  bool interleaving = true;
  Logger log{};
};

/// How one message is to be delivered, RFC 3758 and RFC 7496. At most one of the limits.
struct Delivery {
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits{};
  std::optional<Duration> max_lifetime{};
};

/// A message, or the next piece of one.
struct Outgoing {
  std::uint16_t stream = 0;
  std::uint32_t protocol = 0;  ///< Payload protocol identifier.
  Delivery delivery{};
  bool last = true;  ///< Ends the message. Pieces of one message come without others of the stream between.
  Bytes payload{};
};

/// A piece of a message, in the order of its stream.
struct Incoming {
  std::uint16_t stream = 0;
  std::uint32_t protocol = 0;
  bool unordered = false;
  bool last = true;
  std::vector<std::byte> payload{};  // To become an owner of usrsctp's own block if that saves a copy.
};

/// Both directions work.
struct Connected {
  std::uint16_t outgoing_streams = 0;
  std::uint16_t incoming_streams = 0;
  bool interleaving = false;
};
/// send() takes more, after it took less than it was given.
struct Writable {};
/// The peer has reset its outgoing streams, RFC 6525 4.1: no more comes on them, as for a new stream.
struct IncomingReset {
  std::vector<std::uint16_t> streams;
};
/// The peer has answered reset(). With an error the streams are as they were, and reset() may be tried again.
struct OutgoingReset {
  std::vector<std::uint16_t> streams;
  std::error_code error{};
};
struct StreamsAdded {
  std::uint16_t outgoing_streams = 0;
};
/// The peer has shut the association down, in order.
struct PeerClosed {};
/// The association is over. `error` is an Errc: aborted, handshake_timeout, unreachable, stalled.
struct Failed {
  std::error_code error;
};
using Event =
    std::variant<Connected, Writable, IncomingReset, OutgoingReset, StreamsAdded, PeerClosed, Failed>;

/// One SCTP association over DTLS: RFC 9260 as RFC 8261 and RFC 8831 use it, with partial
/// reliability (RFC 3758, RFC 7496), stream reset (RFC 6525) and interleaving (RFC 8260).
///
/// A payload core: packets without addresses go in and come out. It is the seam between what petrel
/// needs of SCTP and who does it, which is usrsctp today. usrsctp keeps global state and reads
/// gettimeofday() itself (docs/usrsctp.md): associations may live on any number of threads, one
/// thread each at a time; a lock inside, never held while calling out, keeps them apart.
///
/// Both sides connect() (RFC 8831 6.2 with simultaneous INITs); there is no listening.
class PETREL_API Association {
 public:
  using Event = sctp::Event;

  Association(TimePoint now, AssociationConfig config, RandomSource& random);
  ~Association();
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  void connect(TimePoint now);

  /// One SCTP packet from the peer.
  void handle_packet(TimePoint now, Bytes packet);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();

  /// Takes as many bytes of the payload as there is room for, and says how many: 0 is "wait for
  /// Writable", less than all is a piece of which the rest comes next. An empty payload: Errc::empty
  /// (RFC 8831 6.6 has identifiers for empty messages, of one byte).
  /// Errors: Errc::not_connected, unknown_stream, empty.
  Result<std::size_t> send(TimePoint now, const Outgoing& outgoing);
  /// The next piece that arrived. What is not taken closes the peer's window.
  std::optional<Incoming> receive(TimePoint now);
  /// Bytes taken by send() and not acknowledged by the peer.
  std::size_t unacknowledged() const;

  /// Resets outgoing streams once what was sent on them is delivered; OutgoingReset answers.
  Result<void> reset(TimePoint now, std::span<const std::uint16_t> streams);

  /// Shuts down in order; PeerClosed or Failed follows, unless the owner stops polling.
  void shut_down(TimePoint now);
  /// ABORT, to be polled once more. Nothing follows.
  void abort(TimePoint now);

  bool connected() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::sctp
