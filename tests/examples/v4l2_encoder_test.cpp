#include "camera/v4l2_encoder.hpp"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <utility>

#include "camera/source_lost.hpp"
#include "camera/test_pattern.hpp"
#include "examples/decoder.hpp"
#include "examples/scripted_encoder.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

constexpr EncoderSettings settings{320, 180, 30, 800'000};
const char* const path = "/dev/video11";

class V4l2EncoderTest : public ::testing::Test {
 protected:
  V4l2EncoderTest() { devices.chips[path] = &chip; }
  std::unique_ptr<V4l2Encoder> make() {
    return std::make_unique<V4l2Encoder>(devices, path, settings, clock);
  }
  // Why there is none.
  std::pair<std::string, std::string> failure() {
    try {
      make();
    } catch (const SourceLost& lost) {
      return {"lost", lost.what()};
    } catch (const shared::UserError& error) {
      return {"user", error.what()};
    }
    return {"none", ""};
  }
  // Codes frame `number` of the pattern and reads its number off what came out.
  std::optional<int> round_trip(V4l2Encoder& encoder, std::uint32_t number) {
    const auto coded = encoder.encode(pattern.draw(number, 0ms), number * 33ms);
    return decoded(coded);
  }
  std::optional<int> decoded(const EncodedPicture& coded) {
    if (coded.annex_b.empty()) return std::nullopt;
    const auto picture = decoder.decode(coded.annex_b);
    return picture ? std::optional<int>(read_frame_number(*picture)) : std::nullopt;
  }
  // Frame `number` of the pattern as NV12 in a DMA buffer, rows of `stride` bytes.
  PictureView dmabuf(std::uint32_t number, int descriptor, int stride, int rows) {
    const Picture& picture = pattern.draw(number, 0ms);
    std::vector<std::uint8_t>& samples = chip.dmabufs[descriptor];
    samples.assign(static_cast<std::size_t>(stride * rows * 3 / 2), 0);
    for (int y = 0; y < picture.height(); ++y) {
      for (int x = 0; x < picture.width(); ++x) {
        const Colour colour = picture.at(x, y);
        samples[static_cast<std::size_t>(y * stride + x)] = colour.y;
        samples[static_cast<std::size_t>((rows + y / 2) * stride + x)] = x % 2 == 0 ? colour.u : colour.v;
      }
    }
    PictureView view;
    view.format = PixelFormat::nv12;
    view.width = picture.width();
    view.height = picture.height();
    const std::span<const std::uint8_t> all(samples);
    const auto luma = static_cast<std::size_t>(stride * rows);
    view.planes[0] = {all.first(luma), stride};
    view.planes[1] = {all.subspan(luma), stride};
    view.dmabuf = descriptor;
    view.lease = std::make_shared<int>(descriptor);
    leases[descriptor] = view.lease;
    return view;
  }

  testing::VirtualClock clock;
  testing::ScriptedEncoder chip{clock};
  testing::ScriptedEncoders devices;
  TestPattern pattern{320, 180};
  testing::Decoder decoder;
  std::map<int, std::weak_ptr<const void>> leases;  // Of DMA buffers.
};

TEST_F(V4l2EncoderTest, CodesWhatItIsGiven) {
  const auto encoder = make();
  EXPECT_EQ(encoder->profile_level_id(), "42c01e");
  EXPECT_EQ(encoder->name(), "a chip (/dev/video11)");
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto coded = encoder->encode(pattern.draw(300 + i, 0ms), i * 33ms);
    EXPECT_EQ(coded.key_frame, i == 0);
    EXPECT_EQ(coded.offset, i * 33ms);
    EXPECT_EQ(decoded(coded), 300 + i);
  }
  EXPECT_EQ(chip.imported, 0);
}

TEST_F(V4l2EncoderTest, SetsTheChipUpInTheOrderOfTheInterface) {
  const auto encoder = make();
  chip.log.clear();
  round_trip(*encoder, 1);
  EXPECT_EQ(chip.log, (std::vector<std::string>{"format out", "format in", "rate", "in mapped 8",
                                                "out mapped 4", "in on", "out on"}));
  EXPECT_EQ(chip.controls,
            (std::map<std::uint32_t, std::int32_t>{
                {V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR},
                {V4L2_CID_MPEG_VIDEO_BITRATE, 800'000},
                {V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE},
                {V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_3_0},
                {V4L2_CID_MPEG_VIDEO_B_FRAMES, 0},
                {V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 300},
                {V4L2_CID_MPEG_VIDEO_GOP_SIZE, 300},
                {V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1}}));
}

TEST_F(V4l2EncoderTest, ImportsPicturesThatAreDmaBuffers) {
  const auto encoder = make();
  const int copied = chip.copied;
  for (std::uint32_t i = 0; i < 12; ++i) {
    const auto coded = encoder->encode(dmabuf(700 + i, 40 + static_cast<int>(i % 4), 320, 192), i * 33ms);
    EXPECT_EQ(decoded(coded), 700 + i);
  }
  EXPECT_EQ(chip.imported, 12);
  EXPECT_EQ(chip.copied, copied);
  EXPECT_EQ(chip.starts, 2);  // To see that it works, and for good.
}

TEST_F(V4l2EncoderTest, CopiesWhereRowsAreOfAnotherLength) {
  chip.row_alignment = 128;  // 384 where the picture has 320.
  const auto encoder = make();
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(decoded(encoder->encode(dmabuf(700 + i, 40, 320, 192), i * 33ms)), 700 + i);
  }
  EXPECT_EQ(chip.imported, 0);
  EXPECT_EQ(chip.starts, 2);
}

TEST_F(V4l2EncoderTest, CopiesWhereTheChromaIsElsewhere) {
  const auto encoder = make();
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(decoded(encoder->encode(dmabuf(700 + i, 40, 320, 180), i * 33ms)), 700 + i);
  }
  EXPECT_EQ(chip.imported, 0);
  EXPECT_EQ(chip.starts, 2);
}

TEST_F(V4l2EncoderTest, CopiesWhatItMayNotKeep) {
  const auto encoder = make();
  PictureView picture = dmabuf(700, 40, 320, 192);
  picture.lease.reset();
  EXPECT_EQ(decoded(encoder->encode(picture, 0ms)), 700);
  EXPECT_EQ(chip.imported, 0);
}

// A camera of 30 frames a second and a chip that takes 80 ms for each: the codings come late, all of them, in
// order, and the camera is never held up.
TEST_F(V4l2EncoderTest, KeepsSeveralPicturesInASlowChip) {
  const auto encoder = make();
  chip.latency = 80ms;
  std::vector<int> numbers;
  const auto note = [&](const EncodedPicture& coded) {
    numbers.push_back(decoded(coded).value());
    EXPECT_EQ(coded.offset, numbers.back() * 33ms);
  };
  const petrel::TimePoint start = clock.now();
  for (std::uint32_t i = 0; i < 30; ++i) {
    while (const auto coded = encoder->finished()) note(*coded);
    const auto coded = encoder->encode(pattern.draw(i, 0ms), i * 33ms);
    if (!coded.annex_b.empty()) note(coded);
    EXPECT_LE(clock.now() - start, (i + 1) * 33ms) << i;
    clock.wait((i + 1) * 33ms - (clock.now() - start));
  }
  clock.wait(80ms);
  while (const auto coded = encoder->finished()) note(*coded);
  ASSERT_EQ(numbers.size(), 30u);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(chip.most_inside, V4l2Encoder::max_inside);
}

TEST_F(V4l2EncoderTest, GivesTheYoungestCodingWhereTheChipIsQuick) {
  const auto encoder = make();
  chip.latency = 20ms;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const petrel::TimePoint before = clock.now();
    EXPECT_EQ(round_trip(*encoder, i), static_cast<int>(i));
    EXPECT_EQ(clock.now() - before, 20ms);
    EXPECT_FALSE(encoder->finished());
  }
  EXPECT_EQ(chip.most_inside, 1u);
}

// The chip reads them late: a buffer that had gone back to the camera by then would have another picture.
TEST_F(V4l2EncoderTest, KeepsTheLeaseOfABufferUntilTheChipIsDone) {
  auto encoder = make();
  const int copied = chip.copied;
  chip.latency = 80ms;
  std::vector<int> numbers;
  for (std::uint32_t i = 0; i < 30; ++i) {
    while (const auto coded = encoder->finished()) numbers.push_back(decoded(*coded).value());
    int descriptor = 40;
    while (!leases[descriptor].expired()) ++descriptor;
    const auto coded = encoder->encode(dmabuf(500 + i, descriptor, 320, 192), i * 33ms);
    if (!coded.annex_b.empty()) numbers.push_back(decoded(coded).value());
    clock.wait(8ms);
  }
  ASSERT_GE(numbers.size(), 27u);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], 500 + static_cast<int>(i));
  EXPECT_LE(leases.size(), V4l2Encoder::max_inside + 1);
  EXPECT_EQ(chip.copied, copied);
  encoder.reset();
  for (const auto& [descriptor, lease] : leases) EXPECT_TRUE(lease.expired()) << descriptor;
}

TEST_F(V4l2EncoderTest, GivesADriverAsManyPicturesAsItNeeds) {
  chip.needed = 4;
  const auto encoder = make();
  std::vector<int> numbers;
  for (std::uint32_t i = 0; i < 20; ++i) {
    while (const auto coded = encoder->finished()) numbers.push_back(decoded(*coded).value());
    const auto coded = encoder->encode(pattern.draw(i, 0ms), i * 33ms);
    if (!coded.annex_b.empty()) numbers.push_back(decoded(coded).value());
  }
  ASSERT_GE(numbers.size(), 17u);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<int>(i));
  chip.needed = 1'000'000;  // Whoever says so is not believed, and hangs.
  EXPECT_NE(failure().second.find("the encoder hangs"), std::string::npos);
}

TEST_F(V4l2EncoderTest, CopiesWhereTheChipDoesNotImport) {
  chip.import_error = EINVAL;
  const auto encoder = make();
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(decoded(encoder->encode(dmabuf(700 + i, 40, 320, 192), i * 33ms)), 700 + i);
  }
  EXPECT_EQ(chip.imported, 0);
}

TEST_F(V4l2EncoderTest, ConvertsWhatTheChipDoesNotTake) {
  for (const std::uint32_t only : {V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12}) {
    chip.formats = {only, V4L2_PIX_FMT_RGB24};
    const auto encoder = make();
    decoder = testing::Decoder();
    EXPECT_EQ(decoded(encoder->encode(pattern.draw(41, 0ms), 0ms)), 41);
    EXPECT_EQ(decoded(encoder->encode(dmabuf(42, 40, 320, 192), 33ms)), 42);
    std::vector<std::uint8_t> samples;
    const Picture& picture = pattern.draw(43, 0ms);
    for (int y = 0; y < 180; ++y) {
      for (int x = 0; x < 320; ++x) {
        samples.push_back(picture.at(x, y).y);
        samples.push_back(x % 2 == 0 ? picture.at(x, y).u : picture.at(x, y).v);
      }
    }
    PictureView yuyv;
    yuyv.format = PixelFormat::yuyv;
    yuyv.width = 320;
    yuyv.height = 180;
    yuyv.planes[0] = {samples, 640};
    const auto coded = encoder->encode(yuyv, 66ms);
    const auto shown = decoder.decode(coded.annex_b);
    ASSERT_TRUE(shown);
    EXPECT_EQ(read_frame_number(*shown), 43);
    EXPECT_EQ(read_bar(*shown, 5), "red");
  }
}

TEST_F(V4l2EncoderTest, MakesKeyFramesOnDemand) {
  const auto encoder = make();
  EXPECT_TRUE(encoder->encode(pattern.draw(0, 0ms), 0ms).key_frame);
  EXPECT_FALSE(encoder->encode(pattern.draw(1, 0ms), 33ms).key_frame);
  encoder->force_key_frame();
  EXPECT_TRUE(encoder->encode(pattern.draw(2, 0ms), 66ms).key_frame);
  EXPECT_FALSE(encoder->encode(pattern.draw(3, 0ms), 99ms).key_frame);
  EXPECT_EQ(chip.starts, 2);
}

TEST_F(V4l2EncoderTest, StartsAnewForAKeyFrameWhereThereIsNoControl) {
  chip.missing_controls = {V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME};
  const auto encoder = make();
  EXPECT_EQ(round_trip(*encoder, 0), 0);
  EXPECT_EQ(round_trip(*encoder, 1), 1);
  encoder->force_key_frame();
  const auto coded = encoder->encode(pattern.draw(2, 0ms), 66ms);
  EXPECT_TRUE(coded.key_frame);
  EXPECT_EQ(decoded(coded), 2);
  EXPECT_EQ(chip.starts, 3);
}

TEST_F(V4l2EncoderTest, ChangesTheBitrateWhileItRuns) {
  const auto encoder = make();
  round_trip(*encoder, 0);
  encoder->set_bitrate(200'000);
  EXPECT_EQ(chip.controls[V4L2_CID_MPEG_VIDEO_BITRATE], 200'000);
  EXPECT_EQ(chip.starts, 2);
  encoder->force_key_frame();
  // What starts anew has it too.
  encoder->encode(dmabuf(5, 40, 320, 192), 33ms);
  EXPECT_EQ(chip.controls[V4L2_CID_MPEG_VIDEO_BITRATE], 200'000);
}

TEST_F(V4l2EncoderTest, PutsParameterSetsBeforeEveryKeyFrame) {
  const auto check = [&] {
    const auto encoder = make();
    EXPECT_EQ(encoder->profile_level_id(), "42c01e");
    for (std::uint32_t i = 0; i < 4; ++i) {
      encoder->force_key_frame();
      const auto coded = encoder->encode(pattern.draw(i, 0ms), i * 33ms);
      EXPECT_TRUE(coded.key_frame);
      testing::Decoder late;
      EXPECT_TRUE(late.decode(coded.annex_b)) << i;
    }
  };
  chip.headers_apart = true;
  check();
  chip.repeats_headers = false;
  check();
  chip.headers_apart = false;
  check();
}

TEST_F(V4l2EncoderTest, WaitsForAChipWithAPipeline) {
  chip.pipeline = 2;
  const auto encoder = make();
  std::vector<int> numbers;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto coded = encoder->encode(pattern.draw(i, 0ms), i * 33ms);
    if (coded.annex_b.empty()) continue;
    numbers.push_back(decoded(coded).value());
    EXPECT_EQ(coded.offset, numbers.back() * 33ms);
  }
  EXPECT_EQ(numbers, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(V4l2EncoderTest, DropsABrokenCodingAndAsksForAKeyFrame) {
  const auto encoder = make();
  EXPECT_EQ(round_trip(*encoder, 0), 0);
  chip.broken_codings = 1;
  EXPECT_TRUE(encoder->encode(pattern.draw(1, 0ms), 33ms).annex_b.empty());
  EXPECT_TRUE(encoder->encode(pattern.draw(2, 0ms), 66ms).key_frame);
}

TEST_F(V4l2EncoderTest, GivesUpOnAChipThatHangs) {
  const auto encoder = make();
  chip.keeps_pictures = true;
  const petrel::TimePoint before = clock.now();
  try {
    for (std::uint32_t i = 0; i < 10; ++i) encoder->encode(pattern.draw(i, 0ms), i * 33ms);
    FAIL();
  } catch (const SourceLost& lost) {
    EXPECT_EQ(std::string(lost.what()), "/dev/video11 has kept a picture for a second: the encoder hangs.");
  }
  EXPECT_LE(clock.now() - before, V4l2Encoder::longest_picture + 10ms);
}

TEST_F(V4l2EncoderTest, TakesOtherBaselineAndFewControls) {
  chip.knows_constrained_baseline = false;
  chip.missing_controls = {V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_CID_MPEG_VIDEO_H264_LEVEL,
                           V4L2_CID_MPEG_VIDEO_B_FRAMES, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD,
                           V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER};
  chip.repeats_headers = false;
  const auto encoder = make();
  EXPECT_EQ(round_trip(*encoder, 9), 9);
  EXPECT_EQ(chip.controls[V4L2_CID_MPEG_VIDEO_H264_PROFILE], V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE);
}

TEST_F(V4l2EncoderTest, SaysWhyThereIsNone) {
  struct Case {
    unsigned long request;
    int error;
    const char* kind;
    const char* text;
  };
  const Case cases[] = {
      {VIDIOC_QUERYCAP, ENOTTY, "user", "is no encoder from NV12 or YU12 to H.264. Use --encoder openh264."},
      {VIDIOC_S_FMT, EBUSY, "lost", "/dev/video11 is in use by another program (EBUSY)"},
      {VIDIOC_S_FMT, EINVAL, "user", "refuses to give H.264 (EINVAL"},
      {VIDIOC_S_CTRL, EINVAL, "user", "does not encode H.264 Baseline"},
      {VIDIOC_REQBUFS, ENOMEM, "lost", "refuses buffers (ENOMEM"},
      {VIDIOC_QUERYBUF, EINVAL, "user", "refuses to describe a buffer"},
      {VIDIOC_QBUF, EIO, "lost", "refuses a buffer (EIO"},
      {VIDIOC_STREAMON, EINVAL, "user", "refuses to start"},
      {VIDIOC_DQBUF, ENODEV, "lost", "is not there (ENODEV)"},
  };
  for (const Case& each : cases) {
    chip.errors = {{each.request, each.error}};
    const auto [kind, text] = failure();
    EXPECT_EQ(kind, each.kind) << each.text;
    EXPECT_NE(text.find(each.text), std::string::npos) << text;
    EXPECT_EQ(chip.open, 0);
  }
  chip.errors.clear();
  chip.encodes_nothing = true;
  EXPECT_EQ(failure().second, "/dev/video11 encodes nothing. Use --encoder openh264.");
  chip.encodes_nothing = false;
  chip.max_width = 160;
  EXPECT_NE(failure().second.find("of 320x180, at most 160x192. Use a smaller --size"), std::string::npos);
  chip.open_error = EACCES;
  EXPECT_NE(failure().second.find("group video"), std::string::npos);
}

TEST_F(V4l2EncoderTest, IsFoundAmongOtherDevices) {
  EXPECT_EQ(find_v4l2_encoder(devices), path);
  testing::ScriptedEncoder camera(clock);
  camera.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  testing::ScriptedEncoder closed(clock);
  closed.open_error = EACCES;
  testing::ScriptedEncoder other(clock);
  other.formats = {V4L2_PIX_FMT_RGB24};
  devices.chips["/dev/video0"] = &camera;
  devices.chips["/dev/video1"] = &closed;
  devices.chips["/dev/video10"] = &other;
  EXPECT_EQ(find_v4l2_encoder(devices), path);
  devices.chips.erase(path);
  EXPECT_EQ(find_v4l2_encoder(devices), "");
}

}  // namespace
}  // namespace camera
