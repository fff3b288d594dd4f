#include "petrel/sim/host_network.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "petrel/peer_connection.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;
using testing::hex;

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

const std::vector<std::byte> word = hex("cafe");
constexpr FlowId flow{1};

// Keeps what it is told.
struct Recorder final : io::NetworkUser {
  std::vector<std::byte> bytes;
  std::vector<FlowChange> changes;
  std::vector<IpAddress> resolved;
  int timeouts = 0;
  int interface_changes = 0;
  bool gone = false;

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams)
      bytes.insert(bytes.end(), each.payload.begin(), each.payload.end());
  }
  void on_flow(FlowId, const FlowChange& change) override { changes.push_back(change); }
  void on_resolved(std::uint32_t, std::span<const IpAddress> addresses) override {
    resolved.assign(addresses.begin(), addresses.end());
  }
  void on_timeout() override { ++timeouts; }
  void on_writable() override {}
  void on_interfaces_changed() override { ++interface_changes; }
  void on_network_gone() override { gone = true; }
};

struct Hosts {
  World world{1};
  asio::io_context context;
  HostNetwork a{world, world.add_host({.name = "a", .addresses = {ip("192.0.2.1")}}), context};
  HostNetwork b{world, world.add_host({.name = "b", .addresses = {ip("192.0.2.2")}}), context};
  Recorder at_a, at_b;
  io::NetworkUserId a_id = a.attach(at_a);
  io::NetworkUserId b_id = b.attach(at_b);

  ~Hosts() {
    a.detach(a_id);
    b.detach(b_id);
  }
  void send(HostNetwork& network, io::NetworkUserId id, const Endpoint& to) {
    Transmit transmit{flow, to, PacketBuffer::copy_of(word).value()};
    network.send(id, {&transmit, 1});
  }
};

TEST(HostNetwork, CarriesDatagramsBetweenUsers) {
  Hosts hosts;
  hosts.a.request(hosts.a_id, BindUdp{flow, at("192.0.2.1:1000")});
  hosts.b.request(hosts.b_id, BindUdp{flow, at("192.0.2.2:2000")});
  EXPECT_TRUE(hosts.at_a.changes.empty());  // Never from inside a call.
  hosts.world.run_for(1ms);
  ASSERT_EQ(hosts.at_a.changes.size(), 1u);

  hosts.send(hosts.a, hosts.a_id, at("192.0.2.2:2000"));
  hosts.world.run_for(1s);
  EXPECT_EQ(hosts.at_b.bytes, word);
}

TEST(HostNetwork, TellsTheVirtualTimeAndCallsAtIt) {
  Hosts hosts;
  hosts.world.run_for(2500ms);
  EXPECT_EQ(hosts.a.now(), TimePoint(2500ms));
  EXPECT_EQ(hosts.a.unix_time(), World::wall_clock_epoch + 2);
  EXPECT_EQ(hosts.a.clock().to_ntp(TimePoint(1s)).value >> 32, 1'700'000'001u + 2'208'988'800u);

  hosts.a.set_timeout(hosts.a_id, TimePoint(4s));
  hosts.world.run_for(1500ms - 1ns);
  EXPECT_EQ(hosts.at_a.timeouts, 0);
  hosts.world.run_for(1h);
  EXPECT_EQ(hosts.at_a.timeouts, 1);
}

TEST(HostNetwork, AnswersNamesAndListsAddresses) {
  Hosts hosts;
  hosts.world.add_name("stun.example", {ip("192.0.2.2")});
  hosts.a.request(hosts.a_id, Resolve{7, "stun.example"});
  hosts.world.run_for(1s);
  EXPECT_EQ(hosts.at_a.resolved, std::vector{ip("192.0.2.2")});
  EXPECT_EQ(hosts.a.local_addresses(), (std::vector<LocalAddress>{{ip("192.0.2.1"), "eth0"}}));
}

TEST(HostNetwork, TellsThatTheAddressesHaveChanged) {
  Hosts hosts;
  hosts.world.add_address(hosts.a.host(), ip("2001:db8::1"));
  EXPECT_EQ(hosts.at_a.interface_changes, 1);
  EXPECT_EQ(hosts.at_b.interface_changes, 0);
  EXPECT_EQ(hosts.a.local_addresses().size(), 2u);
}

TEST(HostNetwork, RunsWhatIsPostedBeforeTimeMovesOn) {
  Hosts hosts;
  std::vector<TimePoint> ran;
  hosts.world.after(1s, [&] {
    asio::post(hosts.context, [&] {
      ran.push_back(hosts.world.now());
      asio::post(hosts.context, [&] { ran.push_back(hosts.world.now()); });
    });
  });
  hosts.world.run_for(1min);
  EXPECT_EQ(ran, std::vector({TimePoint(1s), TimePoint(1s)}));
}

TEST(HostNetwork, LetsAFarewellLeaveAndDeliversNothingAfterIt) {
  Hosts hosts;
  hosts.a.request(hosts.a_id, BindUdp{flow, at("192.0.2.1:1000")});
  hosts.b.request(hosts.b_id, BindUdp{flow, at("192.0.2.2:2000")});
  hosts.world.run_for(1ms);
  hosts.send(hosts.a, hosts.a_id, at("192.0.2.2:2000"));
  hosts.a.detach(hosts.a_id);
  hosts.send(hosts.b, hosts.b_id, at("192.0.2.1:1000"));
  hosts.world.run_for(1s);
  EXPECT_EQ(hosts.at_b.bytes, word);
  EXPECT_TRUE(hosts.at_a.bytes.empty());
}

TEST(HostNetwork, IgnoresWhatIsSentOnAFlowThatIsClosed) {
  Hosts hosts;
  hosts.a.request(hosts.a_id, BindUdp{flow, at("192.0.2.1:1000")});
  hosts.world.run_for(1ms);
  hosts.a.request(hosts.a_id, CloseFlow{flow});
  hosts.send(hosts.a, hosts.a_id, at("192.0.2.2:2000"));
  EXPECT_NO_THROW(hosts.world.run_for(1s));
}

TEST(HostNetwork, TellsItsUsersWhenItGoes) {
  World world(1);
  asio::io_context context;
  Recorder user;
  std::optional<HostNetwork> network(std::in_place, world, world.add_host({.name = "a"}), context);
  network->attach(user);
  network.reset();
  EXPECT_TRUE(user.gone);
  EXPECT_NO_THROW(world.run_for(1s));
}

// ---- Real peers -------------------------------------------------------------

// Alice sends video, Bob watches; each behind a NAT. STUN is spared: their host candidates
// meet because one NAT is open to everybody who is written to.
struct VideoCall {
  testing::SeededOpenSsl openssl;
  World world;
  asio::io_context context;
  HostNetwork alice_network, bob_network;
  PeerConnection alice, bob;
  Transceiver video;
  int frames = 0;

  VideoCall(std::uint64_t seed, HostConfig alice_host, HostConfig bob_host,
            NetworkPriority priority = NetworkPriority::low)
      : openssl(seed),
        world(seed),
        alice_network(world, world.add_host(std::move(alice_host)), context),
        bob_network(world, world.add_host(std::move(bob_host)), context),
        alice(alice_network),
        bob(bob_network),
        video(alice
                  .add_transceiver(
                      Kind::video,
                      {.direction = Direction::send_only, .codecs = {h264()}, .network_priority = priority})
                  .value()) {
    world.on_time(set_wall_clock);
    bob.on_track([this](Transceiver track) { track.receiver().on_frame([this](const auto&) { ++frames; }); });
  }
  ~VideoCall() { reset_wall_clock(); }

  asio::awaitable<void> negotiate() {
    alice.set_local_description().value();
    const SessionDescription offer = co_await alice.gathered_description(5s);
    bob.set_remote_description(offer).value();
    bob.set_local_description().value();
    const SessionDescription answer = co_await bob.gathered_description(5s);
    alice.set_remote_description(answer).value();
  }
  void start() {
    asio::co_spawn(context, negotiate(), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  }
  bool connects() {
    return world.run_until(
        [this] {
          return alice.connection_state() == ConnectionState::connected &&
                 bob.connection_state() == ConnectionState::connected;
        },
        30s);
  }
  void film(int count) {
    if (count == 0) return;
    const auto picture = hex("00000001 67 42c01f 00000001 68 ce3c80 00000001 65 0102030405");
    const auto frame = EncodedFrame::make(Bytes(picture), {.capture_time = world.now(), .key_frame = true});
    EXPECT_TRUE(video.sender().send_frame(frame));
    world.after(33ms, [this, count] { film(count - 1); });
  }
};

TEST(HostNetwork, CarriesACallBetweenRealPeersInVirtualTime) {
  const auto run = [](std::uint64_t seed) {
    VideoCall call(seed, {.name = "alice"}, {.name = "bob", .behind = NatConfig::port_restricted()});
    call.start();
    EXPECT_TRUE(call.connects()) << call.alice.why();
    call.film(30);
    call.world.run_for(2s);
    EXPECT_EQ(call.frames, 30);
    return call.world.trace_hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

// The telephone leaves the house during the call: its wireless network goes, its mobile one comes.
TEST(HostNetwork, LetsACallFollowAHostToAnotherInterface) {
  VideoCall call(3, {.name = "alice"}, {.name = "bob"});
  const HostId phone = call.alice_network.host();
  const SiteId carrier = call.world.add_nat(NatConfig::port_restricted(), {ip("203.0.113.9")});
  call.start();
  ASSERT_TRUE(call.connects()) << call.alice.why();
  call.film(30 * 20);
  call.world.run_for(2s);
  EXPECT_GT(call.frames, 50);

  call.world.add_interface(phone, {.name = "rmnet0", .addresses = {ip("10.64.0.5")}, .site = carrier});
  call.world.set_up(phone, "eth0", false);
  const int seen = call.frames;

  EXPECT_TRUE(call.world.run_until([&] { return call.frames > seen + 50; }, 15s))
      << call.alice.why() << ' ' << call.world.report();
}

// RFC 7983 7, of what is protected: RTP and RTCP begin alike.
bool is_media(const Packet& packet) {
  const auto first = std::to_integer<int>(packet.payload.bytes()[0]);
  return first >= 128 && first <= 191;
}

TEST(HostNetwork, CarriesTheMarksOfMediaAndMarksNothingUnasked) {
  for (const auto& [priority, dscp] : {std::pair(NetworkPriority::low, 0), {NetworkPriority::high, 34}}) {
    std::set<int> of_alices_media;
    std::set<int> of_the_rest;
    VideoCall call(4, {.name = "alice"}, {.name = "bob"}, priority);
    const IpAddress alice_ip = call.world.local_addresses(call.alice_network.host()).front().address;
    call.world.set_tap([&, alice_ip](std::uint64_t, const Packet& packet) {
      const bool hers = is_media(packet) && packet.source.address == alice_ip;
      (hers ? of_alices_media : of_the_rest).insert(packet.dscp);
      return Fate{};
    });
    call.start();
    ASSERT_TRUE(call.connects()) << call.alice.why();
    call.film(60);
    call.world.run_for(3s);
    EXPECT_EQ(call.frames, 60);
    EXPECT_EQ(of_alices_media, std::set{dscp});
    EXPECT_EQ(of_the_rest, std::set{0});
    EXPECT_GT(call.bob.stats().ecn.not_ect, 60u);
    EXPECT_EQ(call.bob.stats().ecn.ce, 0u);
  }
}

TEST(HostNetwork, LetsGatheringTakeItsTimeAndNoMore) {
  // A STUN server that does not answer holds gathering up.
  World world(1);
  asio::io_context context;
  HostNetwork network(world, world.add_host({.name = "a"}), context);
  PeerConnection peer(network, {.ice_servers = {{.url = "stun:198.18.99.99"}}});
  peer.add_transceiver(Kind::video).value();
  peer.set_local_description().value();
  std::optional<TimePoint> described;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const auto description = co_await peer.gathered_description(500ms);
        EXPECT_FALSE(description.sdp.empty());
        described = world.now();
      },
      asio::detached);
  world.run_for(1min);
  EXPECT_EQ(described, TimePoint(500ms));
}

}  // namespace
}  // namespace petrel::inline v0::sim
