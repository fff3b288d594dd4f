#include "camera/kvs_publisher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvs_service/service.hpp"
#include "petrel/sim/host_network.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "petrel/sim/world.hpp"
#include "shared/user_error.hpp"
#include "support/seeded_random.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
using petrel::ConnectionState;
namespace kvs = petrel::kvs;
namespace sim = petrel::sim;

// Its pictures are not what is tested.
struct NoPicture final : FrameSource {
  std::optional<petrel::Duration> next_due() const override { return petrel::Duration{}; }
  std::optional<AccessUnit> next() override { return std::nullopt; }
  void force_key_frame() override { ++key_frames; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42e01f"; }
  std::string description() const override { return "nothing"; }

  int key_frames = 0;
};

struct Environment {
  Environment() {
    for (const char* name : {"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"}) {
      ::unsetenv(name);
    }
    ::setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    ::setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    ::setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", "very-secret", 1);
  }
};

// The stand-in for the service, a camera and its viewers, each on a host of a virtual network.
struct Scene {
  explicit Scene(std::size_t max_viewers = 8)
      : service_host(world.add_host({.name = "service", .addresses = {address}})),
        camera_network(world, world.add_host({.name = "camera"}), context),
        service(world.now(),
                {.listen = {address, 8080},
                 .authority = "203.0.113.80:8080",
                 .accounts = {{"AKID", {"very-secret"}}},
                 .turn_urls = {"turn:203.0.113.81:3478?transport=udp"},
                 .turn_secret = "north"},
                camera_network.unix_time(), random),
        viewers(camera_network, source, {petrel::PeerConfig{}, max_viewers}) {
    world.on_time(sim::set_wall_clock);
    world.attach(service_host, service);
  }
  ~Scene() {
    world.detach(&service);
    sim::reset_wall_clock();
  }

  kvs::SessionConfig session(kvs::Role role, std::string id = {}) const {
    kvs::SessionConfig config{
        .channel = "front-door", .region = "us-west-2", .role = role, .client_id = std::move(id)};
    config.endpoint_url = "http://203.0.113.80:8080";
    return config;
  }
  void publish() {
    publisher.emplace(camera_network, viewers, session(kvs::Role::master), std::vector<petrel::IceServer>{},
                      [this] { ++failures; });
  }
  // The channel is there then: a viewer does not make one.
  void start() {
    publish();
    ASSERT_TRUE(until([&] { return service.sockets() == 1; }));
  }
  bool until(const std::function<bool()>& done, petrel::Duration limit = 30s) {
    return world.run_until(done, limit);
  }
  std::size_t watching() const {
    const std::string text = viewers.statistics();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\"state\":\"connected\"", at)) != text.npos; ++at) ++count;
    return count;
  }

  const Environment environment;
  const petrel::IpAddress address = petrel::IpAddress::v4(203, 0, 113, 80);
  sim::World world{1, {.latency = 20ms}};
  asio::io_context context;
  petrel::testing::SeededRandom random{1};
  sim::HostId service_host;
  sim::HostNetwork camera_network;
  kvs_service::Service service;
  NoPicture source;
  Viewers viewers;
  std::optional<KvsPublisher> publisher;
  int failures = 0;
};

// One who calls the channel, as AWS's samples do.
class Caller {
 public:
  Caller(Scene& scene, const std::string& id)
      : network_(scene.world, scene.world.add_host({.name = id}), scene.context),
        signaling_(network_, scene.session(kvs::Role::viewer, id)) {
    signaling_.on_event([this](const kvs::Event& event) {
      if (const auto* answer = std::get_if<kvs::Answer>(&event)) {
        ++answers;
        (void)peer->set_remote_description({petrel::SdpType::answer, answer->sdp});
      } else if (const auto* candidate = std::get_if<kvs::Candidate>(&event)) {
        (void)peer->add_ice_candidate(candidate->candidate.candidate,
                                      candidate->candidate.sdp_mid.value_or(""));
      }
    });
  }

  void call() {
    peer.emplace(network_);
    ASSERT_TRUE(peer->add_transceiver(petrel::Kind::video, {.direction = petrel::Direction::recv_only}));
    peer->on_ice_candidate([this](const petrel::LocalCandidate& candidate) {
      (void)signaling_.send_candidate({}, {candidate.candidate, candidate.mid, std::uint16_t{0}});
    });
    offer();
  }
  void offer() {
    ASSERT_TRUE(peer->set_local_description());
    ASSERT_TRUE(signaling_.send_offer(peer->local_description()->sdp));
  }
  bool connected() const { return peer && peer->connection_state() == ConnectionState::connected; }
  kvs::Signaling& signaling() { return signaling_; }

  int answers = 0;

 private:
  sim::HostNetwork network_;
  kvs::Signaling signaling_;

 public:
  std::optional<petrel::PeerConnection> peer;
};

TEST(CallId, IsTheUserNameAndSessionIdOfTheOriginLine) {
  EXPECT_EQ(call_id("v=0\r\no=- 123 2 IN IP4 127.0.0.1\r\ns=-\r\n"), "- 123");
  EXPECT_EQ(call_id("v=0\no=- 123 3 IN IP4 127.0.0.1\ns=-\n"), "- 123");
  EXPECT_EQ(call_id("v=0\r\no=- 123\r\n"), "- 123");
  EXPECT_EQ(call_id("v=0\r\no=-\r\ns=x y z\r\n"), "");
  EXPECT_EQ(call_id("o=- 123 2 IN IP4 127.0.0.1\r\n"), "");
  EXPECT_EQ(call_id(""), "");
}

TEST(KvsPublisher, ConnectsWhoCallsAndGivesAKeyFrame) {
  Scene scene;
  scene.start();
  Caller caller(scene, "ada");
  caller.call();
  ASSERT_TRUE(scene.until([&] { return caller.connected() && scene.watching() == 1; }));
  EXPECT_GE(scene.source.key_frames, 1);
  EXPECT_EQ(scene.failures, 0);
}

TEST(KvsPublisher, TakesAnotherOfferOfOneCallAsARenegotiationAndAnotherCallInPlaceOfTheFirst) {
  Scene scene;
  scene.start();
  Caller caller(scene, "ada");
  caller.call();
  ASSERT_TRUE(scene.until([&] { return scene.watching() == 1; }));

  caller.peer->restart_ice();
  caller.offer();
  ASSERT_TRUE(scene.until([&] { return caller.answers == 2 && caller.connected(); }));
  EXPECT_NE(scene.viewers.statistics().find("\"viewers_served\":1"), std::string::npos);

  caller.call();
  ASSERT_TRUE(
      scene.until([&] { return caller.answers == 3 && caller.connected() && scene.watching() == 1; }));
  EXPECT_NE(scene.viewers.statistics().find("\"viewers_served\":2"), std::string::npos);
}

TEST(KvsPublisher, TurnsAwayWhoIsOneTooManyUntilSomebodyLeaves) {
  Scene scene(1);
  scene.start();
  Caller ada(scene, "ada");
  Caller bob(scene, "bob");
  ada.call();
  ASSERT_TRUE(scene.until([&] { return scene.watching() == 1; }));

  ::testing::internal::CaptureStderr();
  bob.call();
  EXPECT_FALSE(scene.until([&] { return bob.answers > 0; }, 5s));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "petrel-camera: kvs: bob is turned away: 1 are watching, and no more may\n");
  EXPECT_TRUE(ada.connected());

  ada.peer->close();
  ASSERT_TRUE(scene.until([&] { return scene.watching() == 0; }));
  bob.call();
  EXPECT_TRUE(scene.until([&] { return bob.connected() && scene.watching() == 1; }));
}

TEST(KvsPublisher, GivesUpWhoHasLeftTheServiceBeforeTheAnswer) {
  Scene scene;
  scene.start();
  Caller caller(scene, "ada");
  ASSERT_TRUE(scene.until([&] { return caller.signaling().connected(); }));
  caller.call();
  caller.signaling().close();
  ASSERT_TRUE(scene.until(
      [&] { return scene.viewers.statistics().find("\"viewers_served\":1") != std::string::npos; }));
  EXPECT_TRUE(scene.until(
      [&] { return scene.viewers.statistics().find("\"viewers\":[]") != std::string::npos; }, 3s));
}

TEST(KvsPublisher, GoesOnWhenTheServiceIsLostAndTakesCallsWhenItIsBack) {
  Scene scene;
  scene.start();
  Caller ada(scene, "ada");
  ada.call();
  ASSERT_TRUE(scene.until([&] { return scene.watching() == 1; }));

  scene.service.close_sockets(scene.world.now(), 0);
  Caller bob(scene, "bob");
  bob.call();
  ASSERT_TRUE(scene.until([&] { return scene.watching() == 2; }));
  EXPECT_TRUE(ada.connected());
  EXPECT_EQ(scene.failures, 0);
}

TEST(KvsPublisher, SaysOnceWhatCannotPassByItself) {
  Scene scene;
  // The second comes after the keys were looked for once more.
  for (int times = 0; times < 2; ++times) {
    scene.service.faults().calls["describeSignalingChannel"].push_back({403, "AccessDeniedException", "no"});
  }
  ::testing::internal::CaptureStderr();
  scene.publish();
  ASSERT_TRUE(scene.until([&] { return scene.failures > 0; }));
  scene.until([] { return false; }, 60s);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(scene.failures, 1);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_NE(said.find("DescribeSignalingChannel"), std::string::npos) << said;
  EXPECT_EQ(said.find("very-secret"), std::string::npos) << said;
}

TEST(KvsPublisher, SaysHowToGiveARegion) {
  Scene scene;
  kvs::SessionConfig session = scene.session(kvs::Role::master);
  session.region.clear();
  try {
    KvsPublisher publisher(scene.camera_network, scene.viewers, session, {}, [] {});
    FAIL() << "it started without a region";
  } catch (const shared::UserError& error) {
    EXPECT_NE(std::string(error.what()).find("--region eu-west-1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace camera
