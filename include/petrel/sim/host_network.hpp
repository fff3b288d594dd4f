#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/io/network.hpp"
#include "petrel/io/udp_mux.hpp"
#include "petrel/sim/seeded_random.hpp"
#include "petrel/sim/world.hpp"

namespace asio {
class io_context;
}

namespace petrel::inline v0::sim {

struct HostNetworkOptions {
  /// As NetworkOptions::udp_port: one UDP port for all peers of this network.
  std::optional<std::uint16_t> udp_port{};
};

/// The network of one host of a World, for real PeerConnections and whatever else runs on an
/// io::Network: its sockets are the host's, its clock is the world's, and its dice come from
/// the world's seed. An application that is given an io::Network& cannot tell the difference.
///
///   World world(seed);
///   asio::io_context context;
///   HostNetwork network(world, world.add_host({.name = "alice", .behind = NatConfig::symmetric()}),
///   context); PeerConnection peer(network); world.run_until([&] { return peer.connection_state() ==
///   ConnectionState::connected; }, 10s);
///
/// The world runs the context: whenever it has come to rest at an instant, it runs all that was
/// posted there, coroutines included, before time moves on. Do not run the context beside it.
/// Hosts may share a context. A timer of Asio's own knows nothing of virtual time: wait on what
/// the library offers (gathered_description() and the like), or on World::after().
///
/// OpenSSL has a clock and dice of its own. Give it the world's time (wall_clock.hpp), or a DTLS
/// handshake that loses a packet waits for real time, and so fails. Its keys and nonces differ
/// from run to run; tests/support/seeded_openssl.cpp shows how to seed them too, for runs that
/// are the same to the byte.
///
/// Lifetime: the world and the context outlive it, and it outlives its peers; one that is left
/// is closed.
class PETREL_API HostNetwork final : public io::Network {
 public:
  HostNetwork(World& world, HostId host, asio::io_context& context, HostNetworkOptions options = {});
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

  asio::any_io_executor executor() const override;
  TimePoint now() const override { return world_.now(); }
  ClockMapping clock() const override;
  std::int64_t unix_time() const override;
  RandomSource& random() override { return random_; }
  io::NetworkUserId attach(io::NetworkUser& user) override;
  void detach(io::NetworkUserId id) override;
  void request(io::NetworkUserId id, const IoRequest& request) override;
  std::size_t send(io::NetworkUserId id, std::span<Transmit> transmits) override;
  void set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) override;
  std::vector<LocalAddress> local_addresses() override { return world_.local_addresses(host_); }

  HostId host() const { return host_; }
  /// What came to the port that its peers share and was nobody's.
  const io::UdpMuxStats& shared_port_stats() const;
  /// How much is kept to tell them apart.
  io::UdpMux::Sizes shared_port_sizes() const;

 private:
  class User;
  class SharedPorts;

  User* find(io::NetworkUserId id);
  io::NetworkUser* user_of(io::NetworkUserId id);
  bool run_ready();

  World& world_;
  HostId host_;
  asio::io_context& context_;
  SeededRandom random_;
  std::uint64_t last_user_ = 0;
  std::map<io::NetworkUserId, User*> users_;  // The world owns them.
  SharedPorts* shared_ = nullptr;             // The world's too. Null: nothing is shared.
};

}  // namespace petrel::inline v0::sim
