#include "camera/whip_publisher.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "io/whip_scene.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
namespace whip = petrel::whip;
namespace http = petrel::http;

// Its pictures are not what is tested.
struct NoPicture final : FrameSource {
  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override { return std::nullopt; }
  void force_key_frame() override { ++key_frames; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42e01f"; }
  std::string description() const override { return "nothing"; }

  int key_frames = 0;
};

// A camera that publishes to a server on a virtual network.
struct Scene : whip::CallScene {
  void publish(std::string token = {}) {
    publisher.emplace(network, viewers,
                      whip::SessionConfig{.url = "http://203.0.113.80:8080/whip?key=hidden",
                                          .bearer_token = std::move(token)},
                      std::vector<petrel::IceServer>{}, [this] { ++failures; });
  }
  bool film_until(const std::function<bool()>& done, petrel::Duration limit = 60s) {
    for (const auto end = world.now() + limit; world.now() < end;) {
      if (world.run_until(done, 100ms)) return true;
      const bool is_key = source.key_frames != made;
      made = source.key_frames;
      const auto frame = picture(world.now());
      viewers.handle_frame({{{frame->bytes().begin(), frame->bytes().end()}, {}, is_key}, world.now()});
    }
    return false;
  }

  NoPicture source;
  int made = 0;
  Viewers viewers{network, source, {petrel::PeerConfig{}, 8}};
  std::optional<WhipPublisher> publisher;
  int failures = 0;
};

TEST(WhipPublisher, SendsAKeyFrameFirstAndEndsInOrder) {
  Scene scene;
  scene.publish();
  testing::internal::CaptureStderr();
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 10; }));
  EXPECT_GE(scene.source.key_frames, 1);
  EXPECT_NE(scene.viewers.statistics().find("\"published\":[{"), std::string::npos);

  bool closed = false;
  scene.publisher->close([&] { closed = true; });
  ASSERT_TRUE(scene.film_until([&] { return closed; }, 5s));
  EXPECT_EQ(scene.server.asked(http::Method::delete_), 1u);
  EXPECT_NE(scene.viewers.statistics().find("\"published\":[]"), std::string::npos);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("publishing to http://203.0.113.80:8080/whip: Connected"), std::string::npos) << said;
  EXPECT_EQ(said.find("hidden"), std::string::npos) << said;
}

TEST(WhipPublisher, SaysOnceWhyItIsTriedAgain) {
  Scene scene;
  scene.server.mangle = [&](const http::Request& request) -> std::optional<http::Response> {
    if (request.method != http::Method::post) return std::nullopt;
    return http::problem(http::Status::service_unavailable, "full");
  };
  testing::internal::CaptureStderr();
  scene.publish();
  ASSERT_TRUE(scene.film_until([&] { return scene.server.asked(http::Method::post) >= 4; }, 300s));
  scene.server.mangle = nullptr;
  ASSERT_TRUE(scene.film_until([&] { return scene.arrived() >= 5; }, 300s));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("not publishing"), said.rfind("not publishing")) << said;
  EXPECT_NE(said.find("503"), std::string::npos) << said;
  EXPECT_EQ(scene.failures, 0);
}

TEST(WhipPublisher, EndsWithWhatDoesNotPassByItself) {
  Scene scene;
  scene.server.mangle = [&](const http::Request& request) -> std::optional<http::Response> {
    if (request.method != http::Method::post) return std::nullopt;
    return http::problem(http::Status::unauthorized, "token is s3cret?");
  };
  testing::internal::CaptureStderr();
  scene.publish("s3cret");
  ASSERT_TRUE(scene.film_until([&] { return scene.failures == 1; }));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("petrel-camera: whip: given up: "), std::string::npos) << said;
  EXPECT_EQ(said.find("s3cret"), std::string::npos) << said;
  bool closed = false;
  scene.publisher->close([&] { closed = true; });
  EXPECT_TRUE(scene.film_until([&] { return closed; }, 5s));
}

TEST(WhipPublisher, AConfigurationThatCannotWorkIsTheUsersToPutRight) {
  Scene scene;
  EXPECT_THROW(scene.publish("two words"), shared::UserError);
  EXPECT_THROW(WhipPublisher(scene.network, scene.viewers, {.url = "ftp://a"}, {}, [] {}), shared::UserError);
}

TEST(WhipPublisher, ReadsTheTokenOfAFile) {
  EXPECT_EQ(read_bearer_token("t", ""), "t");
  EXPECT_THROW(read_bearer_token("", "/nonexistent/token"), shared::UserError);
  const auto file = std::filesystem::temp_directory_path() / "petrel-whip-token-test";
  std::ofstream(file) << "from-file\r\nmore\n";
  EXPECT_EQ(read_bearer_token("", file.string()), "from-file");
  std::ofstream(file) << "\n";
  EXPECT_THROW(read_bearer_token("", file.string()), shared::UserError);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace camera
