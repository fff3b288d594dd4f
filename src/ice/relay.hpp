#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ice/shared.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/turn/client.hpp"

namespace petrel::inline v0::ice {

/// Allocations that an agent has or asks for at one time: servers times addresses, as many as a host
/// with several interfaces needs.
constexpr std::size_t max_relays = 64;
/// A chain of alternate servers (RFC 8489 10) that is longer leads in circles.
constexpr int max_redirections = 4;
/// Packets that came by relays and that nobody has polled; a batch of the driver and some.
constexpr std::size_t max_relayed_packets = 256;

bool is_stream(TransportProtocol protocol);

/// One TURN server as seen from one local address.
struct RelayRoute {
  TurnServer server;
  Endpoint endpoint;  ///< The server's, or that of the HTTP proxy on the way to it.
  FlowId base;        ///< Our UDP socket, which UDP and DTLS use too.
  Endpoint local;     ///< Its address.
  /// Then UDP and DTLS have a socket of their own: what comes from a TURN server, ChannelData above all,
  /// does not say which of its clients it is for, but by the port that it comes to.
  bool base_is_shared = false;
  std::uint16_t preference = 0;
  std::size_t report = 0;  ///< The place of its ServerReport.
  int redirections = 0;
  std::string target{};  ///< What the proxy is asked for: "host:port".
};

/// A relayed address, which is a socket to ICE from here on.
struct RelayOpened {
  RelayRoute route;
  FlowId flow;
  Endpoint relayed;
  Endpoint mapped;  ///< How the server sees our end of the way to it.
};
struct RelayClosed {
  FlowId flow;
  std::size_t report = 0;
};
/// Nothing came of it.
struct RelayFailed {
  std::size_t report = 0;
};
using RelayNews = std::variant<RelayOpened, RelayClosed, RelayFailed>;

/// The relays of one agent: asks TURN servers for allocations, and makes a socket of each
/// relayed address, whose flow other parts of the agent send to and hear from as if it were bound.
class Relays {
 public:
  explicit Relays(Shared& shared) : shared_(shared) {}

  void add(RelayRoute route);
  bool has_question() const { return !queued_.empty(); }
  void start_question();
  /// An allocation may still come of what runs or waits.
  bool is_busy() const;
  /// Ends what has not come to an allocation.
  void give_up();

  /// True: it came from a TURN server of ours, and is dealt with.
  bool handle_datagram(const Datagram& datagram);
  void handle_flow(FlowId flow, const FlowChange& change);
  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;

  bool owns(FlowId flow) const { return find(flow) != nullptr; }
  /// Owns it, or did until lately: whoever has not heard of its end yet may still want to send by it.
  bool knows(FlowId flow) const { return owns(flow) || std::ranges::find(ended_, flow) != ended_.end(); }
  bool send(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp);
  std::optional<RelayedPacket> poll_received();
  std::optional<RelayNews> poll_news();

  /// Nothing comes by this relay any more: does its server still have it? If not, it will be closed.
  void verify(FlowId flow);
  /// The same for all.
  void verify();

  /// New credentials for the relays of this server (RFC 7065 URI).
  void set_credentials(const TurnServer& server);

  void close();

 private:
  struct Address {
    FlowId flow;
    Endpoint relayed;
  };
  struct Relay {
    RelayRoute route;
    FlowId flow;  ///< To the server.
    bool is_stream = false;
    bool owns_flow = false;                ///< A stream, or a socket beside the base.
    std::unique_ptr<turn::Client> client;  ///< None until the flow that it owns is open.
    std::vector<Address> addresses;
    bool over = false;
  };

  Relay* find(FlowId virtual_flow) const;
  void start(RelayRoute route);
  void make_client(Relay& relay);
  void collect(Relay& relay, std::uint8_t dscp = 0);
  void redirect(Relay& relay, const turn::Redirected& redirected);
  void end(Relay& relay);
  void fail(const Relay& relay, std::error_code error, std::string text);
  void sweep();
  void verify(Relay& relay);

  Shared& shared_;
  std::list<RelayRoute> queued_;
  std::vector<std::unique_ptr<Relay>> relays_;
  RingQueue<RelayedPacket> received_;
  std::list<RelayNews> news_;
  std::vector<FlowId> ended_;  ///< Addresses of relays that are gone, the newest max_relays of them.
};

}  // namespace petrel::inline v0::ice
