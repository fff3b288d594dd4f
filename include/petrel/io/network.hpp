#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::io {

/// One that uses a network: in practice the driver of one peer.
///
/// All calls come on the network's executor, and never from inside a call into
/// the network.
class NetworkUser {
 public:
  /// A batch that arrived at one flow of this user. The payloads are borrowed for the call.
  virtual void on_datagrams(std::span<const Datagram> datagrams) = 0;
  virtual void on_flow(FlowId flow, const FlowChange& change) = 0;
  virtual void on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) = 0;
  virtual void on_timeout() = 0;
  /// After a send that took less than it was given: there is room again.
  virtual void on_writable() = 0;
  /// local_addresses() may answer something else than before.
  virtual void on_interfaces_changed() {}
  /// The network is being destroyed. The user must not touch it any more.
  virtual void on_network_gone() = 0;

 protected:
  ~NetworkUser() = default;
};

using NetworkUserId = Strong<std::uint64_t, struct NetworkUserIdTag>;
struct UdpMuxStats;

/// All I/O of one executor: sockets, timers, names, interfaces, the clock and the
/// dice of every peer on it. petrel::Network is the real one, on Asio; a virtual
/// network may stand in its place, and carries the same peers.
///
/// Threads: everything on executor(), which is a strand or a single-threaded context.
class Network {
 public:
  virtual asio::any_io_executor executor() const = 0;
  virtual TimePoint now() const = 0;
  /// The same instant on the protocol time line and in wall-clock time.
  virtual ClockMapping clock() const = 0;
  /// Seconds since 1970: what a certificate's validity is made of.
  virtual std::int64_t unix_time() const = 0;
  virtual RandomSource& random() = 0;

  /// The user stays attached until detach(), which closes its flows and forgets its
  /// timer and its open resolutions: nothing is delivered to it after that.
  virtual NetworkUserId attach(NetworkUser& user) = 0;
  virtual void detach(NetworkUserId id) = 0;

  virtual void request(NetworkUserId id, const IoRequest& request) = 0;

  /// Sends in order and returns how many were taken. Less than all: the socket is
  /// full, keep the rest and wait for on_writable(). A datagram that the system
  /// refuses for good (no route, too long for the interface) counts as taken: to
  /// the protocols above that is loss.
  virtual std::size_t send(NetworkUserId id, std::span<Transmit> transmits) = 0;

  /// When to call on_timeout(); nullopt: not at all. Replaces what was set before.
  virtual void set_timeout(NetworkUserId id, std::optional<TimePoint> deadline) = 0;

  /// The addresses of the interfaces that are up now.
  virtual std::vector<LocalAddress> local_addresses() = 0;

 protected:
  ~Network() = default;
};

}  // namespace petrel::inline v0::io

namespace petrel::inline v0 {

struct NetworkOptions {
  /// Also gather 127.0.0.1 and ::1: for tests and for peers on one machine.
  bool include_loopback = false;
  /// What one socket may hold in the kernel, each way. Bytes; the system may cap it.
  int socket_buffer_bytes = 1 << 20;
  /// One UDP port that all peers of this network use, on each local address: one hole in a firewall,
  /// whatever the number of peers, and whether they are lite, full, or ask STUN servers. Goes before
  /// PeerConfig::ice_ports. 0: one that the system gives for each address. nullopt: every peer has ports of
  /// its own. TURN clients by UDP have one of their own in any case. io::UdpMux says how peers are told
  /// apart; two peers of one such network cannot call each other.
  std::optional<std::uint16_t> udp_port{};
  /// Hand the kernel runs of datagrams as one, and take them so (Linux's UDP_SEGMENT and UDP_GRO), where
  /// it can do that: a tenth of the time for sending each. A socket on which it fails goes on without.
  bool udp_offload = true;
};

/// The real network, on Asio: UDP sockets, the system's clock, resolver, interface
/// list and random source. Make one per executor and give it to all peers there.
///
/// Lifetime: destroy it after its peers; a peer that is left is closed. If the
/// io_context is destroyed first, nothing is delivered any more and destruction
/// is still safe. Starts no thread; Asio starts one for the first host name that
/// is resolved (STUN servers given by address need none).
class PETREL_API Network final : public io::Network {
 public:
  /// `executor` must be a strand or belong to a single-threaded io_context.
  explicit Network(asio::any_io_executor executor, NetworkOptions options = {});
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  asio::any_io_executor executor() const override;
  TimePoint now() const override;
  ClockMapping clock() const override;
  std::int64_t unix_time() const override;
  RandomSource& random() override;
  io::NetworkUserId attach(io::NetworkUser& user) override;
  void detach(io::NetworkUserId id) override;
  void request(io::NetworkUserId id, const IoRequest& request) override;
  std::size_t send(io::NetworkUserId id, std::span<Transmit> transmits) override;
  void set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) override;
  std::vector<LocalAddress> local_addresses() override;

  /// What came to the port that its peers share and was nobody's.
  const io::UdpMuxStats& shared_port_stats() const;

 private:
  class State;
  std::shared_ptr<State> state_;  // Shared with handlers that Asio still holds when we are gone.
};

}  // namespace petrel::inline v0
