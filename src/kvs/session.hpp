#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kvs/api_call.hpp"
#include "kvs/backoff.hpp"
#include "kvs/outbox.hpp"
#include "kvs/peers.hpp"
#include "kvs/wall_clock.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"
#include "petrel/kvs/config.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/events.hpp"

namespace petrel::inline v0::kvs {

/// A REST call to be made; its answer comes to handle_response() or handle_call_failed().
struct SendCall {
  std::uint32_t id = 0;
  http::Url url{};
  http::Request request{};
  Duration limit{};
};
/// A WebSocket to be opened; what becomes of it comes to handle_socket_*().
struct OpenSocket {
  std::uint32_t id = 0;
  http::Url url{};
  Duration limit{};
};
struct SendText {
  std::uint32_t id = 0;
  std::string text{};
};
struct SendPing {
  std::uint32_t id = 0;
};
/// Texts may still come from it until it is closed.
struct CloseSocket {
  std::uint32_t id = 0;
};
/// Answer by handle_credentials() or handle_no_credentials().
struct WantCredentials {
  bool refused = false;  ///< The last ones were.
};
using Action = std::variant<SendCall, OpenSocket, SendText, SendPing, CloseSocket, WantCredentials>;

/// What a master or a viewer says to the service, and when: without a socket, in terms of calls and texts.
///
/// It brings the connection up (describe, create, endpoint, TURN servers and WebSocket), keeps it (pings,
/// another before the hour, GO_AWAY, fresh URLs and credentials) and passes messages (order, rates,
/// failures).
class Session {
 public:
  /// `config` has passed check(). `random` outlives this.
  Session(TimePoint now, SessionConfig config, std::int64_t unix_time, RandomSource& random);

  void set_unix_time(TimePoint now, std::int64_t unix_time);
  void handle_credentials(TimePoint now, Credentials credentials);
  /// `transient`: asking again later may help.
  void handle_no_credentials(TimePoint now, std::error_code error, std::string detail, bool transient);
  void handle_response(TimePoint now, std::uint32_t id, const http::Response& response);
  void handle_call_failed(TimePoint now, std::uint32_t id, std::error_code error, std::string detail);
  void handle_socket_opened(TimePoint now, std::uint32_t id);
  void handle_socket_refused(TimePoint now, std::uint32_t id, const http::Response& response);
  /// It is over, in whatever way.
  void handle_socket_closed(TimePoint now, std::uint32_t id, std::error_code error, std::string detail);
  void handle_text(TimePoint now, std::uint32_t id, std::string_view text);
  void handle_pong(TimePoint now, std::uint32_t id);
  /// The way to the network has changed: the socket may hang on one that is gone.
  void handle_network_change(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Action> poll_action() { return actions_.take(); }
  std::optional<Event> poll_event() { return events_.take(); }

  Result<void> send_description(TimePoint now, const std::string& peer,
                                const DescriptionMessage& description);
  Result<void> send_candidate(TimePoint now, const std::string& peer, const CandidateMessage& candidate);
  void forget_peer(const std::string& peer);
  void close(TimePoint now);

  const std::vector<IceServerEntry>& ice_servers() const { return ice_servers_; }
  const std::string& channel_arn() const { return arn_; }
  const std::string& client_id() const { return config_.client_id; }
  const std::string& region() const { return region_; }
  bool connected() const { return announced_ && active_.has_value(); }
  bool over() const { return over_; }
  bool is_master() const { return config_.role == Role::master; }
  SessionStats stats() const;

 private:
  /// What a call is for; there is one of each at most.
  enum class Purpose : std::uint8_t { bring_up, ice, storage };
  struct Call {
    Purpose purpose = Purpose::bring_up;
    ApiCall call;
    std::uint32_t id = 0;  ///< 0: not under way.
    std::optional<TimePoint> send_at{};
    bool awaits_credentials = false;
  };
  struct Socket {
    std::uint32_t id = 0;
    TimePoint opened_at{};
    TimePoint heard_at{};
    std::optional<TimePoint> pinged_at{};
    TimePoint replace_at{};
  };

  // session.cpp: what comes after what.
  void bring_up(TimePoint now);
  void retry_later(TimePoint now, std::error_code error, std::string detail, bool transient);
  void give_up(TimePoint now, std::error_code error, std::string detail);
  void trouble(TimePoint now, std::error_code error, std::string detail, bool transient);
  bool credentials_good(TimePoint now) const;
  void want_credentials(bool refused);
  void announce(TimePoint now);
  void emit(Event event);
  void log(TimePoint now, LogLevel level, std::string_view code, std::string_view detail) const;
  void settle(TimePoint now);

  // session_calls.cpp: the REST calls.
  void start_call(TimePoint now, Purpose purpose, ApiRequest request, const std::string& host);
  void send_call(TimePoint now, Call& call);
  Call* find_call(Purpose purpose);
  void drop_call(Purpose purpose);
  void judged(TimePoint now, std::uint32_t id, ApiCall::Verdict verdict);
  void call_done(TimePoint now, Purpose purpose, Api api, const std::string& body);
  void call_failed(TimePoint now, Purpose purpose, const ApiCall& call);
  void bring_up_answered(TimePoint now, Api api, const std::string& body);
  void bring_up_failed(TimePoint now, const ApiCall& call);
  void request_ice(TimePoint now, bool restart);
  void ice_settled(TimePoint now);
  void join_storage_session(TimePoint now);
  std::string detail_of(TimePoint now, const ApiCall& call) const;

  // session_socket.cpp: WebSocket and messages.
  void connect(TimePoint now);
  void watch_socket(TimePoint now);
  void lost(TimePoint now, std::error_code error, std::string detail);
  void read(TimePoint now, std::string_view text, bool is_active);
  void handle_description(TimePoint now, const std::string& sender, DescriptionMessage description);
  void handle_status(TimePoint now, const StatusResponse& status);
  void replace_socket(TimePoint now, bool fresh_endpoints);
  void flush_outbox(TimePoint now);
  std::string_view connect_action() const;

  SessionConfig config_;
  std::string region_;
  RandomSource& random_;
  WallClock clock_;
  TimePoint now_;

  std::optional<Credentials> credentials_;
  bool wanted_ = false;   ///< WantCredentials is out.
  bool refused_ = false;  ///< The service does not take credentials_.
  std::string arn_;
  bool described_ = false;  ///< The channel is known to be there.
  unsigned polls_ = 0;      ///< Of a channel that is being created.
  unsigned detours_ = 0;    ///< Of this bring-up.
  ChannelEndpoints endpoints_;

  std::vector<Call> calls_;
  std::uint32_t last_id_ = 0;
  bool bringing_up_ = false;
  std::optional<TimePoint> bring_up_at_;
  Backoff backoff_;
  bool was_connected_ = false;  ///< Ever.
  bool announced_ = false;      ///< The last of Connected and Interrupted was the first.
  bool over_ = false;

  std::optional<Socket> active_;
  std::optional<Socket> opening_;
  std::vector<std::uint32_t> draining_;
  unsigned refusals_ = 0;           ///< Of the WebSocket, in a row.
  bool connect_renewed_ = false;    ///< Credentials were renewed for it,
  bool connect_corrected_ = false;  ///< or the clock was.

  std::vector<IceServerEntry> ice_servers_;
  bool ice_settled_ = false;  ///< Asked for once, with an answer or without.
  bool ice_restart_ = false;  ///< The answer is to be used by calls under way.
  bool ice_warned_ = false;
  std::optional<TimePoint> ice_refresh_at_;
  Backoff ice_backoff_;

  bool storage_offered_ = false;
  unsigned storage_joins_ = 0;
  std::optional<TimePoint> storage_join_at_;

  Peers peers_;
  Outbox outbox_;
  std::uint64_t last_correlation_ = 0;
  std::vector<std::string> held_;  ///< Texts that came before the TURN servers.
  RingQueue<Action> actions_;
  RingQueue<Event> events_;
  SessionStats stats_;
};

}  // namespace petrel::inline v0::kvs
