#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kvs_service/channels.hpp"
#include "kvs_service/faults.hpp"
#include "kvs_service/signature_check.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/http/server_connection.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/web/websocket.hpp"

namespace kvs_service {

struct ServiceConfig {
  petrel::Endpoint listen{};
  /// How clients get here, "127.0.0.1:8080": what the endpoints that are given out name.
  std::string authority{};
  std::string region = "us-west-2";
  Accounts accounts{};
  /// TURN servers to give out, with credentials that end in time (turn_server::ServerConfig::auth_secret).
  std::vector<std::string> turn_urls{};
  std::string turn_secret{};
  /// What GET requests are answered with, by path: the viewer's page and its script.
  std::map<std::string, petrel::http::Response> pages{};
};

/// Something happened, for the log: one line.
struct Said {
  std::string text;
};
struct Listening {
  petrel::Endpoint local;
};
struct ListenFailed {
  std::error_code error;
};

/// A stand-in for AWS Kinesis Video Streams' signaling: the REST calls and the WebSocket by role, signatures
/// checked, and things that go wrong on demand. A FlowCore, so that it runs in virtual time too. Speaks plain
/// HTTP.
class Service {
 public:
  using Event = std::variant<Said, Listening, ListenFailed>;

  /// Clients at once.
  static constexpr std::size_t max_connections = 256;
  static constexpr std::size_t max_message_bytes = 256 * 1024;

  /// `random` outlives this.
  Service(petrel::TimePoint now, ServiceConfig config, std::int64_t unix_time, petrel::RandomSource& random);
  ~Service();

  Faults& faults() { return faults_; }
  Channels& channels() { return channels_; }
  std::map<std::string, petrel::http::Response>& pages() { return config_.pages; }
  void set_authority(std::string authority) { config_.authority = std::move(authority); }

  /// To everybody on a WebSocket.
  void broadcast(petrel::TimePoint now, std::string_view text);
  /// With a close frame, or with code 0 just so.
  void close_sockets(petrel::TimePoint now, std::uint16_t code);
  std::size_t sockets() const;
  /// REST calls answered, by name.
  const std::map<std::string, std::size_t, std::less<>>& calls() const { return calls_; }

  bool handle_datagram(petrel::TimePoint now, const petrel::Datagram& datagram);
  void handle_flow(petrel::TimePoint now, petrel::FlowId flow, const petrel::FlowChange& change);
  void handle_timeout(petrel::TimePoint now);
  std::optional<petrel::TimePoint> next_timeout() const;
  std::optional<petrel::Transmit> poll_transmit() { return transmits_.take(); }
  std::optional<petrel::IoRequest> poll_request();
  std::optional<Event> poll_event() { return events_.take(); }

 private:
  struct Connection;

  void settle(petrel::TimePoint now, petrel::FlowId flow);
  void send(petrel::FlowId flow, std::string_view bytes);
  void drop(petrel::FlowId flow);
  petrel::http::Response answer(petrel::TimePoint now, petrel::FlowId flow,
                                const petrel::http::Request& request);
  petrel::http::Response call(const std::string& name, const std::string& body);
  petrel::http::Response control(petrel::TimePoint now, const std::string& name, const std::string& body);
  petrel::http::Response viewer_settings(const petrel::http::Request& request);
  petrel::http::Response connect(petrel::TimePoint now, petrel::FlowId flow,
                                 const petrel::http::Request& request);
  petrel::http::Response finished(petrel::http::Response response) const;
  std::optional<petrel::http::Response> fault_of(std::string_view name);
  std::string ice_servers();
  void deliver(petrel::TimePoint now, const std::vector<Delivery>& deliveries);
  void send_text(petrel::TimePoint now, petrel::FlowId flow, const std::string& text);
  std::int64_t time(petrel::TimePoint now) const;
  void say(std::string text);

  ServiceConfig config_;
  petrel::RandomSource& random_;
  petrel::TimePoint time_at_;
  std::int64_t unix_time_;
  std::int64_t now_unix_ = 0;
  Faults faults_;
  Channels channels_;
  std::map<petrel::FlowId, std::unique_ptr<Connection>> connections_;
  std::map<std::string, std::size_t, std::less<>> calls_;
  std::vector<Delivery> pending_;  // For a master whose WebSocket is just opening.
  petrel::RingQueue<petrel::Transmit> transmits_;
  petrel::RingQueue<petrel::IoRequest> requests_;
  petrel::RingQueue<Event> events_;
};

}  // namespace kvs_service
