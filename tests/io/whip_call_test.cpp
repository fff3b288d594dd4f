#include "petrel/io/whip_call.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "petrel/whip/errc.hpp"
#include "support/seeded_random.hpp"
#include "whip_scene.hpp"

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;
using http::Method;

TEST(WhipCall, PublishesToAServer) {
  CallScene scene;
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 20; }));
  EXPECT_TRUE(scene.call->connected());
  EXPECT_TRUE(scene.call->established());
  EXPECT_EQ(scene.peers, 1u);
  EXPECT_EQ(scene.count<Interrupted>() + scene.count<Warning>() + scene.count<Failed>(), 0u);

  scene.call->close();
  ASSERT_TRUE(scene.world.run_until([&] { return scene.count<Closed>() == 1; }, 5s));
  EXPECT_EQ(scene.server.asked(Method::delete_), 1u);
  EXPECT_TRUE(scene.server.sessions.empty());
  EXPECT_EQ(scene.call->peer(), nullptr);
}

TEST(WhipCall, PlaysFromAServer) {
  CallScene scene;
  scene.play();
  ASSERT_TRUE(scene.film_until([&] { return scene.frames >= 20; }));
}

TEST(WhipCall, ComesBackWithAnotherPeerWhenTheServerHasEndedTheSession) {
  CallScene scene;
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  scene.server.sessions.clear();  // Says goodbye by DTLS.
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  EXPECT_EQ(scene.peers, 2u);
  ASSERT_EQ(scene.count<Interrupted>(), 1u);
  EXPECT_EQ(scene.last<Interrupted>()->error, Errc::session_gone);
}

TEST(WhipCall, RestartsIceWhenTheNetworkHasChangedAndKeepsItsSession) {
  CallScene scene;
  const IpAddress other = IpAddress::v4(198, 51, 100, 7);
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  const auto before = scene.network.local_addresses();
  scene.world.add_address(scene.client_host, other);
  for (const LocalAddress& each : before) scene.world.remove_address(scene.client_host, each.address);
  const std::size_t seen = scene.arrived();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= seen + 20; }));
  EXPECT_EQ(scene.peers, 1u);
  EXPECT_EQ(scene.server.asked(Method::post), 1u);
}

TEST(WhipCall, RestartsIceWhenItIsDisconnected) {
  // Media is cut for a while, and HTTP is not. The scene asks to the end.
  bool is_cut = true;
  CallScene scene;
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  scene.world.set_tap([&](std::uint64_t, const sim::Packet& packet) {
    return is_cut && packet.protocol == TransportProtocol::udp ? sim::Fate{.drop = true} : sim::Fate{};
  });
  ASSERT_TRUE(scene.film_until([&] {
    return std::ranges::any_of(scene.server.http.asked, [](const http::Request& each) {
      return each.method == Method::patch && each.headers.get("If-Match") == "*";
    });
  }));
  is_cut = false;
  const std::size_t seen = scene.arrived();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= seen + 20; }));
  EXPECT_EQ(scene.peers, 1u);
  EXPECT_EQ(scene.count<Interrupted>(), 0u);
}

TEST(WhipCall, BeginsAgainWhereIceCannotBeRestarted) {
  bool is_cut = true;  // The scene asks to the end.
  CallScene scene;
  scene.server.mangle = [](const http::Request& request) -> std::optional<http::Response> {
    if (request.method != Method::patch) return std::nullopt;
    return http::problem(http::Status::method_not_allowed, "no PATCH here");
  };
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  scene.world.set_tap([&](std::uint64_t, const sim::Packet& packet) {
    return is_cut && packet.protocol == TransportProtocol::udp ? sim::Fate{.drop = true} : sim::Fate{};
  });
  ASSERT_TRUE(scene.film_until([&] { return scene.count<Interrupted>() == 1; }));
  is_cut = false;
  const std::size_t patches = scene.server.asked(Method::patch);
  ASSERT_TRUE(scene.film_until([&] { return scene.peers >= 2 && scene.call->connected(); }));
  EXPECT_EQ(scene.server.asked(Method::patch), patches) << "the server is remembered";
  const auto offers = scene.server.http.asked;
  const auto last = std::ranges::find(offers.rbegin(), offers.rend(), Method::post, &http::Request::method);
  EXPECT_NE(last->body.find("a=candidate:"), std::string::npos);
  EXPECT_NE(last->body.find("a=end-of-candidates"), std::string::npos);
}

TEST(WhipCall, WaitsForItsCandidatesIfItIsTold) {
  CallScene scene;
  scene.publish({.wait_for_candidates = true});
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  EXPECT_EQ(scene.server.asked(Method::patch), 0u);
}

TEST(WhipCall, AskedWithoutATokenItSaysSoAndEnds) {
  CallScene scene;
  scene.server.mangle = [](const http::Request& request) -> std::optional<http::Response> {
    if (request.headers.get("Authorization") == "Bearer right") return std::nullopt;
    return http::problem(http::Status::unauthorized, "who are you?");
  };
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.count<Failed>() == 1; }));
  EXPECT_EQ(scene.last<Failed>()->error, Errc::unauthorized);
  EXPECT_EQ(scene.call->peer(), nullptr);
  scene.call->close();
  ASSERT_TRUE(scene.world.run_until([&] { return scene.count<Closed>() == 1; }, 5s));

  scene.publish({.bearer_token = "right"});
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
}

TEST(WhipCall, AServerThatTakesNoneOfOurMediaEndsIt) {
  CallScene scene;
  scene.server.config.video_codecs = {vp8()};
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.count<Failed>() == 1; }));
  EXPECT_EQ(scene.last<Failed>()->error, Errc::not_acceptable);
  ASSERT_TRUE(scene.film_until([&] { return scene.server.asked(Method::delete_) == 1; }));
}

TEST(WhipCall, AnAnswerThatIsNoDescriptionEndsIt) {
  CallScene scene;
  scene.server.mangle = [](const http::Request& request) -> std::optional<http::Response> {
    if (request.method != Method::post) return std::nullopt;
    return created({"x", "y", "v=0\r\nnonsense"}, "/whip");
  };
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.count<Failed>() == 1; }));
  EXPECT_NE(scene.last<Failed>()->detail.find("answer cannot be used"), std::string::npos);
}

TEST(WhipCall, UsesWhatTheServerRecommends) {
  CallScene scene;
  scene.server.recommended = {{"turn:203.0.113.81", "u", "p"}, {"turn:a?transport=carrier-pigeon", "u", "p"}};
  scene.options.peer.ice_servers = {{.url = "stun:203.0.113.82"}};
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }));
  const auto servers = scene.call->ice_servers();
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].url, "stun:203.0.113.82");
  EXPECT_EQ(servers[1].credential, "p");
  scene.call->set_ice_servers({});
  EXPECT_EQ(scene.call->ice_servers().size(), 1u);
}

TEST(WhipCall, GetsThroughLossAndServersThatFailNowAndThen) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallScene scene(seed, {.latency = 40ms, .jitter = 10ms, .loss_percent = 5});
    testing::SeededRandom dice(seed);
    scene.server.mangle = [&](const http::Request&) -> std::optional<http::Response> {
      if (dice.between(0, 9) < 6) return std::nullopt;
      return http::problem(http::Status::service_unavailable, "busy");
    };
    scene.publish();
    ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 20; }, 300s)) << "seed " << seed;
    scene.server.sessions.clear();
    ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 20; }, 300s)) << "seed " << seed;
    scene.call->close();
    ASSERT_TRUE(scene.world.run_until([&] { return scene.count<Closed>() == 1; }, 10s)) << "seed " << seed;
  }
}

TEST(WhipCall, TellsByCoroutineToo) {
  CallScene scene;
  scene.publish();
  Call other(scene.network, {.url = "http://203.0.113.80:8080/whip"}, [](PeerConnection& peer) {
    (void)peer.add_transceiver(Kind::video, {.direction = Direction::send_only});
  });
  bool done = false;
  asio::co_spawn(
      scene.context,
      [&]() -> asio::awaitable<void> {
        for (;;) {
          const auto event = co_await other.next_event();
          if (!event) break;
          const auto* changed = std::get_if<StateChanged>(&*event);
          if (changed != nullptr && changed->state == ConnectionState::connected) other.close();
        }
        done = true;
      },
      asio::detached);
  EXPECT_TRUE(scene.world.run_until([&] { return done; }, 30s));
}

TEST(WhipCall, MayBeDestroyedInItsOwnCallbackAndOutliveItsNetwork) {
  CallScene scene;
  scene.publish();
  scene.call->on_event([&](const CallEvent&) { scene.call.reset(); });
  ASSERT_TRUE(scene.world.run_until([&] { return !scene.call; }, 30s));

  auto network = std::make_unique<sim::HostNetwork>(scene.world, scene.client_host, scene.context);
  Call call(*network, {.url = "http://203.0.113.80:8080/whip"}, [](PeerConnection&) {});
  network.reset();
  call.close();
  EXPECT_EQ(call.peer(), nullptr);
}

TEST(WhipCall, ChecksItsConfiguration) {
  CallScene scene;
  const auto nothing = [](PeerConnection&) {};
  EXPECT_THROW(Call(scene.network, {.url = "nonsense"}, nothing), std::system_error);
  EXPECT_THROW(Call(scene.network, {.url = "http://a", .bearer_token = "\n"}, nothing), std::system_error);
}

}  // namespace
}  // namespace petrel::inline v0::whip
