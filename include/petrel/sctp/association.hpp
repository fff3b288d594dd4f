#pragma once

#include <chrono>
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
#include "petrel/sctp/errc.hpp"

namespace petrel::inline v0::sctp {

struct AssociationConfig {
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  /// The longest packet to emit, common header included: what DTLS can carry in one record.
  /// 524 to PacketBuffer::capacity; what is outside counts as the nearest.
  std::size_t mtu_bytes = 1163;
  /// Streams at first, each way; more are asked for when one is used, and only as the peer confirms.
  std::uint16_t streams = 300;
  /// The most streams, each way: what we ask for at last, and what the peer may ask for or begin
  /// with. Each costs some 100 bytes as soon as it is there, used or not.
  std::uint16_t max_streams = 1024;
  /// Bytes that wait for the peer's acknowledgement, or to be sent. Each message counts for some
  /// 250 bytes more than it has, which is what its bookkeeping takes. This and the next: 64 KiB to 64 MiB,
  /// what is outside counts as the nearest.
  std::size_t send_buffer_bytes = 1 << 20;
  /// Bytes that arrived and were not taken by receive(): the window that the peer sees. What a
  /// message may have at most does not depend on it, since it is received in pieces.
  std::size_t receive_buffer_bytes = 1 << 20;
  /// I-DATA where the peer can, RFC 8260.
  bool interleaving = true;
  /// RFC 9653: tell the peer that DTLS finds errors as well as a CRC-32C does, so that it may leave out the
  /// checksum, and leave it out where the peer says the same. False for packets that are not inside of DTLS.
  bool zero_checksum = true;
  /// As long as ICE consent lives (RFC 7675 5.1).
  Duration handshake_timeout = std::chrono::seconds(30);
  /// How long data may wait without any of it being acknowledged, while the peer has room for it.
  /// Longer than ICE consent lives, so that a line that is gone is found by ICE, which knows why.
  Duration stall_timeout = std::chrono::seconds(60);
  Logger log{};
};

/// How one message is to be delivered, RFC 3758 and RFC 7496. At most one of the limits.
///
/// With interleaving a limit counts only for messages that fit one packet; longer ones are delivered
/// in any case (deviates, see docs/usrsctp.md). Peers without I-DATA, which browsers are, know no such
/// difference.
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

/// A piece of a message, in the order of its stream. At most one message of a stream comes in pieces at
/// a time; messages of other streams, and of the same stream in the other order (`unordered`), may
/// come between them whole or in pieces.
struct Incoming {
  std::uint16_t stream = 0;
  std::uint32_t protocol = 0;
  bool unordered = false;
  bool last = true;
  /// With `last`: the rest will never come (RFC 3758 3.6). This piece and those before it are to be
  /// forgotten.
  bool abandoned = false;
  std::vector<std::byte> payload{};
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
/// What the network did to an association, and what it is like.
struct AssociationStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_malformed = 0;     ///< Not a whole number of chunks behind a header. Dropped.
  std::uint64_t packets_bad_checksum = 0;  ///< Dropped.
  std::uint64_t packets_late = 0;          ///< Came before connect(), or after the end. Dropped.
  std::uint64_t output_dropped = 0;        ///< Packets that nobody polled in time.
  std::uint64_t bytes_sent = 0;            ///< Payload that send() took.
  std::uint64_t bytes_received = 0;        ///< Payload that receive() gave.
  // RFC 9653. Each way is agreed on by itself.
  bool accepts_zero_checksum = false;            ///< We have told the peer that we do.
  bool peer_accepts_zero_checksum = false;       ///< It has told us. False with `zero_checksum` off.
  std::uint64_t packets_sent_zero_checksum = 0;  ///< Of `packets_sent`.
  std::uint64_t packets_received_zero_checksum = 0;
  std::size_t congestion_window_bytes = 0;
  std::size_t peer_window_bytes = 0;
  Duration smoothed_round_trip{};  ///< In milliseconds; 0 before the first measurement.
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
/// Both sides connect() (RFC 8831 6.2 with simultaneous INITs); there is no listening. Heartbeats are
/// off, since ICE consent does their work, but for measuring a line again of which the estimate went bad;
/// nothing is due while all is acknowledged.
///
/// Timers: usrsctp never says when its next one is due, and runs those of all associations of the process
/// at once. An association that is not idle therefore has a timeout every 10 ms, on a grid that all
/// share, and what another's call produced for it waits until then. That is instead of one ticker
/// for the process (deviates from how usrsctp is used elsewhere): no thread and no timer is shared.
///
/// Giving up (handshake_timeout, stall_timeout) is decided here, on the owner's clock, and not
/// by counting retransmissions.
class PETREL_API Association {
 public:
  using Event = sctp::Event;

  /// Events that nobody polled. Past it nothing more is read, data included.
  static constexpr std::size_t max_queued_events = 1024;

  Association(TimePoint now, AssociationConfig config, RandomSource& random);
  ~Association();
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  /// Once; what comes before it is dropped. Not after announce(), which takes its place.
  void connect(TimePoint now);

  /// SNAP (draft-hancke-tsvwg-snap): the INIT chunk of this association, for the peer to have before there is
  /// a way to it. The same each time. The MTU counts as the longest until connect() says it. Empty if there
  /// is none to be had.
  std::vector<std::byte> announce(TimePoint now);
  /// With the chunk that the peer announced: connected at once, without a packet on the wire, if the peer
  /// does the same with ours. `mtu_bytes` as in the configuration. Errc::bad_init where no association can
  /// begin with it, or where it is ours; this one is then of no use, and the handshake
  /// that the draft falls back to is for a new one.
  Result<void> connect(TimePoint now, Bytes peer_init, std::size_t mtu_bytes);

  /// One SCTP packet from the peer. Its checksum is verified, or is zero and we have said that it may be.
  void handle_packet(TimePoint now, Bytes packet);
  /// Several that came at once: cheaper than one by one, and with the same outcome.
  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();

  /// Takes as many bytes of the payload as there is room for, and says how many: 0 is "wait for
  /// Writable", less than all is a piece of which the rest comes next. An empty payload: Errc::empty
  /// (RFC 8831 6.6 has identifiers for empty messages, of one byte). A stream that is being reset
  /// takes nothing until OutgoingReset. A stream that we do not have yet is asked for, and takes
  /// nothing until StreamsAdded; Writable follows each of them. If the peer cannot interleave, no message
  /// begins from there until it is asked, which is when what was sent has left.
  /// Errors: Errc::not_connected, unknown_stream, empty, and petrel::Errc::busy while a message on another
  /// stream has begun and not ended, if the peer cannot interleave (Connected::interleaving).
  Result<std::size_t> send(TimePoint now, const Outgoing& outgoing);
  /// The next piece that arrived. What is not taken closes the peer's window, and holds back the events
  /// that came behind it: IncomingReset comes after the last piece on its streams was taken. Also
  /// for what had arrived when the association ended.
  std::optional<Incoming> receive(TimePoint now);
  /// Bytes taken by send() and not acknowledged by the peer: 0 when there are none, and up to a
  /// twentieth too many while packets are on their way.
  std::size_t unacknowledged() const;

  /// Resets outgoing streams once what was sent on them is delivered; OutgoingReset answers, once or
  /// in parts. Errors: Errc::not_connected, unknown_stream; petrel::Errc::busy while a message on one of
  /// them has begun and not ended.
  Result<void> reset(TimePoint now, std::span<const std::uint16_t> streams);

  /// Shuts down in order, after what was sent is delivered; PeerClosed or Failed follows, unless the
  /// owner stops polling. A message that has begun and not ended ends the association at once (Failed).
  void shut_down(TimePoint now);
  /// ABORT, to be polled once more. Nothing follows.
  void abort(TimePoint now);

  bool connected() const;
  AssociationStats stats() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::sctp
