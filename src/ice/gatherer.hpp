#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ice/foundation.hpp"
#include "ice/pair.hpp"
#include "ice/relay.hpp"
#include "ice/shared.hpp"
#include "petrel/stun/binding_client.hpp"

namespace petrel::inline v0::ice {

/// Asked per address family and socket; more servers only make gathering longer (RFC 8445 14.2).
constexpr std::size_t max_stun_servers = 4;
/// A service that gives credentials names two hosts by UDP, TCP and TLS.
constexpr std::size_t max_turn_servers = 8;

/// Finds local candidates: binds a socket per address, asks the STUN servers what each of them
/// looks like from outside, and the TURN servers for relayed ones (RFC 8445 5.1.1). Candidates
/// are the same for all streams of the agent.
class Gatherer {
 public:
  explicit Gatherer(Shared& shared) : shared_(shared), relays_(shared) { shared.relays = &relays_; }
  Gatherer(const Gatherer&) = delete;
  Gatherer& operator=(const Gatherer&) = delete;
  ~Gatherer() { shared_.relays = nullptr; }

  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);
  void gather(TimePoint now);
  void handle_flow(FlowId flow, const FlowChange& change);
  void handle_resolved(std::uint32_t id, std::span<const IpAddress> addresses);
  /// False: not from a server that is being asked.
  bool handle_response(TimePoint now, const Datagram& datagram);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  bool has_question() const { return !questions_.empty() || relays_.has_question(); }
  /// Asks one server from one socket; the agent paces it among the checks.
  void start_question(TimePoint now);

  /// Every candidate so far, and those that poll_candidate() has not given out yet.
  std::span<const LocalCandidate> candidates() const { return candidates_; }
  const LocalCandidate* poll_candidate();
  /// True once per round, when it is over and all its candidates are given out.
  bool poll_done();

  /// Whether the flow is a socket of ours that candidates stand on: bound, or relayed.
  bool has_open(FlowId flow) const;

  /// True: it came from a TURN server, and is dealt with.
  bool handle_relayed(const Datagram& datagram);
  std::optional<RelayedPacket> poll_relayed() { return relays_.poll_received(); }
  /// A stream is connected: relays on demand are not demanded.
  void forgo_relays();
  void set_turn_credentials(const TurnServer& server);

  /// Closes all sockets.
  void close();

 private:
  enum class SocketState : std::uint8_t { binding, open, failed };
  struct Socket {
    FlowId flow;
    Endpoint local;
    std::uint16_t preference = 0;
    unsigned ports_tried = 0;  ///< Of a range.
    SocketState state = SocketState::binding;
    bool shared = false;  ///< With other users of the network.
  };
  struct Server {
    std::string url;
    std::string host;
    std::uint16_t port = 0;
    std::optional<TurnServer> turn{};
    std::optional<std::uint32_t> resolving{};
    std::vector<Endpoint> endpoints{};  ///< At most one of each family.
    std::size_t report = 0;             ///< Of the name, until it is resolved.
  };
  struct Question {
    FlowId flow;
    Endpoint server;
    std::size_t report = 0;
  };
  struct Asking {
    Question question;
    stun::BindingClient client;
  };

  bool relay_only() const { return shared_.config.policy == TransportPolicy::relay; }
  void bind_sockets();
  void bind(Socket& socket);
  std::vector<LocalAddress> chosen_interfaces() const;
  void close_missing_sockets(const std::vector<IpAddress>& addresses);
  void name_servers();
  void find_servers();
  void ask(const Server& server, const Endpoint& endpoint);
  void ask_from(const Socket& socket, const Server& server, const Endpoint& endpoint);
  void ask_relays();
  std::size_t report_on(const Socket& socket, const Server& server, const Endpoint& endpoint);
  void decide(std::size_t report, ServerOutcome outcome, std::string_view text = {});
  void give_up(std::size_t report, std::string_view text);
  void handle_mapped(FlowId flow, const Endpoint& server, const Endpoint& mapped);
  void handle_news(const RelayNews& news);
  void handle_relay(const RelayOpened& opened);
  void fail_candidates(FlowId flow);
  void collect();
  void finish_if_done();
  bool is_waiting_for_sockets() const;
  void stop_asking();
  Socket* find(FlowId flow);

  Shared& shared_;
  Foundations foundations_;
  std::optional<std::vector<LocalAddress>> interfaces_;
  std::vector<Socket> sockets_;
  Relays relays_;
  std::vector<Server> servers_;
  std::vector<Question> questions_;
  std::list<Asking> asking_;  ///< Clients cannot be moved about.
  std::vector<LocalCandidate> candidates_;
  std::size_t polled_ = 0;
  std::uint32_t last_resolve_ = 0;
  bool wanted_ = false;    ///< gather() came, the interfaces have not.
  bool gathered_ = false;  ///< At least one round has begun: changes of the interfaces begin another.
  bool running_ = false;
  bool done_ = false;  ///< Over, and nobody has been told.
  std::optional<TimePoint> limit_;
  std::optional<TimePoint> relays_due_;  ///< Relays on demand wait until then.
  bool relays_forgone_ = false;
};

}  // namespace petrel::inline v0::ice
