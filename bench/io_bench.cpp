// What a datagram costs on the way through the kernel and a Network, over the loopback interface: with
// and without UDP_SEGMENT and UDP_GRO, and when it is part of a flood on a port that peers share.

#include <malloc.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "petrel/crypto/system_random.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/io/network.hpp"
#include "petrel/io/udp_mux.hpp"
#include "petrel/stun/builder.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
constexpr FlowId flow{1};
constexpr std::size_t burst = 32;  // As many as the receiver's buffer holds for certain.

struct User : io::NetworkUser {
  std::size_t received = 0;
  std::optional<Endpoint> local;

  void on_datagrams(std::span<const Datagram> datagrams) override { received += datagrams.size(); }
  void on_flow(FlowId, const FlowChange& change) override {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) local = opened->local;
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {}
  void on_writable() override {}
  void on_network_gone() override {}

 protected:
  ~User() = default;
};

// A user with a socket of its own.
struct Socket final : User {
  Socket(asio::io_context& io, io::Network& its_network) : network(its_network), id(network.attach(*this)) {
    network.request(id, BindUdp{flow, {loopback, 0}});
    while (!local) io.run_one();
  }
  ~Socket() { network.detach(id); }

  io::Network& network;
  io::NetworkUserId id;
};

void through_the_kernel(bool offload) {
  asio::io_context io(1);
  Network network(io.get_executor(), {.udp_offload = offload});
  Socket sender(io, network);
  Socket receiver(io, network);
  double best_send = 1e9;
  double best_receive = 1e9;
  for (int round = 0; round < 5; ++round) {
    Clock::duration sending{}, receiving{};
    constexpr std::size_t bursts = 2000;
    for (std::size_t i = 0; i < bursts; ++i) {
      std::vector<Transmit> transmits;
      for (std::size_t k = 0; k < burst; ++k) {
        transmits.push_back(
            {flow, *receiver.local, PacketBuffer::copy_of(std::vector<std::byte>(1200)).value()});
      }
      const std::size_t all = receiver.received + burst;
      const auto start = Clock::now();
      network.send(sender.id, transmits);
      const auto sent = Clock::now();
      while (receiver.received < all) io.run_one_for(10ms);
      receiving += Clock::now() - sent;
      sending += sent - start;
    }
    const auto each = [](Clock::duration sum) {
      return static_cast<double>(std::chrono::nanoseconds(sum).count()) / (bursts * burst);
    };
    best_send = std::min(best_send, each(sending));
    best_receive = std::min(best_receive, each(receiving));
  }
  std::printf("%-44s %10.1f ns\n", offload ? "send 1,200 bytes, in runs" : "send 1,200 bytes, singly",
              best_send);
  std::printf("%-44s %10.1f ns\n", offload ? "receive them, in runs" : "receive them, singly", best_receive);
}

// ---- A flood ----------------------------------------------------------------------------

// An ICE agent on a shared port.
struct Peer final : User {
  Peer(asio::io_context& io, io::Network& its_network) : network(its_network), id(network.attach(*this)) {
    const LocalAddress up{loopback, "lo"};
    agent.handle_interfaces(network.now(), {&up, 1});
    agent.gather(network.now());
    run();
    while (!local) io.run_one();
  }
  ~Peer() { network.detach(id); }
  void on_datagrams(std::span<const Datagram> datagrams) override {
    received += datagrams.size();
    for (const Datagram& each : datagrams) agent.handle_datagram(network.now(), each);
    run();
  }
  void on_flow(FlowId its_flow, const FlowChange& change) override {
    User::on_flow(its_flow, change);
    agent.handle_flow(network.now(), its_flow, change);
    run();
  }
  void run() {
    while (auto transmit = agent.poll_transmit()) network.send(id, {&*transmit, 1});
    while (const auto request = agent.poll_request()) network.request(id, *request);
  }

  io::Network& network;
  crypto::SystemRandom random;
  ice::Agent agent{network.now(), {.lite = true, .gather_loopback = true}, random};
  ice::StreamId stream = agent.add_stream(network.now());
  io::NetworkUserId id;
};

std::size_t resident_kilobytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4;
}

PacketBuffer forged(const std::string& username) {
  stun::TransactionId id{};
  crypto::SystemRandom random;
  random.fill(id);
  crypto::HmacSha1Key wrong(as_bytes("not the password of anybody"));
  stun::Builder check(stun::Class::request, stun::Method::binding, id);
  check.username(username).priority(1).ice_controlling(1);
  return check.finish({.integrity = &wrong}).value();
}

void flood(const char* name, const PacketBuffer& packet) {
  asio::io_context io(1);
  Network network(io.get_executor(), {.include_loopback = true, .udp_port = 0});
  Network outside(io.get_executor(), {.udp_offload = false});
  Peer peer(io, network);
  PacketBuffer own = packet.size() > 0 ? PacketBuffer::copy_of(packet.bytes()).value()
                                       : forged(peer.agent.local_credentials(peer.stream).ufrag + ":x");
  // Sources of many ports, as floods have them.
  std::vector<std::unique_ptr<Socket>> attackers;
  for (int i = 0; i < 64; ++i) attackers.push_back(std::make_unique<Socket>(io, outside));
  const auto dropped = [&] {
    const io::UdpMuxStats& stats = network.shared_port_stats();
    return stats.malformed + stats.unknown_source + stats.unknown_ufrag + peer.received;
  };

  Clock::duration took{};
  std::size_t count = 0;
  std::size_t before = 0;
  constexpr std::size_t bursts = 20'000;
  for (std::size_t i = 0; i < bursts; ++i) {
    if (i == bursts / 10) before = resident_kilobytes();
    Socket& attacker = *attackers[i % attackers.size()];
    std::vector<Transmit> transmits;
    for (std::size_t k = 0; k < burst; ++k)
      transmits.push_back({flow, *peer.local, PacketBuffer::copy_of(own.bytes()).value()});
    outside.send(attacker.id, transmits);
    const std::size_t all = dropped() + burst;
    const auto start = Clock::now();
    while (dropped() < all && Clock::now() - start < 50ms) io.run_one_for(1ms);
    took += Clock::now() - start;
    count += burst;
  }
  const auto each = static_cast<double>(std::chrono::nanoseconds(took).count()) / static_cast<double>(count);
  std::printf("%-44s %10.1f ns  %8zu KiB more resident after %zu\n", name, each,
              resident_kilobytes() - before, count * 9 / 10);
}

}  // namespace

int main() {
  through_the_kernel(false);
  through_the_kernel(true);
  std::vector<std::byte> garbage(100, std::byte{0x80});
  flood("flood: no STUN, from nobody's address", PacketBuffer::copy_of(garbage).value());
  flood("flood: checks with a ufrag that nobody has", forged("nobody00:x"));
  flood("flood: checks for a peer, wrong password", PacketBuffer());
}
