#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/strong.hpp"
#include "petrel/turn/client.hpp"

namespace petrel::inline v0::turn {

/// One connection with a peer by a TCP allocation. Numbered by it, and never used again.
using PeerStreamId = Strong<std::uint32_t, struct PeerStreamIdTag>;

/// Bytes can be written and read. `incoming`: the peer has connected to the relayed address.
struct StreamOpened {
  PeerStreamId id;
  Endpoint peer;
  bool incoming = false;
};
/// read() has something, after it had nothing.
struct StreamReadable {
  PeerStreamId id;
};
/// write() takes something again, after it took less than it was given.
struct StreamWritable {
  PeerStreamId id;
};
/// The peer, or the server, has ended it in order: what came is complete, and read() has the rest of it.
/// Nothing can be written any more. It wants close().
struct StreamClosed {
  PeerStreamId id;
};
/// It could not be opened, or broke; what read() still has may be less than the peer sent. It wants close().
struct StreamFailed {
  PeerStreamId id;
  std::error_code error;  ///< Errc::connection_failed, permission_refused, connection_exists, timed_out …
  int code = 0;           ///< The server's ERROR-CODE, or 0.
  std::string detail;     ///< For people.
};
using TcpEvent = std::variant<Allocated, StreamOpened, StreamReadable, StreamWritable, StreamClosed,
                              StreamFailed, PermissionRefused, Redirected, Lost>;

struct PeerStream;
class StandingPermissions;

/// One TCP allocation on one TURN server, RFC 6062: connections with peers that see the server's address.
///
/// A FlowCore. The control connection, over TCP or TLS, carries the requests; every connection with a peer
/// has a data connection of its own to the same server, over the same transport, which carries nothing but
/// the peer's bytes once a ConnectionBind has named it. All are asked for by poll_request(), with flow ids
/// that count up from `config.flow`. Where the configuration names an HTTP proxy they all go by it.
///
/// Of ClientConfig `both_families`, `use_channels`, `mtu_bytes` and `schedule` do not count, and `protocol`
/// is tcp or tls. Authentication, refreshes, redirection and the end are as of Client.
///
/// RFC 6062 knows no half-closed connection: the end of one direction ends both, when what had come before
/// has been delivered. ICE makes no candidates of such an allocation, here as everywhere: what it is good
/// for is protocols over TCP with peers that are not reached otherwise.
class PETREL_API TcpAllocation {
 public:
  using Event = TcpEvent;

  /// Streams at once, those that want close() included.
  static constexpr std::size_t max_streams = 64;
  static constexpr std::size_t max_permissions = 64;
  /// Bytes of one stream that nobody has read; above it the stream is paused, so that TCP slows the peer
  /// down.
  static constexpr std::size_t max_unread_bytes = 256 * 1024;
  /// Bytes of one stream that nobody has polled: write() takes no more.
  static constexpr std::size_t max_unsent_bytes = 256 * 1024;
  /// How long a data connection may take to be bound. The server waits so long (RFC 6062 5.2, 5.3).
  static constexpr Duration bind_limit = std::chrono::seconds(30);

  /// petrel::Errc::invalid_argument unless `protocol` is tcp or tls. `random` must outlive it.
  static Result<TcpAllocation> create(TimePoint now, ClientConfig config, RandomSource& random);
  TcpAllocation(TcpAllocation&&) noexcept;
  TcpAllocation& operator=(TcpAllocation&&) = delete;
  ~TcpAllocation();

  /// False: of a flow that is not ours.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  /// Lets this peer's connections in, which then open by themselves. Refreshed until forbid(), or
  /// PermissionRefused. Before the allocation stands it is remembered. Errors: petrel::Errc::closed,
  /// limit_reached.
  Result<void> permit(TimePoint now, const IpAddress& peer);
  /// Permits no more. The server forgets its permission within five minutes; till then what comes is ignored.
  void forbid(const IpAddress& peer);

  /// Has the server connect to the peer: StreamOpened or StreamFailed follows. Errors: petrel::Errc::closed,
  /// wrong_state (not allocated yet), limit_reached, invalid_argument (port 0), Errc::family_mismatch.
  Result<PeerStreamId> connect(TimePoint now, const Endpoint& peer);

  /// Takes bytes for the peer, and says how many: StreamWritable follows where it is not all. Errors:
  /// petrel::Errc::closed, wrong_state (not open yet).
  Result<std::size_t> write(TimePoint now, PeerStreamId stream, Bytes bytes);
  /// The next bytes of the peer; nullopt: there are none now.
  std::optional<PacketBuffer> read(PeerStreamId stream);
  /// Ends the stream and forgets it. What was written still leaves, if poll_transmit() is asked once more.
  void close(TimePoint now, PeerStreamId stream);

  void set_credentials(TimePoint now, Credentials credentials);
  /// Gives the allocation back, without waiting for an answer, and ends. No event follows.
  void close(TimePoint now);

  Stage stage() const { return stage_; }
  const ClientConfig& config() const;
  /// Where peers connect to; nullopt unless allocated.
  std::optional<Endpoint> relayed() const { return relayed_; }
  std::size_t streams() const { return streams_.size(); }
  const ClientStats& stats() const;
  const ClientReport& report() const;

 private:
  TcpAllocation(TimePoint now, ClientConfig config, RandomSource& random);
  bool live() const { return stage_ < Stage::lost; }
  void enter(Stage stage);
  void settle();
  void lose(std::error_code error, int code = 0, std::string_view link_detail = {});
  void end(Stage stage);
  void start(const Request& request);

  void handle_control_flow(const FlowChange& change);
  void handle_message(Bytes message);
  void handle_attempt(Bytes message);
  void handle_answer(const Answer& answer);
  void handle_allocate_answer(const Answer& answer);
  void handle_redirect(const Answer& answer);
  void handle_connect_answer(const Answer& answer);
  void schedule_refresh(Duration lifetime);

  // tcp_allocation_streams.cpp
  PeerStream* find(PeerStreamId id);
  PeerStream* find(FlowId flow);
  PeerStream& add(const Endpoint& peer, bool incoming);
  void open_flow(PeerStream& stream, std::uint32_t connection_id);
  void handle_stream_flow(PeerStream& stream, const FlowChange& change);
  void handle_stream_bytes(PeerStream& stream, Bytes bytes);
  void handle_stream_timeout(PeerStream& stream);
  void run_stream(PeerStream& stream);
  void bind(PeerStream& stream);
  void handle_bind_answer(PeerStream& stream, const Answer& answer);
  void take_in(PeerStream& stream);
  void end_in_order(PeerStream& stream);
  void fail(PeerStream& stream, std::error_code error, int code, std::string detail);
  void forget_dropped();
  void let_go(PeerStream& stream);
  std::optional<TimePoint> stream_timeout() const;

  TimePoint now_;
  TimePoint started_;
  Stage stage_ = Stage::handshake;
  std::optional<Endpoint> relayed_;
  Duration lifetime_{};
  std::optional<TimePoint> refresh_at_;
  std::uint32_t next_flow_;
  std::uint32_t next_stream_ = 1;
  std::unique_ptr<ClientState> state_;
  std::unique_ptr<Authentication> authentication_;
  std::unique_ptr<ServerLink> link_;  // None before the connection stands.
  std::unique_ptr<Requests> requests_;
  std::unique_ptr<StandingPermissions> permissions_;
  std::vector<std::unique_ptr<PeerStream>> streams_;
  std::deque<IoRequest> asked_for_;
  std::deque<Transmit> farewells_;  // Of streams that are forgotten.
  std::deque<Event> events_;
};

}  // namespace petrel::inline v0::turn
