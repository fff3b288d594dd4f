#include "camera/v4l2_source.hpp"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cmath>
#include <utility>

#include "camera/encoded_source.hpp"
#include "camera/openh264_encoder.hpp"
#include "camera/source_lost.hpp"
#include "camera/test_pattern.hpp"
#include "examples/coded_pattern.hpp"
#include "examples/decoder.hpp"
#include "examples/scripted_camera.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
using Pictures = std::unique_ptr<PictureSource>;
using Coded = std::unique_ptr<FrameSource>;

constexpr V4l2Mode wanted{0, 320, 180, 30};
const char* const path = "/dev/video0";

class V4l2SourceTest : public ::testing::Test {
 protected:
  V4l2SourceTest() {
    clock.wait(1000s);
    devices.cameras[path] = &camera;
    camera.add_format(V4L2_PIX_FMT_YUYV, {{320, 180, {30}}});
  }
  void only(std::uint32_t format) {
    camera.format_order.clear();
    camera.formats.clear();
    camera.add_format(format, {{320, 180, {30}}});
  }
  Pictures pictures() { return std::get<Pictures>(open_v4l2(devices, path, wanted, 1'000'000, clock)); }
  Coded coded() { return std::get<Coded>(open_v4l2(devices, path, wanted, 1'000'000, clock)); }
  // How opening fails.
  std::pair<std::string, std::string> failure() {
    try {
      open_v4l2(devices, path, wanted, 1'000'000, clock);
    } catch (const SourceLost& lost) {
      return {"lost", lost.what()};
    } catch (const shared::UserError& error) {
      return {"user", error.what()};
    }
    return {"none", ""};
  }

  testing::VirtualClock clock;
  testing::ScriptedCamera camera{clock};
  testing::ScriptedCameras devices;
};

// The pattern as a camera's buffer in its current format.
std::vector<std::uint8_t> buffer_of(const Picture& picture, const v4l2_pix_format& format) {
  std::vector<std::uint8_t> out;
  const int width = picture.width();
  const auto pad = [&](int used) {
    out.insert(out.end(), format.bytesperline - static_cast<std::uint32_t>(used), 0xEE);
  };
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < width; ++x) {
      const Colour colour = picture.at(x, y);
      out.push_back(colour.y);
      if (format.pixelformat == V4L2_PIX_FMT_YUYV) out.push_back(x % 2 == 0 ? colour.u : colour.v);
    }
    pad(format.pixelformat == V4L2_PIX_FMT_YUYV ? 2 * width : width);
  }
  if (format.pixelformat == V4L2_PIX_FMT_NV12) {
    for (int y = 0; y < picture.height(); y += 2) {
      for (int x = 0; x < width; ++x) out.push_back(x % 2 == 0 ? picture.at(x, y).u : picture.at(x, y).v);
      pad(width);
    }
  }
  if (format.pixelformat == V4L2_PIX_FMT_YUV420) {
    for (int plane = 0; plane < 2; ++plane) {
      for (int y = 0; y < picture.height(); y += 2) {
        for (int x = 0; x < width; x += 2)
          out.push_back(plane == 0 ? picture.at(x, y).u : picture.at(x, y).v);
        out.insert(out.end(), format.bytesperline / 2 - static_cast<std::uint32_t>(width / 2), 0xEE);
      }
    }
  }
  return out;
}

std::vector<std::uint8_t> as_shot(const std::vector<std::byte>& bytes) {
  std::vector<std::uint8_t> out(bytes.size());
  std::ranges::transform(bytes, out.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return out;
}

TEST_F(V4l2SourceTest, ShowsTheCamerasPicturesInEveryRawFormat) {
  for (const std::uint32_t format : {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420}) {
    for (const std::uint32_t padding : {0u, 64u}) {
      only(format);
      camera.padding = padding;
      auto opened = pictures();
      EncodedSource source(std::move(opened), std::make_unique<OpenH264Encoder>(EncoderSettings{320, 180}));
      testing::Decoder decoder;
      TestPattern pattern(320, 180);
      // More pictures than there are buffers: each has to come back.
      for (std::uint32_t frame = 0; frame < 10; ++frame) {
        const petrel::TimePoint taken = clock.now();
        camera.shoot(buffer_of(pattern.draw(frame + 500, 0ms), camera.format));
        clock.wait(10ms);
        const auto unit = source.next();
        ASSERT_TRUE(unit) << fourcc_text(format) << " " << frame;
        EXPECT_EQ(unit->captured, taken);
        EXPECT_EQ(unit->capture_offset, frame * 33ms);
        EXPECT_EQ(read_frame_number(decoder.decode(unit->annex_b).value()), frame + 500);
        clock.wait(23ms);
      }
      EXPECT_EQ(camera.queued.size(), 4u);
    }
  }
  EXPECT_EQ(camera.open, 0);
  EXPECT_EQ(camera.log.back(), "off");
}

TEST_F(V4l2SourceTest, SaysWhatItIs) {
  const auto source = pictures();
  EXPECT_EQ(source->name(), "Scripted? (/dev/video0, YUYV)");
  EXPECT_EQ(source->width(), 320);
  EXPECT_EQ(source->height(), 180);
  EXPECT_EQ(source->frames_per_second(), 30);
  EXPECT_EQ(source->colours(), (Colours{.is_bt709 = false, .full_range = false}));
  EXPECT_EQ(camera.interval.denominator, 30'000u);
  EXPECT_FALSE(source->next());  // Nothing was shot.
}

TEST_F(V4l2SourceTest, TellsTheColoursThatTheDriverTells) {
  camera.colorspace = V4L2_COLORSPACE_REC709;
  EXPECT_TRUE(pictures()->colours().is_bt709);
  camera.colorspace = V4L2_COLORSPACE_JPEG;
  EXPECT_EQ(pictures()->colours(), (Colours{.is_bt709 = false, .full_range = true}));
}

TEST_F(V4l2SourceTest, HandsBuffersOnWhereTheDriverExportsThem) {
  camera.exports_buffers = true;
  const auto source = pictures();
  EXPECT_EQ(camera.kept, (std::set<int>{100, 101, 102, 103}));
  TestPattern pattern(320, 180);
  camera.shoot(buffer_of(pattern.draw(1, 0ms), camera.format));
  camera.shoot(buffer_of(pattern.draw(2, 0ms), camera.format));
  EXPECT_EQ(source->next()->dmabuf, 100);
  EXPECT_EQ(source->next()->dmabuf, 101);
  EXPECT_EQ(camera.queued.size(), 3u);
  source->release();
  source->release();
  EXPECT_EQ(camera.queued.size(), 4u);
}

TEST_F(V4l2SourceTest, KeepsABufferForAsLongAsSomebodyHasALeaseOfIt) {
  const auto source = pictures();
  TestPattern pattern(320, 180);
  const auto whole = buffer_of(pattern.draw(7, 0ms), camera.format);
  std::vector<PictureView> kept;
  for (int i = 0; i < 4; ++i) {
    camera.shoot(whole);
    kept.push_back(source->next().value());
  }
  EXPECT_TRUE(camera.queued.empty());
  camera.shoot(whole);
  // The camera has no buffer left, which is no fault of its own.
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(source->next());
  kept.erase(kept.begin());
  EXPECT_TRUE(source->next());
  kept.clear();
  source->release();
  EXPECT_EQ(camera.queued.size(), 4u);
}

TEST_F(V4l2SourceTest, LeavesBrokenPicturesOut) {
  V4l2Pictures source(std::make_unique<V4l2Capture>(devices, path, wanted, false, clock));
  TestPattern pattern(320, 180);
  const auto whole = buffer_of(pattern.draw(7, 0ms), camera.format);
  const auto shoot = [&](std::vector<std::uint8_t> bytes, std::uint32_t flags) {
    camera.shots.push_back({std::move(bytes), clock.now(), flags});
  };
  shoot({whole.begin(), whole.end() - 1}, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
  shoot({}, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
  shoot(whole, V4L2_BUF_FLAG_ERROR);
  auto longer = whole;
  longer.push_back(0);
  shoot(longer, 0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(source.next()) << i;
  shoot(whole, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
  EXPECT_TRUE(source.next());
  EXPECT_EQ(source.broken_pictures(), 4u);
  source.release();
  EXPECT_EQ(camera.queued.size(), 4u);
}

TEST_F(V4l2SourceTest, StampsWhatTheDriverDoesNot) {
  const auto source = pictures();
  TestPattern pattern(320, 180);
  const auto whole = buffer_of(pattern.draw(7, 0ms), camera.format);
  camera.shots.push_back({whole, clock.now() - 100ms, 0});  // Of another clock.
  camera.shots.push_back({whole, clock.now() - 3s});        // Hardly.
  camera.shots.push_back({whole, clock.now() + 3s});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(source->next()->captured, clock.now()) << i;
}

TEST_F(V4l2SourceTest, NamesEveryFailureOfSettingUp) {
  struct Case {
    unsigned long request;
    int error;
    const char* kind;
    const char* text;
  };
  const Case cases[] = {
      {VIDIOC_QUERYCAP, ENOTTY, "user", "it seems to be no V4L2 device"},
      {VIDIOC_S_FMT, EBUSY, "lost",
       "/dev/video0 is in use by another program (EBUSY): end that one; `fuser -v"},
      {VIDIOC_S_FMT, EINVAL, "user", "/dev/video0 refuses the format YUYV (EINVAL, Invalid argument)."},
      {VIDIOC_REQBUFS, EBUSY, "lost", "in use by another program"},
      {VIDIOC_REQBUFS, EINVAL, "user", "refuses buffers to be mapped"},
      {VIDIOC_REQBUFS, ENOMEM, "lost", "ENOMEM"},
      {VIDIOC_QUERYBUF, EINVAL, "user", "refuses to describe a buffer"},
      {VIDIOC_QBUF, EINVAL, "user", "refuses a buffer"},
      {VIDIOC_QBUF, ENODEV, "lost", "is not there (ENODEV): plug it in"},
      {VIDIOC_STREAMON, ENOSPC, "lost",
       "no room on the USB bus (ENOSPC): use another port, or a smaller --size"},
      {VIDIOC_STREAMON, EBUSY, "lost", "in use by another program"},
      {VIDIOC_STREAMON, EPIPE, "lost", "refuses to start (EPIPE"},
      {VIDIOC_STREAMON, ENODEV, "lost", "is not there (ENODEV)"},
  };
  for (const Case& each : cases) {
    camera.errors = {{each.request, each.error}};
    const auto [kind, text] = failure();
    EXPECT_EQ(kind, each.kind) << each.text;
    EXPECT_NE(text.find(each.text), std::string::npos) << text;
    EXPECT_EQ(camera.open, 0);
  }
  camera.errors.clear();
  camera.map_error = ENOMEM;
  EXPECT_NE(failure().second.find("refuses a buffer to be mapped (ENOMEM"), std::string::npos);
  camera.map_error = 0;
  camera.buffers = 0;
  EXPECT_NE(failure().second.find("has no buffers"), std::string::npos);
}

TEST_F(V4l2SourceTest, NamesEveryFailureOfOpening) {
  camera.open_error = EACCES;
  EXPECT_EQ(failure().second,
            "/dev/video0 may not be opened (EACCES): add the user to the group video (sudo usermod -aG video "
            "NAME) and log in again.");
  camera.open_error = EBUSY;
  EXPECT_EQ(failure().first, "lost");
  camera.open_error = ENODEV;
  EXPECT_EQ(failure().second, "/dev/video0 is not there (ENODEV): plug it in.");
  testing::ScriptedCamera other(clock);
  other.add_format(V4L2_PIX_FMT_YUYV, {});
  devices.cameras["/dev/video4"] = &other;
  EXPECT_EQ(failure().second, "/dev/video0 is not there. Cameras that are: /dev/video4 (Scripted?).");
  try {
    open_v4l2(devices, "/etc/video0", wanted, 1'000'000, clock);
    FAIL();
  } catch (const SourceUnknown& unknown) {
    EXPECT_EQ(std::string(unknown.what()),
              "/etc/video0 is no file in /dev, as cameras are. Cameras that are: /dev/video4 (Scripted?).");
  }
}

TEST_F(V4l2SourceTest, KnowsWhatIsNoCamera) {
  camera.capabilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
  EXPECT_NE(failure().second.find("There is none on this machine"), std::string::npos);
  testing::ScriptedCamera other(clock);
  other.add_format(V4L2_PIX_FMT_YUYV, {});
  devices.cameras["/dev/video1"] = &other;
  EXPECT_EQ(failure().first, "user");
  EXPECT_EQ(failure().second,
            "/dev/video0 (Scripted?) is a video device, but no camera. Cameras: /dev/video1 (Scripted?).");
  EXPECT_EQ(other.open, 0);
}

TEST_F(V4l2SourceTest, RefusesFormatsThatItCannotRead) {
  only(V4L2_PIX_FMT_SBGGR10);
  EXPECT_EQ(failure().first, "user");
  EXPECT_NE(failure().second.find("but: BG10."), std::string::npos);
  only(V4L2_PIX_FMT_YUYV);
  camera.sets_format = V4L2_PIX_FMT_RGB24;
  EXPECT_NE(failure().second.find("set RGB3 of 320x180 where YUYV was asked for"), std::string::npos);
  camera.format_order.clear();
  camera.sets_format = 0;
  EXPECT_EQ(failure().first, "user");
}

TEST_F(V4l2SourceTest, IsLostWhenTheCameraIs) {
  const auto lost = [&](auto&& change) {
    camera.errors.clear();
    camera.hangs_up = false;
    camera.wrong_index = 0;
    camera.shots.clear();
    const auto source = pictures();
    TestPattern pattern(320, 180);
    camera.shoot(buffer_of(pattern.draw(1, 0ms), camera.format));
    EXPECT_TRUE(source->next());
    camera.shoot(buffer_of(pattern.draw(2, 0ms), camera.format));
    change();
    try {
      for (int i = 0; i < 100; ++i) source->next();
    } catch (const SourceLost& error) {
      return std::string(error.what());
    }
    return std::string("not lost");
  };
  EXPECT_EQ(lost([&] { camera.hangs_up = true; }), "/dev/video0 is not there (ENODEV): plug it in.");
  EXPECT_NE(lost([&] { camera.errors[VIDIOC_DQBUF] = EINVAL; }).find("to give more pictures (EINVAL"),
            std::string::npos);
  EXPECT_NE(lost([&] { camera.errors[VIDIOC_DQBUF] = EIO; }).find("(EIO"), std::string::npos);
  EXPECT_NE(lost([&] { camera.errors[VIDIOC_QBUF] = ENODEV; }).find("is not there"), std::string::npos);
  EXPECT_NE(lost([&] { camera.wrong_index = 4; }).find("EINVAL"), std::string::npos);
  EXPECT_EQ(camera.open, 0);
}

TEST_F(V4l2SourceTest, OutlivesPassingErrors) {
  const auto source = pictures();
  TestPattern pattern(320, 180);
  camera.errors[VIDIOC_DQBUF] = EIO;
  for (int i = 0; i < 5; ++i) {
    camera.shoot(buffer_of(pattern.draw(1, 0ms), camera.format));
    EXPECT_FALSE(source->next());
  }
  camera.errors[VIDIOC_DQBUF] = EAGAIN;
  EXPECT_FALSE(source->next());
  camera.errors.clear();
  EXPECT_TRUE(source->next());
}

TEST_F(V4l2SourceTest, PassesOnWhatACameraHasEncoded) {
  only(V4L2_PIX_FMT_H264);
  camera.add_format(V4L2_PIX_FMT_YUYV, {{320, 180, {30}}});
  camera.controls = {V4L2_CID_MPEG_VIDEO_BITRATE, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME};
  const auto source = coded();
  EXPECT_TRUE(source->can_force_key_frame());
  const auto frames = testing::coded_pattern(6, 3);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const petrel::TimePoint taken = clock.now();
    camera.shoot(as_shot(frames[i]));
    clock.wait(5ms);
    const auto unit = source->next();
    ASSERT_TRUE(unit) << i;
    EXPECT_EQ(unit->annex_b, frames[i]);
    EXPECT_EQ(unit->key_frame, i % 3 == 0);
    EXPECT_EQ(unit->captured, taken);
    clock.wait(28ms);
  }
  EXPECT_EQ(source->profile_level_id(), "42c01e");
  EXPECT_EQ(source->description(),
            "Scripted? (/dev/video0, H264), 30 fps, 160x160, H.264 42c01e, encoded by the camera");

  EXPECT_EQ(camera.set_controls[V4L2_CID_MPEG_VIDEO_BITRATE], 1'000'000);
  EXPECT_FALSE(camera.set_controls.contains(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME));
  source->set_bitrate(300'000);
  source->force_key_frame();
  EXPECT_FALSE(source->next());
  EXPECT_EQ(camera.set_controls[V4L2_CID_MPEG_VIDEO_BITRATE], 300'000);
  EXPECT_EQ(camera.set_controls[V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME], 1);
}

TEST_F(V4l2SourceTest, AsksACameraWithoutKeyFramesOnDemandForMoreOfThem) {
  only(V4L2_PIX_FMT_H264);
  camera.controls = {V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER};
  const auto source = coded();
  EXPECT_FALSE(source->can_force_key_frame());
  EXPECT_EQ(camera.set_controls[V4L2_CID_MPEG_VIDEO_H264_I_PERIOD], 30);
  EXPECT_EQ(camera.set_controls[V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER], 1);
}

class V4l2Modes : public V4l2SourceTest {
 protected:
  V4l2Modes() {
    camera.format_order.clear();
    camera.formats.clear();
  }
  std::string chosen(int width, int height, double rate, bool with_mjpeg = true) {
    int error = 0;
    const auto device = devices.open(path, error);
    const auto mode = choose_v4l2_mode(*device, {0, width, height, rate}, with_mjpeg);
    if (!mode) return "none";
    return fourcc_text(mode->format) + " " + std::to_string(mode->width) + "x" +
           std::to_string(mode->height) + " " + std::to_string(std::lround(mode->frames_per_second));
  }
};

TEST_F(V4l2Modes, AreTheNearestThatTheCameraHas) {
  camera.add_format(V4L2_PIX_FMT_YUYV, {{640, 480, {30, 15}}, {1280, 720, {10, 5}}});
  camera.add_format(V4L2_PIX_FMT_MJPEG, {{640, 480, {30}}, {1280, 720, {30, 60}}, {1920, 1080, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "YUYV 640x480 30");
  EXPECT_EQ(chosen(640, 480, 14.9), "YUYV 640x480 15");
  EXPECT_EQ(chosen(1280, 720, 30), "MJPG 1280x720 30");  // Raw has no more than 10.
  EXPECT_EQ(chosen(1280, 720, 10), "YUYV 1280x720 10");
  EXPECT_EQ(chosen(1920, 1080, 30), "MJPG 1920x1080 30");
  EXPECT_EQ(chosen(1280, 720, 30, false), "YUYV 1280x720 10");
  EXPECT_EQ(chosen(800, 600, 30), "YUYV 640x480 30");
}

TEST_F(V4l2Modes, PreferWhatCostsLess) {
  camera.add_format(V4L2_PIX_FMT_MJPEG, {{640, 480, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "MJPG 640x480 30");
  EXPECT_EQ(chosen(640, 480, 30, false), "none");
  camera.add_format(V4L2_PIX_FMT_YUYV, {{640, 480, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "YUYV 640x480 30");
  camera.add_format(V4L2_PIX_FMT_YUV420, {{640, 480, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "YU12 640x480 30");
  camera.add_format(V4L2_PIX_FMT_NV12, {{640, 480, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "NV12 640x480 30");
  camera.add_format(V4L2_PIX_FMT_H264, {{320, 240, {30}}});
  EXPECT_EQ(chosen(640, 480, 30), "H264 320x240 30");
}

TEST_F(V4l2Modes, AreTakenAsAskedWhereTheDriverListsNone) {
  camera.add_format(V4L2_PIX_FMT_YUYV, {});
  EXPECT_EQ(chosen(1000, 700, 25), "YUYV 1000x700 25");
}

}  // namespace
}  // namespace camera
