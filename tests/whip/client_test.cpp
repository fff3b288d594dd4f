#include "petrel/whip/client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "petrel/http/errc.hpp"
#include "petrel/sim/world.hpp"
#include "petrel/whip/server.hpp"
#include "scripted_server.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;

static_assert(FlowCore<Client>);
static_assert(FlowCore<ScriptedServer>);

constexpr std::string_view offer =
    "v=0\r\na=ice-ufrag:our1\r\na=ice-pwd:ourpassword\r\nm=video 9 x 96\r\na=mid:0\r\n";
constexpr std::string_view answer =
    "v=0\r\na=ice-ufrag:srv1\r\na=ice-pwd:serverpassword\r\nm=video 9 x 96\r\na=mid:0\r\na=setup:passive\r\n";

// A client and a server by name on a virtual network: names, TCP and HTTP are real.
struct Scene {
  explicit Scene(ScriptedServer::Script script, std::uint64_t seed = 1,
                 sim::LinkConfig link = {.latency = 20ms})
      : world(seed, link), random(seed), server({address, 8080}, std::move(script)) {
    world.add_name("server.example", {address});
    world.attach(world.add_host({.name = "server", .addresses = {address}}), server);
  }
  ~Scene() {
    if (client) world.detach(&*client);
    world.detach(&server);
  }
  void start() {
    client = Client::create(world.now(), {{.url = "http://server.example:8080/whip"}, {}}, random).value();
    world.attach(world.add_host({.name = "client"}), *client, [this](Event& event) {
      if (std::holds_alternative<OfferWanted>(event)) wanted = true;
      events.push_back(std::move(event));
    });
  }
  // As a driver does: outside of the client's own event.
  bool until(const std::function<bool()>& done, Duration limit = 120s) {
    const TimePoint end = world.now() + limit;
    while (world.now() < end) {
      if (!world.run_until([&] { return wanted || done(); }, end - world.now())) return false;
      if (done()) return true;
      if (!std::exchange(wanted, false)) return true;
      EXPECT_TRUE(client->send_offer(world.now(), std::string(offer)));
      world.flush(&*client);
    }
    return false;
  }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](const Event& each) { return std::holds_alternative<E>(each); }));
  }

  const IpAddress address = IpAddress::v4(203, 0, 113, 80);
  sim::World world;
  testing::SeededRandom random;
  ScriptedServer server;
  std::optional<Client> client;
  std::vector<Event> events;
  bool wanted = false;
};

// What this module's own server half answers to sessions that it knows.
std::optional<http::Response> respond(const http::Request& request) {
  const auto action = route(request, "/whip");
  if (!action) return http::problem(http::Status::not_found, "no");
  if (const auto* response = std::get_if<http::Response>(&*action)) return *response;
  if (std::holds_alternative<SessionCreate>(*action)) {
    return created({"abc", "g1", std::string(answer)}, "/whip");
  }
  if (const auto* trickle = std::get_if<SessionTrickle>(&*action)) {
    if (trickle->fragment.ufrag == "our1") {
      return matches_etag(*trickle->if_match, "g1") ? no_content() : stale_generation();
    }
    return restarted("g2", {"srv2", "newpassword", {}});
  }
  return no_content();
}

TEST(Client, TalksToTheServerHalfOfThisModule) {
  Scene scene(respond);
  scene.start();
  ASSERT_TRUE(scene.until([&] { return scene.client->established(); }));
  ASSERT_TRUE(
      scene.client->send_candidate(scene.world.now(), {"candidate:1 1 udp 1 192.0.2.1 9 typ host", "0"}));
  ASSERT_TRUE(scene.client->restart_ice(scene.world.now(),
                                        "a=ice-ufrag:our2\r\na=ice-pwd:otherpassword\r\nm=video 9 x 96\r\n"));
  scene.world.flush(&*scene.client);
  ASSERT_TRUE(scene.until([&] { return scene.count<Restarted>() == 1; }));
  scene.client->close(scene.world.now());
  scene.world.flush(&*scene.client);
  ASSERT_TRUE(scene.until([&] { return scene.count<Closed>() == 1; }));
  EXPECT_TRUE(scene.client->over());
  EXPECT_EQ(scene.count<Warning>(), 0u);
  EXPECT_EQ(scene.server.asked.back().method, http::Method::delete_);
}

TEST(Client, GetsThroughAServerThatOftenDoesNotAnswer) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    testing::SeededRandom dice(seed);
    Scene scene(
        [&](const http::Request& request) -> std::optional<http::Response> {
          const auto roll = dice.between(0, 9);
          if (roll < 3) return std::nullopt;
          if (roll < 5) return http::problem(http::Status::service_unavailable, "busy");
          return respond(request);
        },
        seed, {.latency = 30ms, .jitter = 20ms, .loss_percent = 5});
    scene.start();
    ASSERT_TRUE(scene.until([&] { return scene.client->established(); }, 300s)) << "seed " << seed;
    // Each PATCH is answered in the end, or said to have failed.
    ASSERT_TRUE(
        scene.client->send_candidate(scene.world.now(), {"candidate:1 1 udp 1 192.0.2.1 9 typ host", "0"}));
    scene.world.flush(&*scene.client);
    scene.world.run_for(60s);
    ASSERT_TRUE(scene.client->established()) << "seed " << seed;
    ASSERT_TRUE(
        scene.client->restart_ice(scene.world.now(), "a=ice-ufrag:our2\r\na=ice-pwd:otherpassword\r\n"));
    scene.world.flush(&*scene.client);
    ASSERT_TRUE(
        scene.until([&] { return scene.count<Restarted>() + scene.count<RestartRefused>() == 1; }, 120s))
        << "seed " << seed;
    scene.client->close(scene.world.now());
    scene.world.flush(&*scene.client);
    ASSERT_TRUE(scene.until([&] { return scene.count<Closed>() == 1; }, 10s)) << "seed " << seed;
  }
}

TEST(Client, SaysThatTheNameIsNotFoundAndGoesOn) {
  sim::World world(1);
  testing::SeededRandom random(1);
  Client client = Client::create(world.now(), {{.url = "http://nowhere.example/"}, {}}, random).value();
  std::vector<Event> events;
  world.attach(world.add_host({.name = "client"}), client, [&](Event& event) { events.push_back(event); });
  world.run_until([&] { return events.size() == 3; }, 60s);
  ASSERT_GE(events.size(), 3u);
  for (const Event& event : events) {
    const auto* interrupted = std::get_if<Interrupted>(&event);
    ASSERT_TRUE(interrupted);
    EXPECT_NE(interrupted->detail.find("nowhere.example"), std::string::npos);
  }
  world.detach(&client);
}

TEST(Client, ChecksItsConfiguration) {
  testing::SeededRandom random(1);
  EXPECT_EQ(Client::create({}, {{.url = "ftp://a"}, {}}, random).error(), http::Errc::unsupported_scheme);
}

}  // namespace
}  // namespace petrel::inline v0::whip
