#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/whip/config.hpp"
#include "petrel/whip/events.hpp"
#include "petrel/whip/link.hpp"

namespace petrel::inline v0::whip {

/// One of our candidates.
struct Candidate {
  std::string candidate{};  ///< "candidate:…"; empty: there are no more.
  std::string mid{};
  std::string ufrag{};  ///< Of its generation; empty: the current one.
};

struct ClientConfig {
  SessionConfig session{};
  /// Everything but the server's name.
  tls::ClientConfig tls{};
};

/// A WHIP client (RFC 9725) or WHEP player (draft-ietf-wish-whep-03) without its sockets: which of them it
/// is, the offer says.
///
/// A FlowCore: it asks for TCP connections and names, and speaks TLS and HTTP inside. It holds one session
/// with the server at a time; when that is lost it asks for another offer, after a wait that grows with
/// jitter (events.hpp says what it tells). Peer connections are the owner's.
///
/// Bounded throughout: one request of a kind at a time, candidates by max_fragment_candidates, answers by
/// http::ResponseLimits.
class PETREL_API Client {
 public:
  using Event = whip::Event;

  /// `random` outlives the client. Errors: those of check().
  static Result<Client> create(TimePoint now, ClientConfig config, RandomSource& random);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Answers OfferWanted. Errors: petrel::Errc::wrong_state, closed.
  Result<void> send_offer(TimePoint now, std::string sdp);
  /// Those that the offer has already are not sent again, and those that come before the server's answer wait
  /// for it (RFC 9725 4.3.2). Errors: petrel::Errc::closed; limit_reached beyond max_fragment_candidates of a
  /// generation.
  Result<void> send_candidate(TimePoint now, const Candidate& candidate);
  /// `offer` is a local description with new ICE credentials; Restarted or RestartRefused follows. Errors:
  /// petrel::Errc::wrong_state without a session, closed; Errc::no_restart of a server that has refused
  /// before.
  Result<void> restart_ice(TimePoint now, std::string_view offer);
  /// Media flows: the next wait for a session will be a short one.
  void handle_connected(TimePoint now);
  /// The peer connection is lost: ends this session at the server and begins another after a wait.
  void abandon(TimePoint now, std::error_code error, std::string detail);
  /// Ends the session at the server. Closed follows, within the configuration's close_limit.
  void close(TimePoint now);

  /// What the server recommends; empty before it has.
  const std::vector<IceServer>& ice_servers() const;
  /// There is a session, answered and not lost.
  bool established() const;
  /// The server takes candidates after the offer, for all that is known.
  bool trickles() const;
  /// The server restarts ICE, for all that is known.
  bool restarts() const;
  /// Closed, or after Failed.
  bool over() const;

  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
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

}  // namespace petrel::inline v0::whip
