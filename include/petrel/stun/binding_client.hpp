#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/stun/transaction.hpp"

namespace petrel::inline v0::stun {

struct BindingClientConfig {
  FlowId flow;             ///< The UDP flow whose reflexive address is asked for, or the connection.
  Endpoint server;         ///< An address; resolving names is the owner's part.
  std::string software{};  ///< Sent as SOFTWARE unless empty.
  RetransmissionSchedule schedule{};
  /// The flow is a TCP connection of the client's own, or what comes out of TLS on one (RFC
  /// 8489 6.2.2, 6.2.3): the question is sent once. What the answer says holds for that connection, and for
  /// no UDP socket.
  bool over_stream = false;
};

/// The server sees us as `address`. The client is done.
struct MappedAddress {
  Endpoint address;
  Endpoint server;  ///< Who answered; an alternate after a redirect.
};
/// There will be no address. The client is done.
struct BindingFailed {
  std::error_code error;
  int code = 0;  ///< The server's ERROR-CODE, or 0.
};
using BindingEvent = std::variant<MappedAddress, BindingFailed>;

/// How many answers to our transaction were dropped, and why.
struct BindingClientStats {
  std::uint64_t malformed = 0;   ///< Does not parse, or fails its own FINGERPRINT.
  std::uint64_t unexpected = 0;  ///< From another source than the server, or no Binding response.
};

/// Asks one STUN server, without credentials, for the reflexive address of one flow (RFC 8489 2, 6).
///
/// Follows redirections (10) to servers of the same family, but not over a stream, which leads to one server.
/// It ends with exactly one event. It does not keep the binding alive, and does not resolve names.
class PETREL_API BindingClient {
 public:
  using Event = BindingEvent;

  /// `random` must outlive the client.
  BindingClient(TimePoint now, BindingClientConfig config, RandomSource& random);

  /// False: not an answer to this client's request, by flow and transaction id. What is left may
  /// belong to somebody else on the same flow.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  const BindingClientStats& stats() const { return stats_; }

 private:
  void start(const Endpoint& server);
  void send();
  bool handle_bytes(Bytes bytes);
  void handle_response(const MessageView& response);
  void handle_success(const MessageView& response);
  void handle_error(const MessageView& response);
  void finish(Event event);
  void fail(std::error_code error, int code = 0);

  BindingClientConfig config_;
  RandomSource& random_;
  TimePoint now_;
  std::vector<Endpoint> tried_;  // The last one is the server that is asked now.
  std::optional<Transaction> transaction_;
  std::deque<Transmit> transmits_;
  std::vector<std::byte> unfinished_;  // Of a stream: the beginning of a message.
  std::optional<Event> event_;
  BindingClientStats stats_;
};

}  // namespace petrel::inline v0::stun
