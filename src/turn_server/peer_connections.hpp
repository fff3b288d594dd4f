#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "petrel/base/packet_buffer.hpp"
#include "turn_server/answers.hpp"
#include "turn_server/client_id.hpp"
#include "turn_server/clients.hpp"
#include "turn_server/deadlines.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// The connections between peers and the relayed addresses of TCP allocations, and the connections of
/// clients that carry their bytes: RFC 6062 5.
///
/// Nothing is kept between the two but what a stream has not taken yet: where one side takes nothing, nothing
/// is read from the other. The end of either side ends both, once what came before it has left.
class PeerConnections {
 public:
  /// How long the server tries to reach a peer, and how long a peer's connection waits to be bound
  /// (RFC 6062 5.2, 5.3).
  static constexpr Duration connect_limit = std::chrono::seconds(30);
  static constexpr Duration bind_limit = std::chrono::seconds(30);
  /// How long the rest of a connection may take to leave, after its other side has ended.
  static constexpr Duration drain_limit = std::chrono::seconds(60);
  /// What may have been under way before reading stopped at a connection that is not bound.
  static constexpr std::size_t max_early_bytes = 128 * 1024;

  PeerConnections(Shared& shared, Clients& clients, Answers& answers)
      : shared_(shared), clients_(clients), answers_(answers) {}

  /// The flow of a connection with a peer.
  bool owns(FlowId flow) const { return connections_.contains(flow); }
  std::size_t size() const { return connections_.size(); }
  std::size_t count(const ClientId& client) const;
  bool has(const ClientId& client, const Endpoint& peer) const;
  /// Whose connection waits for a ConnectionBind of this id.
  std::optional<ClientId> awaits(std::uint32_t id) const;

  /// Answers the Connect request once it is known. `local` and `remote`: where the connection leads, where
  /// that is written otherwise than `peer`, as the client has it.
  void connect(const Asked& asked, const std::string& username, const Endpoint& peer, const Endpoint& local,
               const Endpoint& remote);
  /// A peer has come that has a permission.
  void accept(FlowId flow, const ClientId& client, const std::string& username, const Endpoint& peer);
  /// ConnectionBind.
  void bind(const Asked& asked, const std::string& username, const stun::MessageView& request);

  void handle_peer_bytes(FlowId flow, Bytes bytes);
  void handle_peer_flow(FlowId flow, const FlowChange& change);
  /// Takes what has come by a client's data connection.
  void handle_client_bytes(FlowId data);
  void handle_client_flow(FlowId data, const FlowChange& change);

  /// The allocation is gone.
  void forget(const ClientId& client);
  void handle_timeout();
  std::optional<TimePoint> next_timeout() const { return deadlines_.earliest(); }
  /// Reads go on that had stopped because too much waited to be polled.
  void handle_polled();

 private:
  enum class State : std::uint8_t { connecting, unbound, bound, draining };
  struct Connection {
    std::uint32_t id = 0;
    ClientId client;  ///< Of the allocation: its control connection.
    std::string username;
    Endpoint peer;
    State state{};
    std::optional<Asked> asked{};  ///< A Connect request that waits.
    std::optional<FlowId> data{};  ///< The client's data connection.
    std::deque<PacketBuffer> early{};
    std::size_t early_bytes = 0;
    bool peer_gone = false;  ///< The flow is.
    bool data_gone = false;
    bool peer_congested = false;
    bool data_congested = false;
    bool peer_paused = false;
    bool data_paused = false;
  };

  Connection* find(FlowId flow);
  Connection* find_by_data(FlowId data);
  Connection& add(FlowId flow, Connection connection);
  void await_bind(FlowId flow, Connection& connection);
  bool to_client(Connection& connection, PacketBuffer bytes);
  void to_peer(FlowId flow, PacketBuffer bytes);
  void balance(FlowId flow, Connection& connection);
  void drain(FlowId flow, Connection& connection);
  void remove(FlowId flow, std::string_view why);
  std::uint32_t new_id();

  Shared& shared_;
  Clients& clients_;
  Answers& answers_;
  std::unordered_map<FlowId, Connection> connections_;  // By the flow to the peer.
  std::unordered_map<std::uint32_t, FlowId> ids_;
  std::unordered_map<FlowId, FlowId> by_data_;
  Deadlines<FlowId> deadlines_;
  std::set<FlowId> stalled_;  // Not read, because too much waits to be polled.
};

}  // namespace petrel::inline v0::turn_server
