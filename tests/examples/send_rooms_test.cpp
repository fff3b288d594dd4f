#include "send/rooms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "petrel/sim/world.hpp"
#include "send/room_client.hpp"
#include "support/seeded_random.hpp"

namespace transfer {
namespace {

using namespace std::chrono_literals;
using petrel::Duration;

static_assert(petrel::FlowCore<Rooms>);
static_assert(petrel::FlowCore<RoomClient>);

struct Member {
  std::unique_ptr<RoomClient> client;
  petrel::sim::HostId host;
  std::vector<RoomClient::Event> events{};

  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [](const RoomClient::Event& each) { return std::holds_alternative<E>(each); }));
  }
  template <class E>
  const E* last() const {
    for (auto each = events.rbegin(); each != events.rend(); ++each) {
      if (const auto* match = std::get_if<E>(&*each)) return match;
    }
    return nullptr;
  }
};

// The rooms and their guests on a virtual network; HTTP and WebSocket are real.
struct Scene {
  explicit Scene(RoomsConfig config = {})
      : world(1, {.latency = 20ms}),
        random(1),
        server(world.add_host({.name = "rooms", .addresses = {address}})) {
    config.listen = {address, 8085};
    config.access.hosts.push_back("203.0.113.80");
    rooms = std::make_unique<Rooms>(world.now(), std::move(config), random);
    world.attach(server, *rooms);
  }
  ~Scene() {
    for (const auto& member : members) world.detach(member->client.get());
    world.detach(rooms.get());
  }

  Member& enter(const std::string& path, Role role) {
    members.push_back(std::make_unique<Member>());
    Member& member = *members.back();
    const auto url = parse_room("http://203.0.113.80:8085" + path).value();
    member.client = std::make_unique<RoomClient>(world.now(), url, role, random);
    member.host = world.add_host({.name = "guest" + std::to_string(members.size())});
    world.attach(member.host, *member.client,
                 [&member](RoomClient::Event& event) { member.events.push_back(event); });
    return member;
  }
  bool until(const std::function<bool()>& done, Duration limit = 30s) { return world.run_until(done, limit); }
  void pass(Duration time) {
    static_cast<void>(world.run_until([] { return false; }, time));
  }

  const petrel::IpAddress address = petrel::IpAddress::v4(203, 0, 113, 80);
  petrel::sim::World world;
  petrel::testing::SeededRandom random;
  petrel::sim::HostId server;
  std::unique_ptr<Rooms> rooms;
  std::vector<std::unique_ptr<Member>> members;
};

TEST(Rooms, TwoMeetAndTheSecondOffers) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  ASSERT_TRUE(scene.until([&] { return first.count<Entered>() == 1; }));
  EXPECT_EQ(first.count<Met>(), 0u);
  Member& second = scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 1 && second.count<Met>() == 1; }));
  EXPECT_FALSE(first.last<Met>()->offers);
  EXPECT_TRUE(first.last<Met>()->role == Role::receive);
  EXPECT_TRUE(second.last<Met>()->offers);
  EXPECT_TRUE(second.last<Met>()->role == Role::send);

  second.client->send_description(scene.world.now(), {petrel::SdpType::offer, "v=0\r\n"});
  second.client->send_candidate(scene.world.now(), "candidate:1", "0");
  ASSERT_TRUE(scene.until([&] { return first.count<PeerCandidate>() == 1; }));
  EXPECT_EQ(first.last<PeerDescription>()->description.sdp, "v=0\r\n");
  EXPECT_EQ(first.last<PeerCandidate>()->candidate, "candidate:1");
  EXPECT_EQ(first.last<PeerCandidate>()->mid, "0");
  EXPECT_EQ(second.count<PeerDescription>(), 0u);
}

TEST(Rooms, AThirdIsRefusedAndMayComeWhenOneHasLeft) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  Member& second = scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 1; }));
  Member& third = scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return third.count<RoomLost>() == 1; }));
  EXPECT_FALSE(third.last<RoomLost>()->final);
  EXPECT_TRUE(third.last<RoomLost>()->may_be_full);

  second.client->close(scene.world.now());
  ASSERT_TRUE(scene.until([&] { return first.count<PeerLeft>() == 1; }));
  scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 2; }));
}

TEST(Rooms, RoomsDoNotHearEachOther) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  Member& second = scene.enter("/room/b", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Entered>() == 1 && second.count<Entered>() == 1; }));
  scene.pass(5s);
  EXPECT_EQ(first.count<Met>() + second.count<Met>(), 0u);
  EXPECT_EQ(scene.rooms->members(), 2u);
}

// After a break both may ask at once, and one new meeting comes of it.
TEST(Rooms, TheSameTwoMeetAgainWhenAsked) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  Member& second = scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 1 && second.count<Met>() == 1; }));
  first.client->ask_again(scene.world.now());
  second.client->ask_again(scene.world.now());
  // Of the meeting before: it must not reach the next.
  second.client->send_candidate(scene.world.now(), "candidate:old", "0");
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 2 && second.count<Met>() == 2; }));
  scene.pass(5s);
  EXPECT_EQ(first.count<Met>(), 2u);
  EXPECT_EQ(first.count<PeerCandidate>(), 0u);
}

TEST(Rooms, AMemberThatVanishesWithoutAWordIsMissed) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  Member& second = scene.enter("/room/a", Role::receive);
  ASSERT_TRUE(scene.until([&] { return first.count<Met>() == 1; }));
  scene.world.detach(second.client.get());
  EXPECT_TRUE(scene.until([&] { return first.count<PeerLeft>() == 1; }, Rooms::silence_limit + 15s));
  // Who is there and silent only for want of something to say stays.
  scene.pass(5min);
  EXPECT_EQ(first.count<RoomLost>(), 0u);
  EXPECT_EQ(scene.rooms->members(), 1u);
}

TEST(Rooms, AServerThatFallsSilentIsLost) {
  Scene scene;
  Member& first = scene.enter("/room/a", Role::send);
  ASSERT_TRUE(scene.until([&] { return first.count<Entered>() == 1; }));
  scene.world.detach(scene.rooms.get());
  EXPECT_TRUE(scene.until([&] { return first.count<RoomLost>() == 1; }, RoomClient::silence_limit + 5s));
  EXPECT_FALSE(first.last<RoomLost>()->final);
}

TEST(Rooms, WantTheTokenAndTheirOwnRoom) {
  RoomsConfig config;
  config.access.token = "word";
  config.only_room = "mine";
  Scene scene(config);
  Member& stranger = scene.enter("/room/mine", Role::any);
  Member& astray = scene.enter("/room/other?token=word", Role::any);
  Member& guest = scene.enter("/room/mine?token=word", Role::any);
  ASSERT_TRUE(scene.until([&] {
    return stranger.count<RoomLost>() == 1 && astray.count<RoomLost>() == 1 && guest.count<Entered>() == 1;
  }));
  EXPECT_TRUE(stranger.last<RoomLost>()->final);
  EXPECT_NE(stranger.last<RoomLost>()->detail.find("401"), std::string::npos);
  EXPECT_NE(astray.last<RoomLost>()->detail.find("404"), std::string::npos);
}

TEST(Rooms, NamesArePlain) {
  EXPECT_TRUE(is_room_name("a-B_9.c"));
  for (const char* name : {"", "a b", "a/b", "ä", "%41"}) EXPECT_FALSE(is_room_name(name)) << name;
  EXPECT_FALSE(is_room_name(std::string(65, 'a')));
}

TEST(RoomClient, ReadsTheAddressOfARoomOrItsPage) {
  EXPECT_EQ(petrel::http::to_string(*parse_room("http://h:8085/room/a?token=t")),
            "ws://h:8085/room/a?token=t");
  EXPECT_EQ(parse_room("https://h/room/a")->scheme, "wss");
  for (const char* text : {"h/room/a", "ws://h/", "ws://h/room/", "ftp://h/room/a"}) {
    EXPECT_FALSE(parse_room(text)) << text;
  }
}

}  // namespace
}  // namespace transfer
