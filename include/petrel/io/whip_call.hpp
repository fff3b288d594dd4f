#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/io/network.hpp"
#include "petrel/peer_connection.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/whip/config.hpp"
#include "petrel/whip/events.hpp"

namespace petrel::inline v0 {

namespace detail {
class WhipCallState;
}

namespace whip {

struct CallOptions {
  /// How each peer of the call is made. Its ICE servers are used beside those that the server recommends.
  PeerConfig peer{};
  /// Everything but the server's name.
  tls::ClientConfig tls{};
  /// How long an offer waits for its candidates where it must have them all.
  Duration gathering_limit = std::chrono::seconds(5);
  /// A connection that is disconnected for so long restarts ICE. Often the way comes back before.
  Duration restart_after = std::chrono::seconds(2);
};

/// The connection of the present peer.
struct StateChanged {
  ConnectionState state = ConnectionState::new_;
};
using CallEvent = std::variant<StateChanged, Interrupted, Warning, Failed, Closed>;

/// A call of a WHIP client to an endpoint that takes media (RFC 9725), or of a WHEP player to one that gives
/// it (draft-ietf-wish-whep-03), kept up: whip::Client with its sockets and its peer connections.
///
///   petrel::whip::Call call(network, {.url = "https://example.org/whip/door", .bearer_token = "…"},
///                           [&](petrel::PeerConnection& peer) {
///     video = peer.add_transceiver(petrel::Kind::video, {.direction =
///     petrel::Direction::send_only})->sender();
///   });
///
/// It offers, sends candidates as they are gathered, and restarts ICE when the network has changed or the
/// connection is disconnected. When the session is gone or ICE has failed it begins again with another peer,
/// after a wait that grows with jitter. A server that rejects all media, or whose refusal does not pass by
/// itself, ends it with Failed.
///
/// Everything on the network's executor. Installing a callback puts it into callback mode; next_event() is
/// the other, in which events wait. It lives until it is destroyed, or the network is.
class PETREL_API Call {
 public:
  /// Makes a peer ready for its offer: transceivers, and what listens to them. Called from the loop, once for
  /// each peer; the one before is gone then. Its on_connection_state_change(), on_ice_candidate(),
  /// on_ice_gathering_state_change() and on_negotiation_needed() are the call's own.
  using Prepare = std::function<void(PeerConnection&)>;

  /// Starts at once. Throws std::system_error for what check() refuses.
  Call(io::Network& network, SessionConfig config, Prepare prepare, CallOptions options = {});
  /// Without close() the server finds out by itself that the session is over.
  ~Call();
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;

  /// Called for each event, never from inside a call. The object may be closed and destroyed in it.
  void on_event(std::function<void(const CallEvent&)> callback);
  /// The next event; nullopt after Closed and Failed. Throws std::system_error with Errc::busy if another
  /// next_event() is waiting, and with Errc::wrong_state in callback mode.
  asio::awaitable<std::optional<CallEvent>> next_event();

  /// The present one; nullptr between two.
  PeerConnection* peer();
  const PeerConnection* peer() const;
  bool connected() const;
  /// There is a session at the server.
  bool established() const;
  /// Those of the configuration and those that the server recommends.
  std::vector<petrel::IceServer> ice_servers() const;
  /// Others in place of the configuration's; a peer that is there takes them, too.
  void set_ice_servers(std::vector<petrel::IceServer> servers);

  /// Ends the session at the server, and then the peer. Closed follows, in three seconds at most
  /// (close_limit).
  void close();

 private:
  std::shared_ptr<detail::WhipCallState> state_;
};

}  // namespace whip
}  // namespace petrel::inline v0
