#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "ice/foundation.hpp"
#include "ice/pair.hpp"
#include "ice/shared.hpp"
#include "petrel/stun/binding_client.hpp"

namespace petrel::inline v0::ice {

/// Asked per address family and socket; more servers only make gathering longer (RFC 8445 14.2).
constexpr std::size_t max_stun_servers = 4;

/// Finds local candidates: binds a socket per address, and asks the STUN servers what
/// each of them looks like from outside (RFC 8445 5.1.1). Candidates are the same for
/// all streams of the agent.
class Gatherer {
 public:
  explicit Gatherer(Shared& shared) : shared_(shared) {}

  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);
  void gather(TimePoint now);
  void handle_flow(FlowId flow, const FlowChange& change);
  void handle_resolved(std::uint32_t id, std::span<const IpAddress> addresses);
  /// False: not from a server that is being asked.
  bool handle_response(TimePoint now, const Datagram& datagram);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  bool has_question() const { return !questions_.empty(); }
  /// Asks one server from one socket; the agent paces it among the checks.
  void start_question(TimePoint now);

  /// Every candidate so far, and those that poll_candidate() has not given out yet.
  std::span<const LocalCandidate> candidates() const { return candidates_; }
  const LocalCandidate* poll_candidate();
  /// True once per round, when it is over and all its candidates are given out.
  bool poll_done();

  /// Whether the flow is a socket of ours that is open.
  bool has_open(FlowId flow) const;

  /// Closes all sockets.
  void close();

 private:
  enum class SocketState : std::uint8_t { binding, open, failed };
  struct Socket {
    FlowId flow;
    Endpoint local;
    std::uint16_t preference = 0;
    SocketState state = SocketState::binding;
  };
  struct Server {
    StunServer name;
    std::optional<std::uint32_t> resolving;
    std::vector<Endpoint> endpoints;  ///< At most one of each family.
  };
  struct Question {
    FlowId flow;
    Endpoint server;
  };
  struct Asking {
    Question question;
    stun::BindingClient client;
  };

  void bind_sockets();
  void find_servers();
  void ask(const Endpoint& server);
  void ask_from(const Socket& socket, const Endpoint& server);
  void handle_mapped(const Question& question, const Endpoint& mapped);
  void collect();
  void finish_if_done();
  bool is_waiting_for_sockets() const;
  void stop_asking();
  Socket* find(FlowId flow);

  Shared& shared_;
  Foundations foundations_;
  std::optional<std::vector<LocalAddress>> interfaces_;
  std::vector<Socket> sockets_;
  std::vector<Server> servers_;
  std::vector<Question> questions_;
  std::list<Asking> asking_;  ///< Clients cannot be moved about.
  std::vector<LocalCandidate> candidates_;
  std::size_t polled_ = 0;
  std::uint32_t last_flow_ = 0;
  std::uint32_t last_resolve_ = 0;
  bool wanted_ = false;  ///< gather() came, the interfaces have not.
  bool running_ = false;
  bool done_ = false;  ///< Over, and nobody has been told.
  std::optional<TimePoint> limit_;
};

}  // namespace petrel::inline v0::ice
