#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/io/network.hpp"
#include "petrel/turn_server/server.hpp"

namespace petrel::inline v0 {

namespace detail {
class TurnServerState;
}

/// A STUN and TURN server on a network: turn_server::Server with its sockets.
///
///   asio::io_context io;
///   petrel::Network network(io.get_executor());
///   petrel::TurnServer server(network, {.listeners = {{petrel::Endpoint::v4(0, 0, 0, 0, 3478)}},
///                                       .realm = "example.org",
///                                       .auth_secret = secret});
///   io.run();
///
/// What the configuration leaves open is filled in: `own_addresses` and `unix_time` always, and
/// `relay_addresses`, when there are none and a listener is at 0.0.0.0 or ::, with the network's
/// first public address, or else its first private one, of that family.
///
/// Everything on the network's executor. It serves until it is closed or destroyed, or the network is.
class PETREL_API TurnServer {
 public:
  /// Starts at once. Throws std::system_error for what turn_server::check() refuses. Whether the
  /// listeners could be opened is told by on_event().
  TurnServer(io::Network& network, turn_server::ServerConfig config);
  ~TurnServer();
  TurnServer(TurnServer&&) noexcept;
  TurnServer& operator=(TurnServer&&) noexcept;

  /// Called once for each listener that opens, or fails. The server may be closed and destroyed in it.
  void on_event(std::function<void(const turn_server::Event&)> callback);

  /// Where it listens: what has been opened up to now, in the order of the configuration.
  std::vector<Endpoint> local_endpoints() const;
  turn_server::ServerStats stats() const;

  /// Ends all allocations, connections and listeners. Nothing is called after it.
  void close();

 private:
  std::shared_ptr<detail::TurnServerState> state_;
};

}  // namespace petrel::inline v0
