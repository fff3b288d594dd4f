#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/kvs/config.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/events.hpp"
#include "petrel/kvs/iot_credentials.hpp"
#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::kvs {

/// The owner gives credentials whenever CredentialsWanted asks: from files, a vault, a service of its own.
struct AskOwner {};

/// Where credentials come from: these here for good, AWS IoT, or the owner.
using CredentialSource = std::variant<AskOwner, Credentials, IotProvider>;

struct ClientConfig {
  SessionConfig session{};
  CredentialSource credentials{};
  /// Everything but the server's name. The servers are AWS's, whose roots every system trusts.
  tls::ClientConfig tls{};
};

/// A master or viewer of an AWS Kinesis Video Streams signaling channel, without its sockets.
///
/// A FlowCore: it asks for TCP connections and names, and speaks TLS, HTTP and WebSocket inside. It keeps the
/// connection up by itself, for months if need be (events.hpp says what it tells), and passes descriptions
/// and candidates both ways. Peer connections are the owner's: one for each Offer of a master, with
/// ice_servers().
///
/// Bounded throughout: messages that wait, candidates that came early, answers of the service, events.
class PETREL_API Client {
 public:
  using Event = kvs::Event;

  /// `unix_time` is this machine's clock, in seconds since 1970; an error of it is put right by what the
  /// service says. `random` outlives the client. Errors: those of check(), http::Errc of an IoT endpoint.
  static Result<Client> create(TimePoint now, ClientConfig config, std::int64_t unix_time,
                               RandomSource& random);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Before every other call, as far as it can: clocks are set while programs run.
  void set_unix_time(TimePoint now, std::int64_t unix_time);
  /// Answers to CredentialsWanted; the first may also come unasked. `transient`: try again later.
  void set_credentials(TimePoint now, Credentials credentials);
  void refuse_credentials(TimePoint now, std::error_code error, std::string detail, bool transient);

  /// A viewer's call to the master. Before Connected, and while there is no connection, it waits for up to a
  /// minute. Errors: petrel::Errc::closed, too_long, limit_reached, wrong_state (a master calls nobody).
  Result<void> send_offer(TimePoint now, std::string sdp);
  /// To Offer::peer. Errors as above.
  Result<void> send_answer(TimePoint now, const std::string& peer, std::string sdp);
  /// `peer` is empty for a viewer. An empty candidate, the end of them, is sent like any other.
  Result<void> send_candidate(TimePoint now, const std::string& peer, const CandidateMessage& candidate);
  /// The call with that peer is over: what waits for it or from it is dropped.
  void forget_peer(const std::string& peer);
  /// Ends the session in order. No event follows.
  void close(TimePoint now);

  /// STUN, and once connected TURN servers too, good for a call that begins now.
  const std::vector<IceServerEntry>& ice_servers() const;
  bool connected() const;
  /// Closed, or after SessionFailed.
  bool over() const;
  /// Empty until it is known.
  const std::string& channel_arn() const;
  /// A viewer's.
  const std::string& client_id() const;
  SessionStats stats() const;

  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  /// The interfaces have changed: a connection that may hang on one that is gone is made anew.
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();
  std::optional<IoRequest> poll_request();
  std::optional<Event> poll_event();

 private:
  class State;
  explicit Client(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;  // Its parts refer to each other.
};

}  // namespace petrel::inline v0::kvs
