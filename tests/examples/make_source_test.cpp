#include "camera/make_source.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "camera/source_lost.hpp"
#include "camera/test_pattern.hpp"
#include "camera/v4l2_encoder.hpp"
#include "examples/coded_pattern.hpp"
#include "examples/decoder.hpp"
#include "examples/scripted_camera.hpp"
#include "examples/scripted_encoder.hpp"
#include "examples/scripted_libcamera.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

// A machine with a camera and a chip that encodes, both scripted.
class Machine final : public V4l2System {
 public:
  explicit Machine(testing::VirtualClock& clock) : camera(clock), chip(clock) {
    cameras.cameras["/dev/video0"] = &camera;
    camera.add_format(V4L2_PIX_FMT_YUYV, {{320, 180, {15}}});
  }
  std::unique_ptr<V4l2Device> open(const std::string& path, int& error) override {
    return chips.chips.contains(path) ? chips.open(path, error) : cameras.open(path, error);
  }
  std::vector<std::string> paths() override {
    auto all = cameras.paths();
    for (const auto& path : chips.paths()) all.push_back(path);
    return all;
  }
  void add_chip() { chips.chips["/dev/video11"] = &chip; }

  testing::ScriptedCamera camera;
  testing::ScriptedEncoder chip;
  testing::ScriptedCameras cameras;
  testing::ScriptedEncoders chips;
};

class MakeSource : public ::testing::Test {
 protected:
  MakeSource() {
    clock.wait(100s);
    options.width = 320;
    options.height = 180;
    options.frames_per_second = 30;
    options.bits_per_second = 500'000;
    options.source = Options::PatternInput{};
  }
  std::unique_ptr<FrameSource> make() { return make_source(options, around()); }
  SourceSurroundings around() {
    return {[] { return 0ms; }, clock, [this](const std::string& line) { said.push_back(line); }, machine,
            libcamera,          low};
  }
  std::string refusal() {
    try {
      make();
    } catch (const shared::UserError& error) {
      return error.what();
    }
    return "";
  }
  void shoot() { machine.camera.shoot(std::vector<std::uint8_t>(320 * 180 * 2, 100)); }

  testing::VirtualClock clock;
  Machine machine{clock};
  Options options;
  std::function<std::unique_ptr<CameraCalls>()> libcamera;
  testing::LibcameraDevice device;
  std::shared_ptr<LowPictureBox> low = std::make_shared<LowPictureBox>();
  std::vector<std::string> said;
};

TEST_F(MakeSource, TakesACameraByItselfWhereOneAnswers) {
  libcamera = [this] { return std::make_unique<testing::ScriptedLibcamera>(device, clock); };
  options.source = Options::AutoInput{};
  device.complete(0);
  const auto source = make();
  EXPECT_NE(source->description().find("camera imx708 by libcamera, 320x180 at 30 fps"), std::string::npos)
      << source->description();
  EXPECT_TRUE(source->next());
  EXPECT_TRUE(said.empty());
}

TEST_F(MakeSource, ShowsThePatternWhereNoCameraAnswersAndSaysWhy) {
  options.source = Options::AutoInput{};
  EXPECT_NE(make()->description().find("test pattern"), std::string::npos);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("built without libcamera"), std::string::npos);

  libcamera = [this] { return std::make_unique<testing::ScriptedLibcamera>(device, clock); };
  device.acquire_error = -EBUSY;
  EXPECT_NE(make()->description().find("test pattern"), std::string::npos);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NE(said[1].find("another program has it"), std::string::npos);
  EXPECT_EQ(device.closed, 1);
  // One that was asked for by name is no matter of taste.
  options.source = Options::LibcameraInput{};
  EXPECT_EQ(make()->description(), "libcamera, which is not there yet");
  EXPECT_NE(said.back().find("another program has it"), std::string::npos);
  // Nor is a mistake on the command line.
  device.acquire_error = 0;
  options.source = Options::AutoInput{};
  options.camera_controls = {"NoSuch=1"};
  EXPECT_NE(refusal().find("NoSuch"), std::string::npos);
}

TEST_F(MakeSource, WaitsForACameraThatIsMissingWhenTheProgramStarts) {
  machine.camera.open_error = ENOENT;
  options.source = Options::V4l2Input{"/dev/video0"};
  const auto source = make();
  EXPECT_EQ(said,
            (std::vector<std::string>{"/dev/video0 is not there (ENOENT): plug it in. Trying again in 1 s, "
                                      "then ever more rarely."}));
  EXPECT_EQ(source->description(), "/dev/video0, which is not there yet");
  EXPECT_EQ(source->profile_level_id(), "42c028");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(source->next());
  machine.camera.open_error = 0;
  shoot();
  std::optional<AccessUnit> unit;
  for (int i = 0; i < 200 && !unit; ++i) unit = source->next();
  ASSERT_TRUE(unit);
  EXPECT_TRUE(unit->key_frame);
  EXPECT_EQ(
      said.back(),
      "/dev/video0 is there: Scripted? (/dev/video0, YUYV), 320x180 at 15 fps, 0.5 Mbit/s, H.264 42c01e, "
      "encoded by OpenH264 (software)");
  // The encoder's is covered by what was expected, so nothing changes for anybody.
  EXPECT_EQ(source->profile_level_id(), "42c028");
}

TEST_F(MakeSource, EndsWithAMistakeThatNeverMendsItself) {
  options.source = Options::V4l2Input{"/video0"};
  EXPECT_EQ(refusal(),
            "/video0 is no file in /dev, as cameras are. Cameras that are: /dev/video0 (Scripted?).");
  machine.camera.capabilities = 0;
  options.source = Options::V4l2Input{"/dev/video0"};
  EXPECT_NE(refusal().find("is a video device, but no camera"), std::string::npos);
  libcamera = [this] { return std::make_unique<testing::ScriptedLibcamera>(device, clock); };
  options.source = Options::LibcameraInput{"imx219"};
  EXPECT_EQ(refusal(), "there is no camera imx219; there is /base/i2c/imx708@1a, usb-2.");
  device.cameras.clear();  // The same name where libcamera knows none yet, as while a machine starts.
  EXPECT_EQ(make()->description(), "libcamera:imx219, which is not there yet");
}

TEST_F(MakeSource, EncodesTheSecondStreamBesideTheFirst) {
  libcamera = [this] { return std::make_unique<testing::ScriptedLibcamera>(device, clock); };
  options.source = Options::LibcameraInput{};
  options.low = {160, 90, 100'000};
  device.has_second = true;
  device.open_error = -ENODEV;
  const auto source = make();
  const auto small = make_low_source(options, around());
  EXPECT_EQ(small->description(), "the second stream, which is not there yet");
  EXPECT_EQ(said.back(),
            "the second stream: the camera is not there yet. Trying again in 1 s, then ever more rarely.");

  device.open_error = 0;
  std::optional<AccessUnit> first, second;
  for (unsigned i = 0; i < 400 && !(first && second); ++i) {
    device.complete(i % 4, CompletedRequest::Outcome::picture, 1h + i * 33ms);
    if (auto unit = source->next()) first = std::move(unit);
    // It waits in real time, and not at all where a picture is there or the camera is not.
    if (first) {
      if (auto unit = small->next()) second = std::move(unit);
    }
  }
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(second->key_frame);
  testing::Decoder decoder;
  const auto picture = decoder.decode(second->annex_b);
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->width(), 160);
  EXPECT_EQ(picture->height(), 90);
  EXPECT_NE(small->description().find("the camera's second stream, 160x90 at 30 fps, 0.1 Mbit/s"),
            std::string::npos)
      << small->description();
}

// The camera's buffers are the chip's input: nothing is copied, and none goes back before the chip is done.
TEST_F(MakeSource, HandsTheCamerasBuffersToTheChip) {
  options.height = 192;
  machine.camera.exports_buffers = true;
  machine.camera.formats.clear();
  machine.camera.format_order.clear();
  machine.camera.add_format(V4L2_PIX_FMT_NV12, {{320, 192, {30}}});
  machine.camera.buffers = 6;
  machine.add_chip();
  machine.chip.latency = 70ms;
  machine.chip.imports = [this](int descriptor) { return machine.camera.exported.at(descriptor); };
  options.source = Options::V4l2Input{"/dev/video0"};
  TestPattern pattern(320, 192);
  std::uint32_t shot = 0;
  const auto shoot_pattern = [&] {
    const Picture& drawn = pattern.draw(shot++, 0ms);
    std::vector<std::uint8_t> bytes;
    for (int y = 0; y < 192; ++y)
      for (int x = 0; x < 320; ++x) bytes.push_back(drawn.at(x, y).y);
    for (int y = 0; y < 192; y += 2)
      for (int x = 0; x < 320; ++x) bytes.push_back(x % 2 == 0 ? drawn.at(x, y).u : drawn.at(x, y).v);
    machine.camera.shoot(bytes);
  };
  for (int i = 0; i < 3; ++i) shoot_pattern();
  const auto source = make();
  const int copied = machine.chip.copied;
  testing::Decoder decoder;
  std::vector<int> seen;
  while (seen.size() < 40) {
    shoot_pattern();
    for (int i = 0; i < 2; ++i) {
      const auto unit = source->next();
      if (!unit) continue;
      const auto picture = decoder.decode(unit->annex_b);
      ASSERT_TRUE(picture);
      seen.push_back(read_frame_number(*picture));
    }
    ASSERT_LT(shot, 200u);
  }
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<int>(i));
  EXPECT_EQ(machine.chip.copied, copied);
  EXPECT_GE(machine.chip.imported, 40);
  EXPECT_EQ(machine.chip.most_inside, V4l2Encoder::max_inside);
}

TEST_F(MakeSource, ALibcameraCameraThatIsUnpluggedComesBack) {
  libcamera = [this] { return std::make_unique<testing::ScriptedLibcamera>(device, clock); };
  options.source = Options::LibcameraInput{};
  device.complete(0);
  const auto source = make();
  EXPECT_TRUE(source->next());
  device.disconnected = true;
  device.open_error = -ENODEV;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(source->next());
  ASSERT_FALSE(said.empty());
  EXPECT_NE(said[0].find("unplugged"), std::string::npos);
  device.disconnected = false;
  device.open_error = 0;
  std::optional<AccessUnit> unit;
  for (int i = 0; i < 200 && !unit; ++i) {
    device.complete(0);
    unit = source->next();
  }
  ASSERT_TRUE(unit);
  EXPECT_TRUE(unit->key_frame);
}

TEST_F(MakeSource, EncodesThePatternInSoftwareWhereThereIsNoChip) {
  const auto source = make();
  EXPECT_EQ(source->description(),
            "test pattern, 320x180 at 30 fps, 0.5 Mbit/s, H.264 42c01e, encoded by OpenH264 (software)");
  EXPECT_TRUE(source->next());
  EXPECT_TRUE(said.empty());
}

TEST_F(MakeSource, TakesAChipWhereThereIsOne) {
  machine.add_chip();
  const auto source = make();
  EXPECT_EQ(source->description(),
            "test pattern, 320x180 at 30 fps, 0.5 Mbit/s, H.264 42c01e, encoded by a chip (/dev/video11)");
  EXPECT_TRUE(source->next());
  options.encoder = {Options::Encoder::Kind::openh264, ""};
  EXPECT_NE(make()->description().find("OpenH264"), std::string::npos);
}

TEST_F(MakeSource, SaysWhyAChipIsNotTaken) {
  machine.add_chip();
  machine.chip.max_width = 160;
  EXPECT_NE(make()->description().find("OpenH264"), std::string::npos);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("Encoding in software instead."), std::string::npos);
  options.encoder = {Options::Encoder::Kind::v4l2m2m, ""};
  EXPECT_NE(refusal().find("/dev/video11 encodes no"), std::string::npos);
}

TEST_F(MakeSource, SaysThatThereIsNoChip) {
  options.encoder = {Options::Encoder::Kind::v4l2m2m, ""};
  EXPECT_NE(refusal().find("no device here encodes H.264"), std::string::npos);
  options.encoder.device = "/dev/video0";
  EXPECT_NE(refusal().find("/dev/video0 is no encoder"), std::string::npos);
}

TEST_F(MakeSource, ShowsACameraThatIsUnpluggedAndComesBack) {
  options.source = Options::V4l2Input{"/dev/video0"};
  shoot();
  const auto source = make();
  EXPECT_EQ(said,
            (std::vector<std::string>{"/dev/video0 has no 320x180 at 30 fps: it gives 320x180 at 15 fps."}));
  EXPECT_EQ(source->description(),
            "Scripted? (/dev/video0, YUYV), 320x180 at 15 fps, 0.5 Mbit/s, H.264 42c01e, encoded by OpenH264 "
            "(software)");
  EXPECT_FALSE(source->next_due());
  EXPECT_TRUE(source->next()->key_frame);
  shoot();
  EXPECT_FALSE(source->next()->key_frame);

  machine.camera.hangs_up = true;
  EXPECT_FALSE(source->next());
  machine.camera.hangs_up = false;
  EXPECT_EQ(said.back(),
            "/dev/video0 is not there (ENODEV): plug it in. Trying again in 1 s, then ever more rarely.");
  EXPECT_EQ(machine.camera.open, 0);
  shoot();
  std::optional<AccessUnit> unit;
  for (int i = 0; i < 100 && !unit; ++i) unit = source->next();
  ASSERT_TRUE(unit);
  EXPECT_TRUE(unit->key_frame);
  EXPECT_EQ(said.back().substr(0, 23), "/dev/video0 is back: Sc");
}

TEST_F(MakeSource, SaysWhatACameraLacksWhenItIsStarted) {
  options.source = Options::LibcameraInput{};
  EXPECT_NE(refusal().find("--source libcamera: this program was built without it"), std::string::npos);
  options.source = Options::PipeInput{"/nonexistent"};
  EXPECT_NE(refusal().find("mkfifo"), std::string::npos);
}

TEST_F(MakeSource, PlaysFiles) {
  const std::string path = ::testing::TempDir() + "petrel_make_source.h264";
  std::ofstream(path, std::ios::binary) << petrel::as_text(testing::joined(testing::coded_pattern(5, 5)));
  options.source = Options::FileInput{path};
  EXPECT_TRUE(make()->next());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace camera
