#include "camera/openh264_encoder.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "camera/test_pattern.hpp"
#include "examples/decoder.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "petrel/rtp/payload/h264_parameters.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
namespace h264 = petrel::rtp::h264;

std::vector<h264::NalType> types_of(petrel::Bytes annex_b) {
  std::vector<h264::NalType> types;
  h264::NalReader reader(annex_b);
  while (const auto nal = reader.next()) types.push_back(h264::nal_type((*nal)[0]));
  return types;
}

constexpr EncoderSettings small{
    .width = 320, .height = 180, .frames_per_second = 30, .bits_per_second = 500'000};
const std::vector<h264::NalType> key_frame_types{h264::NalType::sps, h264::NalType::pps,
                                                 h264::NalType::idr_slice};
const std::vector<h264::NalType> delta_frame_types{h264::NalType::slice};

TEST(OpenH264Encoder, GivesOneSliceAFrameAndParametersBeforeEachIdr) {
  OpenH264Encoder encoder(small);
  TestPattern pattern(small.width, small.height);
  for (std::uint32_t frame = 0; frame < 12; ++frame) {
    if (frame == 7) encoder.force_key_frame();
    const auto encoded = encoder.encode(pattern.draw(frame, 0ms), frame * 33ms);
    const bool is_key = frame == 0 || frame == 7;
    EXPECT_EQ(encoded.key_frame, is_key) << frame;
    EXPECT_EQ(types_of(encoded.annex_b), is_key ? key_frame_types : delta_frame_types) << frame;
  }
}

TEST(OpenH264Encoder, WritesConstrainedBaselineInTheLevelOfItsSize) {
  OpenH264Encoder encoder({});
  EXPECT_EQ(encoder.profile_level_id(), "42c01f");

  TestPattern pattern(1280, 720);
  const auto encoded = encoder.encode(pattern.draw(0, 0ms), 0ms);
  h264::NalReader reader(encoded.annex_b);
  const auto parameters = h264::parse_sequence_parameters(*reader.next());
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->profile_idc, 66);
  EXPECT_EQ(parameters->constraint_flags & 0x40, 0x40);  // constraint_set1: what makes Baseline constrained.
  EXPECT_EQ(parameters->level_idc, 31);
  EXPECT_EQ(parameters->width, 1280u);
  EXPECT_EQ(parameters->height, 720u);
  EXPECT_FALSE(parameters->may_reorder());
}

TEST(OpenH264Encoder, FollowsABitrateThatChangesWhileItRuns) {
  const auto bytes_at = [](std::uint32_t bits_per_second) {
    OpenH264Encoder encoder({.width = 640, .height = 360, .bits_per_second = 3'000'000});
    TestPattern pattern(640, 360);
    encoder.encode(pattern.draw(0, 0ms), 0ms);
    encoder.set_bitrate(bits_per_second);
    std::size_t bytes = 0;
    for (std::uint32_t frame = 1; frame < 60; ++frame) {
      bytes += encoder.encode(pattern.draw(frame * 977, frame * 33ms), frame * 33ms).annex_b.size();
    }
    return bytes;
  };
  EXPECT_LT(bytes_at(100'000) * 2, bytes_at(3'000'000));
}

TEST(EncoderLevel, IsTheLowestThatFits) {
  const auto level = [](int width, int height, double rate, std::uint32_t bits) {
    return level_for({.width = width, .height = height, .frames_per_second = rate, .bits_per_second = bits});
  };
  EXPECT_EQ(level(640, 360, 30, 1'000'000), 30);
  EXPECT_EQ(level(1280, 720, 30, 2'500'000), 31);
  EXPECT_EQ(level(1280, 720, 30, 15'000'000), 32);
  EXPECT_EQ(level(1280, 720, 60, 2'500'000), 32);
  EXPECT_EQ(level(1920, 1080, 30, 4'000'000), 40);
  EXPECT_EQ(level(1920, 1080, 60, 4'000'000), 42);
  EXPECT_EQ(level(3840, 2160, 30, 10'000'000), 51);
  EXPECT_EQ(level(3840, 2160, 60, 10'000'000), 52);
  EXPECT_EQ(level(3840, 2160, 120, 10'000'000), 52);
}

}  // namespace
}  // namespace camera
