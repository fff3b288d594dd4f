#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "petrel/net/io_request.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/turn/stream_deframer.hpp"
#include "turn_server/admissions.hpp"
#include "turn_server/client_id.hpp"
#include "turn_server/deadlines.hpp"
#include "turn_server/dtls_sessions.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// The way from and to the clients: straight over UDP; over TCP, TLS and DTLS by connections, which it
/// keeps, cuts into messages, and ends when they are of no use.
class Clients {
 public:
  /// Answers that a connection may leave unread before it is given up: whoever pipelines that many
  /// requests and takes nothing in is no TURN client.
  static constexpr std::size_t max_unread_answers = 64;
  /// What a connection without an allocation may have unfinished: more than any request needs.
  static constexpr std::size_t max_unfinished_bytes = 4096;

  explicit Clients(Shared& shared)
      : shared_(shared), admissions_(shared), dtls_(shared, admissions_, shared.random_source()) {}

  /// The flow of a DTLS listener.
  void listen_for_dtls(FlowId flow) { dtls_listeners_.push_back(flow); }

  void accept(FlowId flow, const FlowAccepted& accepted, TransportProtocol protocol);
  bool has(FlowId flow) const { return connections_.contains(flow); }
  /// FlowCongested, FlowWritable, FlowClosed and FlowFailed of a connection.
  void handle_flow(FlowId flow, const FlowChange& change);

  /// The next bytes of a connection. Take all messages before the next call.
  void handle_bytes(FlowId flow, Bytes bytes);
  /// A STUN or ChannelData message; it lives until the next call of either.
  std::optional<Bytes> next_message(FlowId flow);
  std::optional<ClientId> client_of(FlowId flow) const;

  /// From now on the connection carries a peer's bytes and no messages (RFC 6062 5.4). It has no deadline,
  /// for its owner looks after it. False: it has ended.
  bool become_data(FlowId flow);
  /// Of such a one: what has come, in order.
  std::optional<PacketBuffer> next_bytes(FlowId flow);
  /// To such a one; false: it has ended.
  bool send_bytes(FlowId flow, PacketBuffer bytes);
  /// Ends a connection in order.
  void finish(FlowId flow);

  /// The clients of DTLS listeners, which have no flow of their own.
  DtlsSessions& dtls() { return dtls_; }

  /// Data is dropped, and counted, where there is no room. Over a stream ChannelData has to be padded.
  void send_data(const ClientId& client, PacketBuffer message);
  /// An answer over UDP or DTLS may be lost likewise. A stream may not lose any: one without room for an
  /// answer ends.
  void send_answer(const ClientId& client, PacketBuffer message);

  /// A connection without an allocation has a deadline.
  void set_allocated(const ClientId& client, bool has_allocation);

  /// A connection that is over; whatever it had is to be forgotten.
  std::optional<ClientId> poll_ended();

  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;
  /// Ends them all; poll_ended() tells of each.
  void close();
  std::size_t connections() const { return admissions_.total(); }

 private:
  struct Connection {
    ClientId client;
    turn::StreamDeframer deframer{turn::max_old_channel};
    std::optional<tls::Connection> tls{};
    bool has_allocation = false;
    bool is_data = false;
    std::deque<PacketBuffer> bytes{};  ///< Of a data connection.
    bool congested = false;
    std::size_t unread_answers = 0;
    bool over = false;
  };

  Connection* find(FlowId flow);
  bool is_dtls(const ClientId& client) const;
  void send_datagram(const ClientId& client, PacketBuffer message);
  void send(Connection& connection, PacketBuffer message);
  void flush_tls(Connection& connection);
  void run_tls(Connection& connection);
  static void take_in(Connection& connection, Bytes bytes);
  void drop(Connection& connection, std::string_view why);
  void end(Connection& connection);

  Shared& shared_;
  Admissions admissions_;
  DtlsSessions dtls_;
  std::vector<FlowId> dtls_listeners_;
  std::unordered_map<FlowId, Connection> connections_;
  Deadlines<FlowId> deadlines_;
  Deadlines<FlowId> tls_deadlines_;
  std::vector<FlowId> over_;  ///< Of connections that wait for poll_ended().
};

}  // namespace petrel::inline v0::turn_server
