#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/io/network.hpp"
#include "petrel/turn/tcp_allocation.hpp"

namespace petrel::inline v0 {

namespace detail {
class TcpRelayState;
}

struct TcpRelayConfig {
  /// "turn:HOST[:PORT]?transport=tcp" or "turns:HOST[:PORT]" (RFC 7065).
  std::string url;
  std::string username{};
  std::string password{};
  std::optional<IpFamily> family{};  ///< Of the relayed address; nullopt: the server's default, IPv4.
  std::optional<turn::HttpProxy> http_proxy{};
  tls::ClientConfig tls{};  ///< Trusted roots and so on; the name is the URL's.
  Logger log{};
};

/// A connection with a peer by a TcpRelay. A handle: copy it freely. Once its relay is gone or closed it is
/// closed too.
///
/// What nobody receives slows the peer down, once it is turn::TcpAllocation::max_unread_bytes. The last
/// handle to go does not close it: close() does.
class PETREL_API RelayedStream {
 public:
  const Endpoint& peer() const;

  /// The next bytes, cut anywhere; nullopt once the other side has ended in order. Throws std::system_error
  /// with turn::Errc for one that broke, and Errc::closed after close().
  asio::awaitable<std::optional<PacketBuffer>> receive();
  /// Completes once all is taken, which waits for room. The bytes stay the caller's, and have to live until
  /// then. Throws std::system_error with Errc::closed where nothing can be sent any more.
  asio::awaitable<void> send(Bytes bytes);
  /// What was sent still leaves.
  void close();

 private:
  friend class detail::TcpRelayState;
  struct Setup;
  explicit RelayedStream(std::shared_ptr<const Setup> setup) : setup_(std::move(setup)) {}

  std::shared_ptr<const Setup> setup_;
};

/// Connections over TCP by a TURN server (RFC 6062), on a network: turn::TcpAllocation with its sockets and
/// its server's name resolved.
///
///   petrel::TcpRelay relay(network, {.url = "turns:turn.example.org", .username = "alice", .password =
///   "…"}); const petrel::Endpoint where = co_await relay.allocated(); petrel::RelayedStream stream =
///   co_await relay.connect(peer); co_await stream.send(petrel::as_bytes("hello"));
///
/// Or the other way round: permit() a peer, tell it `where` to connect to, and accept(). It is no part of
/// ICE.
///
/// Everything on the network's executor. Coroutines that wait when it is closed or destroyed throw
/// Errc::closed. What broke throws std::system_error with what report() explains.
class PETREL_API TcpRelay {
 public:
  /// Starts at once. Throws std::system_error with turn::Errc for a bad URL, or Errc::invalid_argument for
  /// one that names UDP.
  TcpRelay(io::Network& network, TcpRelayConfig config);
  ~TcpRelay();
  TcpRelay(TcpRelay&&) noexcept;
  TcpRelay& operator=(TcpRelay&&) noexcept;

  /// Where peers connect to, once there is such an address.
  asio::awaitable<Endpoint> allocated();
  /// Throws std::system_error: turn::Errc::connection_failed, permission_refused, connection_exists …
  asio::awaitable<RelayedStream> connect(Endpoint peer);

  /// Lets connections of this peer in, until forbid(). Errors: as turn::TcpAllocation::permit().
  Result<void> permit(const IpAddress& peer);
  void forbid(const IpAddress& peer);
  /// The next connection of a peer.
  asio::awaitable<RelayedStream> accept();

  void set_credentials(std::string username, std::string password);
  /// Why it is as it is.
  turn::ClientReport report() const;
  /// Gives the relayed address back and ends all streams.
  void close();

 private:
  std::shared_ptr<detail::TcpRelayState> state_;
};

}  // namespace petrel::inline v0
