#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"
#include "turn_server/answers.hpp"
#include "turn_server/authenticator.hpp"
#include "turn_server/channels.hpp"
#include "turn_server/clients.hpp"
#include "turn_server/peer_connections.hpp"
#include "turn_server/permissions.hpp"
#include "turn_server/quota.hpp"
#include "turn_server/relay_ports.hpp"

namespace petrel::inline v0::turn_server {

/// The allocations, and what their clients do with them: RFC 8656 from 7 to 12, RFC 6062 5.
///
/// Everything that comes in here has been authenticated, or belongs to a client that was.
class Relay {
 public:
  /// How long a reserved port waits for its RESERVATION-TOKEN, RFC 8656 7.2: at least 30 s.
  static constexpr Duration reservation_lifetime = std::chrono::seconds(30);
  /// Ports that are tried for one relayed address; others on this host may hold some.
  static constexpr unsigned max_bind_attempts = 8;

  Relay(Shared& shared, Clients& clients);

  bool owns(FlowId flow) const {
    return flows_.contains(flow) || reservations_.contains(flow) || connections_.owns(flow);
  }
  /// Whom the client's allocation belongs to; nullptr: it has none.
  const Account* owner_of(const ClientId& client) const;
  /// Whom the connection with a peer belongs to that waits for a ConnectionBind.
  const Account* owner_of_connection(std::uint32_t id) const;
  PeerConnections& connections() { return connections_; }
  const PeerConnections& connections() const { return connections_; }
  std::size_t allocations() const { return allocations_.size(); }

  /// Allocate, Refresh, CreatePermission, ChannelBind, Connect or ConnectionBind.
  void handle_request(const Asked& asked, const Account& account, const stun::MessageView& request);
  void handle_send_indication(const ClientId& client, const stun::MessageView& indication);
  void handle_channel_data(const ClientId& client, const turn::ChannelDataView& message);
  /// A packet from a peer to a relayed address, or the next bytes of a peer's connection.
  void handle_packet(const Datagram& datagram);

  /// A peer has connected to a relayed address.
  void handle_accepted(FlowId flow, const FlowAccepted& accepted);
  /// Of a flow that we own.
  void handle_flow(FlowId flow, const FlowChange& change);
  /// The client's connection is gone, and its allocation with it.
  void forget(const ClientId& client);
  /// Ends them all.
  void close();

  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;

 private:
  struct Socket {
    FlowId flow;
    IpFamily family{};
    std::uint16_t port = 0;
    bool open = false;
    bool tcp = false;
  };
  struct Family {
    RelayAddress address;
    RelayPorts ports;

    const IpAddress& advertised() const { return address.advertised ? *address.advertised : address.local; }
  };
  /// What an Allocate request asks for.
  struct Wish {
    std::vector<IpFamily> families;
    RelayPorts::Kind kind = RelayPorts::Kind::any;
    std::optional<stun::ReservationToken> token;
    bool tcp = false;
  };
  struct FamilyError {
    IpFamily family{};
    int code = 0;
  };
  /// An Allocate request that waits for its sockets.
  struct Opening {
    Asked asked;
    Wish wish;
    Duration lifetime;
    unsigned attempts = 0;
    std::vector<FamilyError> failed;
    std::optional<Socket> reserved;
  };
  struct Allocation {
    ClientId client;
    Account account;
    std::vector<Socket> sockets;  ///< One or two, of different families.
    Permissions permissions;
    Channels channels;
    std::optional<Opening> opening;
    stun::TransactionId id{};       ///< Of the Allocate request,
    std::vector<std::byte> answer;  ///< and what it was answered, for when it comes again.
    bool tcp = false;               ///< RFC 6062.
  };
  struct Reservation {
    stun::ReservationToken token{};
    Account account;
    Socket socket;
  };

  // relay.cpp
  Allocation* find(const ClientId& client) const;
  Family* family(IpFamily wanted);
  void remove(Allocation& allocation, std::string_view why);
  void remove_socket(Allocation& allocation, std::size_t index);
  void release(const Socket& socket, const Account& account);
  void answer(const Asked& asked, stun::Builder& builder, std::vector<std::byte>* copy = nullptr);
  void refuse(const Asked& asked, int code, const stun::AttributeTypeList& unknown = {});

  // relay_allocate.cpp
  void allocate(const Asked& asked, const Account& account, const stun::MessageView& request);
  std::variant<Wish, int> read_wish(const stun::MessageView& request, bool tcp);
  bool claim_reservation(Allocation& allocation, const Wish& wish);
  void open(Allocation& allocation, IpFamily wanted);
  Socket bind(Allocation& allocation, IpFamily wanted, std::uint16_t port);
  void handle_opened(Allocation& allocation, FlowId flow);
  void handle_bind_failed(Allocation& allocation, FlowId flow);
  void finish_if_open(Allocation& allocation);
  Duration lifetime(const stun::MessageView& request) const;

  // relay_requests.cpp
  void refresh(const Asked& asked, Allocation& allocation, const stun::MessageView& request);
  void create_permission(const Asked& asked, Allocation& allocation, const stun::MessageView& request);
  void bind_channel(const Asked& asked, Allocation& allocation, const stun::MessageView& request);
  int check_peer(const Allocation& allocation, const Endpoint& peer);

  // relay_connect.cpp
  void connect(const Asked& asked, Allocation& allocation, const stun::MessageView& request);
  void bind_connection(const Asked& asked, const Account& account, const stun::MessageView& request);
  bool may_have_connection(const Allocation& allocation) const;

  // relay_data.cpp
  void send_to_peer(const Allocation& allocation, const Endpoint& peer, Bytes payload);
  bool is_relay(const Endpoint& endpoint, bool tcp);
  Endpoint inside(const Endpoint& peer);
  Endpoint outside(const Endpoint& source);

  Shared& shared_;
  Clients& clients_;
  Answers answers_;
  PeerConnections connections_;
  PeerPolicy policy_;
  std::vector<Family> families_;
  Quota quota_;
  std::unordered_map<ClientId, std::unique_ptr<Allocation>> allocations_;
  std::unordered_map<FlowId, Allocation*> flows_;
  std::unordered_map<FlowId, Reservation> reservations_;
  std::set<std::pair<IpFamily, std::uint16_t>> tcp_ports_;  // Of the ports in use: where TCP is relayed.
  Deadlines<ClientId> deadlines_;
  Deadlines<FlowId> reservation_deadlines_;
};

}  // namespace petrel::inline v0::turn_server
