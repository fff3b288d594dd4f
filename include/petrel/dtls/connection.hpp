#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/dtls/certificate.hpp"
#include "petrel/dtls/errc.hpp"
#include "petrel/dtls/srtp_keys.hpp"

struct ssl_st;   // OpenSSL's SSL.
struct x509_st;  // OpenSSL's X509.

namespace petrel::inline v0::dtls {

class RecordLayer;  // Known to src/dtls only.

/// Who sends the ClientHello. `a=setup:active` is the client, `passive` the server (RFC 8842 5).
enum class Role : std::uint8_t { client, server };

/// Where the secrets of a connection go for a packet analyser: lines of an SSLKEYLOGFILE,
/// without the newline. Whoever has them can read the connection; there is one only if the
/// application asked for it. May not call back into petrel.
class KeyLogSink {
 public:
  virtual void write(std::string_view line) noexcept = 0;

 protected:
  ~KeyLogSink() = default;
};

struct ConnectionConfig {
  /// In order of preference; the DTLS server's order decides. Empty: no SRTP at all.
  std::vector<SrtpProfile> srtp_profiles{SrtpProfile::aead_aes_128_gcm, SrtpProfile::aes128_cm_sha1_80};
  /// Whether a peer without a common profile is an error (no_srtp_profile). With false,
  /// Connected comes without keys, as suits a connection that only carries data channels.
  bool srtp_required = true;
  /// The longest packet to emit, in bytes of UDP payload: 256 to PacketBuffer::capacity.
  /// 1200 goes through every path that WebRTC is seen on.
  std::size_t mtu_bytes = 1200;
  /// Counts from the construction of a client, and from the first packet to a server.
  /// Silence for 30 s ends a handshake in any case: OpenSSL counts its retransmissions.
  Duration handshake_timeout = std::chrono::seconds(30);
  /// A client's peer may not have our description yet: it is sent one ClientHello, which it may keep, and
  /// neither retransmissions nor handshake_timeout begin before peer_is_ready(), or its first packet.
  bool awaits_peer = false;
  /// Not owned; outlives the connection.
  KeyLogSink* key_log = nullptr;
};

/// The handshake is done and the peer is the one that signalling announced.
struct Connected {
  std::optional<SrtpKeys> srtp_keys;  ///< nullopt if SRTP was not required, and not agreed on.
};
/// One record of application data. RFC 8261 3: one SCTP packet.
struct ApplicationData {
  PacketBuffer payload;
};
/// The peer sent close_notify. Nothing more comes.
struct PeerClosed {};
/// The connection is over. `error` is an Errc.
struct Failed {
  std::error_code error;
};

/// What the network did to a connection.
struct ConnectionStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t packets_malformed = 0;  ///< Not a whole number of DTLS records. Dropped.
  std::uint64_t packets_late = 0;       ///< Came after the connection was over. Dropped.
  std::uint64_t retransmissions = 0;    ///< Flights that were sent again for want of an answer.
  std::uint64_t data_dropped = 0;       ///< Records that did not fit the queue, or not a PacketBuffer.
  std::uint64_t output_dropped = 0;     ///< Packets that nobody polled in time.
};

/// The numbers of an encrypted record, after which others may not use them again.
struct SealedRecord {
  std::uint64_t sequence = 0;  ///< In its epoch.
  std::uint64_t nonce = 0;     ///< The explicit one of GCM, RFC 5288 3.
};

/// Where OpenSSL reads and writes: one packet in, and a queue of packets out.
struct PacketPort {
  Bytes incoming;  ///< The packet that OpenSSL has not read yet; borrowed during handle_packet().
  RingQueue<PacketBuffer> outgoing;
  std::optional<SealedRecord> sealed{};  ///< The last of epoch 1.
  std::uint64_t dropped = 0;             ///< Packets that found `outgoing` full.
};

/// One DTLS 1.2 association (RFC 6347) that agrees on SRTP keys (RFC 5764) and carries
/// application data.
///
/// A packet core: it knows no addresses. The peer is authenticated by the fingerprint of
/// its certificate alone (RFC 8122); the handshake may run before the fingerprints are
/// known, but Connected, keys and application data wait for them.
///
/// The handshake is OpenSSL's; once it is over, OpenSSL goes and the records are ours
/// (src/dtls/record_layer.hpp).
///
/// OpenSSL reads gettimeofday() for its retransmission timer, and draws from its own
/// random generator: the two exceptions to "a core is told". Tests interpose both
/// (tests/support/virtual_wall_clock.hpp).
///
/// Not movable: OpenSSL keeps a pointer to it.
class PETREL_API Connection {
 public:
  using Event = std::variant<Connected, ApplicationData, PeerClosed, Failed>;

  static constexpr std::size_t min_mtu_bytes = 256;
  /// Records that came before the fingerprints: a few SCTP flights of an eager peer.
  static constexpr std::size_t max_withheld_records = 64;
  /// Events that nobody polled. The data in them is at most this many packets.
  static constexpr std::size_t max_queued_events = 1024;
  /// Packets that nobody polled: far more than a handshake or an SCTP burst.
  static constexpr std::size_t max_queued_packets = 1024;

  /// A client queues its first flight at once.
  Connection(TimePoint now, Role role, const Certificate& certificate, ConnectionConfig config = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// All `a=fingerprint` values that signalling gave for the peer. If there are several
  /// hashes, only those of the strongest count (RFC 8122 5.1). Call once; an empty list,
  /// which no certificate matches, fails the connection as soon as there is one.
  void set_remote_fingerprints(TimePoint now, std::vector<Fingerprint> fingerprints);

  /// The peer has our description: see ConnectionConfig::awaits_peer. Calls after the first change nothing.
  void peer_is_ready(TimePoint now);

  /// One UDP payload with one or more records.
  void handle_packet(TimePoint now, Bytes packet);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();

  /// Sends one record. Errors: not_connected, and petrel::Errc::too_long over
  /// max_payload(), limit_reached while max_queued_packets wait to be polled.
  Result<void> send(TimePoint now, Bytes application_data);
  /// Says close_notify, if there is somebody to say it to. No event follows.
  void close(TimePoint now);

  Role role() const { return role_; }
  bool connected() const { return state_ == State::connected; }
  /// The most application data that one record and one packet can carry; 0 before the handshake is done.
  std::size_t max_payload() const;
  /// SHA-256 of the peer's certificate, as soon as there is one. Not verified unless connected().
  const std::optional<Fingerprint>& remote_fingerprint() const { return remote_fingerprint_; }
  /// The cipher suite's name in OpenSSL's spelling; empty before the handshake is done.
  std::string_view cipher() const;
  ConnectionStats stats() const;

 private:
  friend struct ConnectionAccess;  // The callbacks that OpenSSL makes, in src/dtls.

  enum class State : std::uint8_t { handshaking, verifying, connected, closed };

  struct FreeSsl {
    void operator()(ssl_st* ssl) const noexcept;
  };

  struct Unverified;

  bool configure(ssl_st& ssl);
  void observe(TimePoint now) { now_ = now > now_ ? now : now_; }
  std::size_t packet_size() const;
  void advance();
  void pack(std::size_t first);
  void read_records();
  void finish_handshake();
  void verify_peer();
  void handle_records(Bytes packet);
  void handle_alert(Bytes alert);
  void say_goodbye();
  std::optional<SrtpKeys> export_keys() const;
  void keep_last_flight(std::size_t queued_before);
  void schedule_copies();
  void send_copy();
  void send_last_flight();
  bool matches(const x509_st& certificate) const;
  void deliver(Result<PacketBuffer> payload);
  void handle_error(int result);
  void fail(std::error_code error);
  void end();
  void update_timer();

  Role role_;
  State state_ = State::handshaking;
  bool awaits_peer_ = false;
  ConnectionConfig config_;
  TimePoint now_;
  std::optional<TimePoint> handshake_deadline_;
  std::optional<TimePoint> retransmit_at_;

  std::optional<std::vector<Fingerprint>> expected_;
  std::optional<Fingerprint> remote_fingerprint_;
  bool rejected_ = false;  // During the handshake already, so that the peer gets an alert.

  PacketPort port_;
  std::unique_ptr<Unverified> unverified_;           // From the end of the handshake until the peer is known.
  std::vector<std::vector<std::byte>> last_flight_;  // A server's, until the client shows that it has it.
  std::size_t copies_sent_ = 0;
  std::optional<TimePoint> copy_at_;
  // In this order: events with room for keys in each would be 5 KiB.
  std::unique_ptr<Connected> connected_;
  RingQueue<PacketBuffer> data_;
  std::optional<std::variant<PeerClosed, Failed>> end_;
  ConnectionStats stats_;
  std::string_view cipher_;  // OpenSSL's, which is static.

  std::unique_ptr<RecordLayer> records_;  // After the handshake.
  std::unique_ptr<ssl_st, FreeSsl>
      ssl_;  // Until then. Last: goes first, while what its callbacks use is still there.
};

}  // namespace petrel::inline v0::dtls
