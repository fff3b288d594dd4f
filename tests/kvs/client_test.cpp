#include "petrel/kvs/client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "kvs_service/service.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/sim/world.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::kvs {
namespace {

using namespace std::chrono_literals;
using kvs_service::Fault;
using kvs_service::Service;

static_assert(FlowCore<Client>);
static_assert(FlowCore<Service>);

constexpr std::int64_t wall_start = 1'705'314'645;

// A client with what it was told.
struct Party {
  std::unique_ptr<Client> client;
  std::vector<Event> events{};

  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](const Event& each) { return std::holds_alternative<E>(each); }));
  }
  template <class E>
  const E* last() const {
    for (auto each = events.rbegin(); each != events.rend(); ++each) {
      if (const auto* match = std::get_if<E>(&*each)) return match;
    }
    return nullptr;
  }
};

// The service, by name, and clients on hosts of a virtual network: TCP, HTTP, WebSocket and signatures are
// real.
struct Scene {
  explicit Scene(std::uint64_t seed = 1, sim::LinkConfig link = {.latency = 20ms})
      : world(seed, link), random(seed), server(world.add_host({.name = "service", .addresses = {address}})) {
    world.add_name("service.example", {address});
    world.attach(server, service);
  }
  ~Scene() {
    for (const auto& party : parties) world.detach(party->client.get());
    world.detach(&service);
  }

  Party& add(Role role, std::string id = {}, CredentialSource credentials = Credentials{"AKID", "secret"},
             std::int64_t unix_time = wall_start) {
    ClientConfig config{
        {.channel = "front-door", .region = "us-west-2", .role = role, .client_id = std::move(id)},
        std::move(credentials)};
    config.session.endpoint_url = "http://service.example:8080";
    parties.push_back(std::make_unique<Party>());
    Party& party = *parties.back();
    party.client = std::make_unique<Client>(Client::create(world.now(), config, unix_time, random).value());
    world.attach(world.add_host({.name = "client" + std::to_string(parties.size())}), *party.client,
                 [&party](Event& event) { party.events.push_back(event); });
    return party;
  }
  bool until(const std::function<bool()>& done, Duration limit = 30s) { return world.run_until(done, limit); }

  const IpAddress address = IpAddress::v4(203, 0, 113, 80);
  sim::World world;
  testing::SeededRandom random;
  sim::HostId server;
  Service service{TimePoint{},
                  {.listen = {address, 8080},
                   .authority = "service.example:8080",
                   .accounts = {{"AKID", {"secret"}}, {"TEMP", {"secret", "token"}}},
                   .turn_urls = {"turn:203.0.113.81:3478?transport=udp"},
                   .turn_secret = "north"},
                  wall_start,
                  random};
  std::vector<std::unique_ptr<Party>> parties;
};

TEST(Client, MasterAndViewerExchangeDescriptionsAndCandidates) {
  Scene scene;
  Party& master = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
  Party& viewer = scene.add(Role::viewer, "viewer-1");
  ASSERT_TRUE(viewer.client->send_offer(scene.world.now(), "v=0\r\n"));
  ASSERT_TRUE(viewer.client->send_candidate(scene.world.now(), {}, {"candidate:v", "0", 0}));
  ASSERT_TRUE(scene.until([&] { return master.count<Candidate>() == 1; }));
  EXPECT_EQ(master.last<Offer>()->peer, "viewer-1");
  EXPECT_EQ(master.last<Offer>()->sdp, "v=0\r\n");
  EXPECT_EQ(master.last<Candidate>()->candidate.candidate, "candidate:v");

  ASSERT_TRUE(master.client->send_answer(scene.world.now(), "viewer-1", "v=1\r\n"));
  ASSERT_TRUE(master.client->send_candidate(scene.world.now(), "viewer-1", {"candidate:m", "0", 0}));
  ASSERT_TRUE(scene.until([&] { return viewer.count<Candidate>() == 1; }));
  EXPECT_EQ(viewer.last<Answer>()->sdp, "v=1\r\n");

  const auto& servers = viewer.client->ice_servers();
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[1].urls[0], "turn:203.0.113.81:3478?transport=udp");
  EXPECT_FALSE(servers[1].credential.empty());
  EXPECT_EQ(master.client->send_offer(scene.world.now(), "v=0").error(), petrel::Errc::wrong_state);
}

TEST(Client, AFirstConnectionTakesFewRoundTrips) {
  Scene scene(1, {.latency = 50ms});
  Party& master = scene.add(Role::master);
  const TimePoint begin = scene.world.now();
  ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
  // One connection for describe, create, describe, endpoint and TURN servers, and the WebSocket: 6 turns of a
  // call, 2 connects, resolving, and nothing else.
  EXPECT_LT(scene.world.now() - begin, 1200ms);
}

TEST(Client, ThirtyKilobytesOfOfferArrive) {
  Scene scene(1, {.latency = 20ms, .loss_percent = 5});
  Party& master = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
  Party& viewer = scene.add(Role::viewer);
  const std::string sdp(30'000, 'x');
  ASSERT_TRUE(viewer.client->send_offer(scene.world.now(), sdp));
  ASSERT_TRUE(scene.until([&] { return master.count<Offer>() == 1; }));
  EXPECT_EQ(master.last<Offer>()->sdp, sdp);
}

TEST(Client, AnOfferWaitsForTheMaster) {
  Scene scene;
  Party& early = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return early.client->connected(); }));
  early.client->close(scene.world.now());
  scene.world.flush(early.client.get());
  Party& viewer = scene.add(Role::viewer, "viewer-1");
  ASSERT_TRUE(viewer.client->send_offer(scene.world.now(), "v=0"));
  scene.world.run_for(5s);
  Party& master = scene.add(Role::master);
  EXPECT_TRUE(scene.until([&] { return master.count<Offer>() == 1; }));
}

TEST(Client, ASecondMasterReplacesTheFirst) {
  Scene scene;
  Party& first = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return first.client->connected(); }));
  Party& second = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return second.client->connected(); }));
  EXPECT_TRUE(scene.until([&] { return first.count<Interrupted>() > 0; }));
}

TEST(Client, WrongKeysAreNamed) {
  Scene scene;
  Party& unknown = scene.add(Role::viewer, {}, Credentials{"NOBODY", "secret"});
  Party& wrong = scene.add(Role::viewer, {}, Credentials{"AKID", "other"});
  Party& expired = scene.add(Role::viewer, {}, Credentials{"TEMP", "secret", "old"});
  ASSERT_TRUE(
      scene.until([&] { return unknown.client->over() && wrong.client->over() && expired.client->over(); }));
  EXPECT_EQ(unknown.last<SessionFailed>()->error, Errc::bad_credentials);
  EXPECT_EQ(wrong.last<SessionFailed>()->error, Errc::bad_credentials);
  EXPECT_EQ(expired.last<SessionFailed>()->error, Errc::credentials_expired);
}

TEST(Client, TemporaryCredentialsOfTheOwner) {
  Scene scene;
  Party& master = scene.add(Role::master, {}, AskOwner{});
  ASSERT_TRUE(scene.until([&] { return master.count<CredentialsWanted>() == 1; }));
  master.client->set_credentials(scene.world.now(), {"TEMP", "secret", "token"});
  scene.world.flush(master.client.get());
  EXPECT_TRUE(scene.until([&] { return master.client->connected(); }));
}

TEST(Client, AwsIotGivesCredentialsAndRenewsThem) {
  Scene scene;
  const auto page = [&](std::string_view expiration) {
    return http::Response{
        http::Status::ok,
        {},
        R"({"credentials":{"accessKeyId":"TEMP","secretAccessKey":"secret","sessionToken":"token",)"
        R"("expiration":")" +
            std::string(expiration) + R"("}})"};
  };
  scene.service.pages()["/role-aliases/camera/credentials"] = page("2024-01-15T11:30:45Z");
  const IotProvider provider{
      .endpoint = "http://service.example:8080", .role_alias = "camera", .thing_name = "camera-7"};
  Party& master = scene.add(Role::master, {}, provider);
  ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
  scene.service.pages()["/role-aliases/camera/credentials"] = page("2024-01-15T23:30:45Z");
  scene.world.run_for(2h);
  EXPECT_TRUE(master.client->connected());
  EXPECT_EQ(master.count<Interrupted>(), 0U);
}

TEST(Client, AwsIotThatRefusesIsNamed) {
  Scene scene;
  const IotProvider provider{
      .endpoint = "http://service.example:8080", .role_alias = "camera", .thing_name = "camera-7"};
  Party& master = scene.add(Role::master, {}, provider);
  ASSERT_TRUE(scene.until([&] { return master.client->over(); }));
  EXPECT_EQ(master.last<SessionFailed>()->error, Errc::no_credentials);
  EXPECT_NE(master.last<SessionFailed>()->detail.find("role alias"), std::string::npos);
}

TEST(Client, AClockThatIsAnHourOffIsPutRight) {
  for (const std::int64_t off : {-3600, 3600}) {
    Scene scene;
    Party& master = scene.add(Role::master, {}, Credentials{"AKID", "secret"}, wall_start + off);
    EXPECT_TRUE(scene.until([&] { return master.client->connected(); }));
    EXPECT_EQ(master.client->stats().clock_corrections, 1U);
  }
}

TEST(Client, AServiceThatIsNotThereIsWaitedFor) {
  Scene scene;
  scene.world.detach(&scene.service);
  Party& master = scene.add(Role::master);
  scene.world.run_for(30s);
  EXPECT_FALSE(master.client->over());
  EXPECT_GT(master.count<Interrupted>(), 0U);
  EXPECT_NE(master.last<Interrupted>()->detail.find("service.example"), std::string::npos);
}

TEST(Client, ANameThatIsNotThereIsNamed) {
  Scene scene;
  Party& master = scene.add(Role::master);
  scene.world.add_name("service.example", {});
  scene.world.run_for(10s);
  EXPECT_FALSE(master.client->over());
}

// Every fault of the service that a call in progress has to survive.
TEST(Client, ComesBackFromEveryFault) {
  struct Case {
    std::string_view name;
    std::function<void(Scene&)> act;
    bool interrupts;
  };
  const auto all_faults = [](std::string call, Fault fault) {
    return [call = std::move(call), fault = std::move(fault)](Scene& scene) {
      scene.service.faults().calls[call] = {fault};
      scene.service.close_sockets(scene.world.now(), 1001);
      scene.world.flush(&scene.service);
    };
  };
  const Case cases[] = {
      {"GO_AWAY",
       [](Scene& scene) {
         scene.service.broadcast(scene.world.now(), R"({"messageType":"GO_AWAY"})");
         scene.world.flush(&scene.service);
       },
       false},
      {"RECONNECT_ICE_SERVER",
       [](Scene& scene) {
         scene.service.broadcast(scene.world.now(), R"({"messageType":"RECONNECT_ICE_SERVER"})");
         scene.world.flush(&scene.service);
       },
       false},
      {"an unknown type, an empty frame and nonsense",
       [](Scene& scene) {
         for (const std::string_view text : {R"({"messageType":"NEW"})", "", "{"}) {
           scene.service.broadcast(scene.world.now(), text);
         }
         scene.world.flush(&scene.service);
       },
       false},
      {"closed with 1001",
       [](Scene& scene) {
         scene.service.close_sockets(scene.world.now(), 1001);
         scene.world.flush(&scene.service);
       },
       true},
      {"closed without a code",
       [](Scene& scene) {
         scene.service.close_sockets(scene.world.now(), 0);
         scene.world.flush(&scene.service);
       },
       true},
      {"throttled", all_faults("connect", {400, "ClientLimitExceededException", ""}), true},
      {"access denied once", all_faults("connect", {403, "AccessDeniedException", ""}), true},
      {"token expired once", all_faults("connect", {403, "ExpiredTokenException", ""}), true},
      {"not found once", all_faults("connect", {404, "ResourceNotFoundException", ""}), true},
      {"failed once", all_faults("connect", {500, "InternalFailure", ""}), true},
      {"a clock that goes off",
       [](Scene& scene) {
         scene.service.faults().clock_ahead = 4000;
         scene.service.close_sockets(scene.world.now(), 1001);
         scene.world.flush(&scene.service);
       },
       true},
      {"silent for a minute",
       [](Scene& scene) {
         scene.service.faults().silent = true;
         scene.world.run_for(60s);
         scene.service.faults().silent = false;
       },
       true},
      {"deleted",
       [](Scene& scene) {
         scene.service.channels().remove(scene.parties[0]->client->channel_arn());
         scene.service.close_sockets(scene.world.now(), 0);
         scene.world.flush(&scene.service);
       },
       true},
  };
  for (const Case& each : cases) {
    Scene scene;
    Party& master = scene.add(Role::master);
    ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
    Party& viewer = scene.add(Role::viewer, "viewer-1");
    ASSERT_TRUE(scene.until([&] { return viewer.client->connected(); }));
    scene.world.run_for(15s);
    each.act(scene);
    scene.world.run_for(3s);
    ASSERT_TRUE(scene.until([&] { return master.client->connected() && viewer.client->connected(); }, 2min))
        << each.name;
    EXPECT_EQ(master.count<Interrupted>() > 0, each.interrupts) << each.name;
    // And it works: a new call goes through.
    ASSERT_TRUE(viewer.client->send_offer(scene.world.now(), "again")) << each.name;
    scene.world.flush(viewer.client.get());
    EXPECT_TRUE(scene.until([&] { return master.count<Offer>() == 1; })) << each.name;
  }
}

TEST(Client, ADayOfTheMasterIsNeverInterrupted) {
  Scene scene;
  Party& master = scene.add(Role::master);
  ASSERT_TRUE(scene.until([&] { return master.client->connected(); }));
  scene.world.run_for(24h);
  EXPECT_TRUE(master.client->connected());
  EXPECT_EQ(master.count<Interrupted>(), 0U);
  EXPECT_GE(master.client->stats().connections, 24U);
  EXPECT_LE(master.client->stats().connections, 30U);
  EXPECT_EQ(scene.service.sockets(), 1U);
}

TEST(Client, TheSameSeedGivesTheSamePackets) {
  const auto run = [] {
    Scene scene(7, {.latency = 20ms, .loss_percent = 5});
    Party& master = scene.add(Role::master);
    scene.until([&] { return master.client->connected(); });
    scene.add(Role::viewer);
    scene.world.run_for(60s);
    return scene.world.trace_hash();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace petrel::inline v0::kvs
