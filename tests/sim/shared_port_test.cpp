// Many real peers on the one UDP port of a HostNetwork.

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "petrel/peer_connection.hpp"
#include "petrel/sim/host_network.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;
using testing::hex;

constexpr std::uint16_t port = 50'000;
const IpAddress server_ip = IpAddress::v4(192, 0, 2, 1);
const Endpoint server_port{server_ip, port};

// A host on the internet with one port, and guests that send it video, each on a host of its own.
struct Crowd {
  struct Guest {
    explicit Guest(World& world, HostConfig host, asio::io_context& context, HostNetwork& server,
                   const PeerConfig& theirs_config, const PeerConfig& ours_config)
        : network(world, world.add_host(std::move(host)), context),
          theirs(std::in_place, network, theirs_config),
          ours(std::in_place, server, ours_config),
          video(theirs->add_transceiver(Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
                    .value()) {
      ours->on_track(
          [this](Transceiver track) { track.receiver().on_frame([this](const auto&) { ++frames; }); });
    }

    HostNetwork network;
    std::optional<PeerConnection> theirs;
    std::optional<PeerConnection> ours;
    Transceiver video;
    int frames = 0;
  };

  explicit Crowd(std::uint64_t seed, LinkConfig link = {})
      : openssl(seed), world(seed, link), server(world, server_host(), context, {.udp_port = port}) {
    world.on_time(set_wall_clock);
  }
  ~Crowd() {
    guests.clear();
    reset_wall_clock();
  }
  HostId server_host() { return world.add_host({.name = "server", .addresses = {server_ip}}); }

  Guest& invite(HostConfig host, PeerConfig theirs = {}, PeerConfig ours = {}) {
    theirs.certificate = ours.certificate = certificate;
    guests.push_back(
        std::make_unique<Guest>(world, std::move(host), context, server, std::move(theirs), std::move(ours)));
    Guest& guest = *guests.back();
    trickle(*guest.theirs, guest.ours);
    trickle(*guest.ours, guest.theirs);
    negotiate(guest);
    return guest;
  }
  static void trickle(PeerConnection& from, std::optional<PeerConnection>& to) {
    from.on_ice_candidate([&to](const LocalCandidate& each) {
      if (to) (void)to->add_ice_candidate(each.candidate, each.mid);
    });
  }
  static void negotiate(Guest& guest) {
    guest.theirs->set_local_description().value();
    guest.ours->set_remote_description(*guest.theirs->local_description()).value();
    guest.ours->set_local_description().value();
    guest.theirs->set_remote_description(*guest.ours->local_description()).value();
  }
  bool all(const std::function<bool(Guest&)>& holds) {
    return std::ranges::all_of(guests, [&](const auto& guest) { return holds(*guest); });
  }
  bool connect(Duration limit = 30s) {
    return world.run_until(
        [this] {
          return all([](Guest& guest) {
            return guest.theirs->connection_state() == ConnectionState::connected &&
                   guest.ours->connection_state() == ConnectionState::connected;
          });
        },
        limit);
  }
  // 30 frames a second from each guest for as long as the test runs.
  void film() {
    const auto picture = hex("00000001 67 42c01f 00000001 68 ce3c80 00000001 65 0102030405");
    const auto frame = EncodedFrame::make(Bytes(picture), {.capture_time = world.now(), .key_frame = true});
    for (const auto& guest : guests) {
      if (guest->theirs) (void)guest->video.sender().send_frame(frame);
    }
    world.after(33ms, [this] { film(); });
  }
  std::vector<int> count() const {
    std::vector<int> frames;
    for (const auto& guest : guests) frames.push_back(guest->frames);
    return frames;
  }
  // Whether every guest that is there has sent so many more since.
  bool have_grown(const std::vector<int>& since, int by) const {
    for (std::size_t i = 0; i < guests.size(); ++i) {
      if (guests[i]->theirs && guests[i]->frames < since[i] + by) return false;
    }
    return true;
  }

  testing::SeededOpenSsl openssl;
  World world;
  asio::io_context context;
  dtls::Certificate certificate =
      dtls::Certificate::generate(std::chrono::sys_seconds(std::chrono::seconds(World::wall_clock_epoch)))
          .value();
  HostNetwork server;
  std::vector<std::unique_ptr<Guest>> guests;
};

std::string ufrag_of(const PeerConnection& peer) {
  const std::string sdp = peer.local_description()->sdp;
  const std::size_t at = sdp.find("a=ice-ufrag:") + 12;
  return sdp.substr(at, sdp.find('\r', at) - at);
}

TEST(SharedPort, CarriesAllPeersOfANetwork) {
  for (const bool lite : {false, true}) {
    std::set<std::uint16_t> ports;
    Crowd crowd(5);
    crowd.world.set_tap([&](std::uint64_t, const Packet& packet) {
      if (packet.source.address == server_ip) ports.insert(packet.source.port);
      return Fate{};
    });
    for (const NatConfig& nat : {NatConfig::symmetric(), NatConfig::port_restricted(), NatConfig::full_cone(),
                                 NatConfig::symmetric()}) {
      crowd.invite({.name = "guest", .behind = nat}, {}, {.ice_lite = lite});
    }
    crowd.invite({.name = "open"}, {}, {.ice_lite = lite});
    ASSERT_TRUE(crowd.connect()) << crowd.world.report();
    crowd.film();
    crowd.world.run_for(1min);
    EXPECT_TRUE(crowd.have_grown(std::vector(5, 0), 1750)) << (lite ? "lite" : "full");
    EXPECT_EQ(ports, std::set{port});
    EXPECT_EQ(crowd.server.shared_port_stats().contested, 0u);
  }
}

TEST(SharedPort, CarriesThemThroughLossAndFromBehindOneNat) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Crowd crowd(seed, {.latency = 30ms, .jitter = 10ms, .loss_percent = 10});
    const SiteId house = crowd.world.add_nat(NatConfig::port_restricted(), {IpAddress::v4(203, 0, 113, 7)});
    for (int i = 0; i < 4; ++i) crowd.invite({.name = "guest", .site = house});
    ASSERT_TRUE(crowd.connect(60s)) << crowd.world.report();
    crowd.film();
    const auto before = crowd.count();
    EXPECT_TRUE(crowd.world.run_until([&] { return crowd.have_grown(before, 300); }, 1min))
        << crowd.world.report();
  }
}

TEST(SharedPort, IsTheSameRunForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    Crowd crowd(seed);
    for (int i = 0; i < 3; ++i) crowd.invite({.name = "guest", .behind = NatConfig::port_restricted()});
    EXPECT_TRUE(crowd.connect());
    crowd.film();
    crowd.world.run_for(5s);
    return crowd.world.trace_hash();
  };
  EXPECT_EQ(run(7), run(7));
}

TEST(SharedPort, KnowsBothGenerationsOfARestart) {
  Crowd crowd(2);
  for (int i = 0; i < 3; ++i) crowd.invite({.name = "guest", .behind = NatConfig::port_restricted()});
  ASSERT_TRUE(crowd.connect());
  crowd.film();
  crowd.world.run_for(1s);
  EXPECT_EQ(crowd.server.shared_port_sizes().ufrags, 3u);

  Crowd::Guest& guest = *crowd.guests[1];
  const std::string old = ufrag_of(*guest.ours);
  const auto before = crowd.count();
  guest.theirs->restart_ice();
  Crowd::negotiate(guest);
  EXPECT_NE(ufrag_of(*guest.ours), old);
  EXPECT_TRUE(crowd.world.run_until([&] { return crowd.server.shared_port_sizes().ufrags == 4; }, 100ms));
  crowd.world.run_for(10s);

  EXPECT_EQ(crowd.server.shared_port_sizes().ufrags, 3u) << "the old generation is over";
  EXPECT_TRUE(crowd.have_grown(before, 290)) << "without a gap";
  EXPECT_EQ(crowd.server.shared_port_stats().contested, 0u);
}

TEST(SharedPort, LivesOnWhenOneOfItsPeersCloses) {
  Crowd crowd(3);
  for (int i = 0; i < 3; ++i) crowd.invite({.name = "guest", .behind = NatConfig::port_restricted()});
  ASSERT_TRUE(crowd.connect());
  crowd.film();
  crowd.world.run_for(1s);
  const auto before = crowd.server.shared_port_stats();

  // Its guest does not hear of it: it goes on sending for as long as consent lasts.
  const HostId quiet = crowd.guests[1]->network.host();
  crowd.world.downlink(quiet).reconfigure({.loss_percent = 100});
  crowd.guests[1]->ours.reset();
  const auto frames = crowd.count();
  crowd.world.run_for(10s);

  EXPECT_EQ(crowd.count()[1], frames[1]);
  EXPECT_GT(crowd.count()[0], frames[0] + 290);
  EXPECT_GT(crowd.count()[2], frames[2] + 290);
  const auto& after = crowd.server.shared_port_stats();
  EXPECT_GT(after.unknown_source, before.unknown_source + 290) << "late media";
  EXPECT_GT(after.unknown_ufrag, before.unknown_ufrag) << "late checks";

  crowd.guests.clear();
  crowd.world.run_for(1s);
  const auto sizes = crowd.server.shared_port_sizes();
  EXPECT_EQ(sizes.ufrags + sizes.addresses + sizes.requests, 0u);
}

// ---- A flood --------------------------------------------------------------------------

// Sends whatever it is given from a socket of its own.
struct Attacker final : io::NetworkUser {
  explicit Attacker(HostNetwork& its_network) : network(its_network), id(network.attach(*this)) {
    network.request(id, BindUdp{FlowId{1}, {network.local_addresses().front().address, 6666}});
  }
  ~Attacker() { network.detach(id); }
  void send(Bytes bytes) {
    Transmit transmit{FlowId{1}, server_port, PacketBuffer::copy_of(bytes).value()};
    network.send(id, {&transmit, 1});
  }
  void on_datagrams(std::span<const Datagram> datagrams) override { answers += datagrams.size(); }
  void on_flow(FlowId, const FlowChange&) override {}
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {}
  void on_writable() override {}
  void on_network_gone() override {}

  HostNetwork& network;
  io::NetworkUserId id;
  std::size_t answers = 0;
};

PacketBuffer forged_check(SeededRandom& random, const std::string& username) {
  stun::TransactionId id{};
  random.fill(id);
  crypto::HmacSha1Key wrong(as_bytes("not the password of anybody"));
  stun::Builder check(stun::Class::request, stun::Method::binding, id);
  check.username(username).priority(1).ice_controlling(1).use_candidate();
  return check.finish({.integrity = &wrong}).value();
}

TEST(SharedPort, IsNotDisturbedByAFlood) {
  Crowd crowd(4);
  for (int i = 0; i < 3; ++i) crowd.invite({.name = "guest"});
  ASSERT_TRUE(crowd.connect());
  crowd.film();
  crowd.world.run_for(1s);
  HostNetwork outside(crowd.world, crowd.world.add_host({.name = "attacker"}), crowd.context);
  Attacker attacker(outside);
  const std::string known = ufrag_of(*crowd.guests[0]->ours);
  SeededRandom random(9);
  const auto sizes = crowd.server.shared_port_sizes();
  const auto stats = crowd.server.shared_port_stats();
  const auto frames = crowd.count();

  constexpr int rounds = 5000;
  std::function<void(int)> flood = [&](int left) {
    if (left == 0) return;
    std::array<std::byte, 100> garbage{};
    random.fill(garbage);
    attacker.send(garbage);
    garbage[0] = std::byte{0x80};
    attacker.send(garbage);
    attacker.send(forged_check(random, "guess" + std::to_string(left) + ":x").bytes());
    attacker.send(forged_check(random, known + ":x").bytes());
    crowd.world.after(2ms, [&flood, left] { flood(left - 1); });
  };
  crowd.world.after(0ms, [&] { flood(rounds); });
  crowd.world.run_for(rounds * 2ms + 1s);

  EXPECT_TRUE(crowd.have_grown(frames, 320)) << "of 333";
  EXPECT_TRUE(crowd.all(
      [](Crowd::Guest& guest) { return guest.theirs->connection_state() == ConnectionState::connected; }));
  // A consent check or two may be under way at either instant.
  EXPECT_EQ(crowd.server.shared_port_sizes().addresses, sizes.addresses);
  EXPECT_EQ(crowd.server.shared_port_sizes().ufrags, sizes.ufrags);
  EXPECT_LE(crowd.server.shared_port_sizes().requests, 3u);
  const auto& after = crowd.server.shared_port_stats();
  EXPECT_GE(after.unknown_ufrag - stats.unknown_ufrag, std::uint64_t{rounds});
  EXPECT_GE(after.unknown_source - stats.unknown_source, std::uint64_t{rounds});
  EXPECT_EQ(after.contested, 0u);
  EXPECT_LE(attacker.answers, std::size_t{rounds}) << "refusals of what names a peer, and nothing more";
}

// ---- Relays ---------------------------------------------------------------------------

// What TURN servers send says nothing about whose it is: each client has a port of its own.
TEST(SharedPort, LeavesTurnClientsASocketOfTheirOwn) {
  std::set<std::uint16_t> to_relay;
  Crowd crowd(6);
  const IpAddress relay_ip = IpAddress::v4(198, 51, 100, 1);
  SeededRandom random(3);
  auto relay = turn_server::Server::create({},
                                           {.listeners = {{{relay_ip, 3478}}},
                                            .realm = "example.org",
                                            .users = {{"ada", "secret"}},
                                            .own_addresses = {relay_ip},
                                            .unix_time = World::wall_clock_epoch},
                                           random)
                   .value();
  crowd.world.attach(crowd.world.add_host({.name = "relay", .addresses = {relay_ip}}), relay);
  crowd.world.set_tap([&](std::uint64_t, const Packet& packet) {
    if (packet.source.address == server_ip && packet.destination.address == relay_ip)
      to_relay.insert(packet.source.port);
    return Fate{};
  });
  PeerConfig ours;
  ours.ice_servers = {{"turn:198.51.100.1", "ada", "secret"}};
  ours.ice_transport_policy = ice::TransportPolicy::relay;
  // Of a range that the server relays to; the world's own choice, RFC 2544's, it does not.
  for (std::uint8_t i = 1; i <= 3; ++i)
    crowd.invite({.name = "guest", .addresses = {IpAddress::v4(203, 0, 113, i)}}, {}, ours);

  ASSERT_TRUE(crowd.connect()) << crowd.guests[0]->ours->why() << crowd.world.report();
  crowd.film();
  const auto before = crowd.count();
  crowd.world.run_for(5s);
  EXPECT_TRUE(crowd.have_grown(before, 130));
  EXPECT_EQ(relay.stats().allocations, 3u);
  EXPECT_EQ(to_relay.size(), 3u);
  EXPECT_FALSE(to_relay.contains(port));

  crowd.guests.clear();
  crowd.world.run_for(1s);
  EXPECT_EQ(relay.stats().allocations, 0u) << "given back";
  crowd.world.detach(&relay);
}

TEST(SharedPort, FindsOutHowItLooksFromOutside) {
  Crowd crowd(7);
  const SiteId cloud = crowd.world.add_nat(NatConfig::full_cone(), {IpAddress::v4(203, 0, 113, 50)});
  const IpAddress inside = IpAddress::v4(10, 0, 9, 9);
  HostNetwork server(crowd.world,
                     crowd.world.add_host({.name = "inside", .addresses = {inside}, .site = cloud}),
                     crowd.context, {.udp_port = port});
  SeededRandom random(3);
  const IpAddress stun_ip = IpAddress::v4(198, 51, 100, 1);
  auto stun = turn_server::Server::create({},
                                          {.listeners = {{{stun_ip, 3478}}},
                                           .realm = "example.org",
                                           .users = {{"ada", "secret"}},
                                           .own_addresses = {stun_ip}},
                                          random)
                  .value();
  crowd.world.attach(crowd.world.add_host({.name = "stun", .addresses = {stun_ip}}), stun);
  std::vector<std::string> reflexive;
  std::vector<std::unique_ptr<PeerConnection>> peers;
  for (int i = 0; i < 3; ++i) {
    PeerConfig config;
    config.certificate = crowd.certificate;
    config.ice_servers = {{"stun:198.51.100.1"}};
    peers.push_back(std::make_unique<PeerConnection>(server, config));
    peers.back()->on_ice_candidate([&](const LocalCandidate& each) {
      if (each.candidate.find("srflx") != std::string::npos) reflexive.push_back(each.candidate);
    });
    peers.back()->add_transceiver(Kind::video).value();
    peers.back()->set_local_description().value();
  }
  EXPECT_TRUE(crowd.world.run_until([&] { return reflexive.size() == 3; }, 5s)) << reflexive.size();
  for (const std::string& each : reflexive) EXPECT_NE(each.find("203.0.113.50"), std::string::npos) << each;
  peers.clear();
  crowd.world.detach(&stun);
}

}  // namespace
}  // namespace petrel::inline v0::sim
