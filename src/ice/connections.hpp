#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ice/framing.hpp"
#include "ice/shared.hpp"

namespace petrel::inline v0::ice {

/// Connections of one agent that are open or being opened: two for each of 16 addresses.
constexpr std::size_t max_connections = 32;
/// Of these, accepted ones that have not shown that they are the peer's. A peer opens one for each
/// pair of addresses; what a flood of strangers costs is this many times one frame.
constexpr std::size_t max_unproven_connections = 8;
/// Packets that wait for their connection to be open: the checks of a few streams.
constexpr std::size_t max_waiting_frames = 8;
/// How long an accepted connection may take to show a check with our password: long enough for three
/// retransmissions of its first segment (RFC 6298: 1, 2 and 4 s).
constexpr Duration proving_time = std::chrono::seconds(8);
/// A connection that carries nothing for so long is not needed: a check waits 39.5 s for its answer,
/// and the pair in use is asked for consent every few seconds.
constexpr Duration idle_limit = std::chrono::seconds(45);

constexpr std::string_view tcp_active = "active";
constexpr std::string_view tcp_passive = "passive";
/// RFC 6544 4.5: what takes the port's place in an active candidate.
constexpr std::uint16_t active_port = 9;

/// A TCP candidate of ours, which is a socket to ICE from here on.
struct TcpSocketOpened {
  FlowId flow;
  Endpoint local;
  std::string_view tcp_type;
  std::uint16_t preference = 0;
};
/// Its address is gone, or it could not listen.
struct TcpSocketFailed {
  FlowId flow;
};
using TcpNews = std::variant<TcpSocketOpened, TcpSocketFailed>;

/// The TCP connections of one agent (RFC 6544), which are made to look like sockets to the checks:
/// a candidate has one flow, whatever it sends there to one endpoint goes over one connection, and
/// what comes over that is a datagram of this flow from this endpoint. An active candidate opens the
/// connection with the first packet to an endpoint; a passive one has those that it accepted.
class Connections {
 public:
  explicit Connections(Shared& shared) : shared_(shared) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// The addresses to have candidates on, best first. What is there already stays, and what is on
  /// other addresses goes.
  void use(std::span<const IpAddress> addresses);
  /// A socket has yet to listen.
  bool is_busy() const;
  /// With `failures_only` what has opened waits, so that others come first.
  std::optional<TcpNews> poll_news(bool failures_only = false);

  void handle_flow(FlowId flow, const FlowChange& change);
  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;

  /// False: not of a connection of ours. After true, poll_frame() cuts it into packets.
  bool handle_bytes(const Datagram& bytes);
  /// The next whole packet, as a datagram of the candidate's flow. `bytes` of before must still be there.
  std::optional<Datagram> poll_frame();

  /// Whether the flow is a TCP candidate of ours.
  bool owns(FlowId candidate) const { return find_socket(candidate) != nullptr; }
  /// False, and counted: it is dropped as a whole. STUN messages pass in spite of congestion.
  bool send(FlowId candidate, const Endpoint& destination, PacketBuffer payload);

  bool is_open(FlowId candidate, const Endpoint& remote) const;
  /// A check with our password has come over it, or we opened it.
  bool is_proven(FlowId candidate, const Endpoint& remote) const;
  void prove(FlowId candidate, const Endpoint& remote);
  /// Something came over it that no peer of ours sends.
  void reject(FlowId candidate, const Endpoint& remote);
  /// It has gone quiet. An active candidate opens another one with the next packet.
  void abandon(FlowId candidate, const Endpoint& remote);

  /// Closes all of them.
  void close();

 private:
  struct Socket {
    FlowId flow;
    Endpoint local;
    std::uint16_t preference = 0;
    bool passive = false;
    bool ready = false;
    unsigned ports_tried = 0;  ///< Of a range.
  };
  struct Connection {
    FlowId flow;  ///< The driver's.
    FlowId candidate;
    Endpoint local;
    Endpoint remote;
    Deframer deframer{};
    std::vector<PacketBuffer> waiting{};
    bool open = false;
    bool proven = false;
    bool congested = false;
    bool over = false;
    TimePoint since{};
    TimePoint last_used{};
  };

  void add(const IpAddress& address, bool passive);
  void listen(Socket& socket);
  void fail(FlowId socket);
  void handle_listener(FlowId flow, const FlowChange& change);
  void accept(FlowId flow, const FlowAccepted& accepted);
  void handle_change(Connection& connection, const FlowChange& change);
  Connection* connect(const Socket& socket, const Endpoint& remote);
  /// `gone`: the driver has no such flow any more.
  void end(Connection& connection, PairOutcome outcome, bool gone = false);
  void sweep();
  TimePoint deadline(const Connection& connection) const;
  const Socket* find_socket(FlowId candidate) const;
  Connection* find(FlowId candidate, const Endpoint& remote) const;

  Shared& shared_;
  std::vector<Socket> sockets_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<TcpNews> news_;
  Connection* receiving_ = nullptr;  ///< Whose bytes poll_frame() cuts.
  Bytes received_;
  std::uint16_t next_preference_ = 0xffff;
};

}  // namespace petrel::inline v0::ice
