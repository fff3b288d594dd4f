#include "camera/audio/opus_codec.hpp"

#include <gtest/gtest.h>

#include "examples/sound_measures.hpp"
#include "petrel/rtp/payload/opus.hpp"

namespace camera::audio {
namespace {

using testing::frequency_of;
using testing::level_of;
using testing::tone_block;

std::vector<std::vector<std::byte>> encode_tone(SoundEncoder& encoder, std::size_t blocks, double frequency) {
  std::vector<std::vector<std::byte>> packets;
  for (std::size_t i = 0; i < blocks; ++i) packets.push_back(encoder.encode(tone_block(i, frequency)));
  return packets;
}

TEST(OpusCodec, CarriesATone) {
  SoundEncoder encoder({});
  SoundDecoder decoder;
  std::vector<std::int16_t> heard;
  for (const auto& packet : encode_tone(encoder, 100, 440)) {
    const auto samples = decoder.decode(packet);
    EXPECT_EQ(samples.size(), block_samples);
    heard.insert(heard.end(), samples.begin(), samples.end());
  }
  const auto settled = std::span(heard).subspan(20 * block_samples);
  EXPECT_NEAR(frequency_of(settled), 440, 2);
  EXPECT_NEAR(level_of(settled), 8000 / 1.414, 1000);
}

TEST(OpusCodec, MakesPacketsOfOneBlockAtAboutTheBitrate) {
  for (const std::uint32_t rate : {16'000u, 32'000u, 96'000u}) {
    SoundEncoder encoder({.bits_per_second = rate});
    std::size_t bytes = 0;
    for (const auto& packet : encode_tone(encoder, 250, 440)) {
      const auto shape = petrel::rtp::opus::parse_shape(packet);
      ASSERT_TRUE(shape);
      EXPECT_EQ(shape->timestamp_units(), block_samples);
      bytes += packet.size();
    }
    EXPECT_LT(static_cast<double>(bytes) * 8 / 5, rate * 1.3);
    EXPECT_GT(static_cast<double>(bytes) * 8 / 5, rate * 0.3);
  }
}

TEST(OpusCodec, SendsNothingForSilenceOnlyWhenItWasAskedTo) {
  for (const bool discontinuous : {false, true}) {
    SoundEncoder encoder({.discontinuous = discontinuous});
    int left_out = 0;
    for (int i = 0; i < 200; ++i) left_out += encoder.encode(Block{}).empty() ? 1 : 0;
    EXPECT_EQ(left_out > 100, discontinuous) << left_out;
  }
}

// Were there no repair in the packets, the second of two tones could not be known from the packet after it:
// what a decoder makes up goes on with the first.
TEST(OpusCodec, RepairsTheBlockBeforeFromThePacketAfterIt) {
  SoundEncoder encoder({});
  SoundDecoder with;
  SoundDecoder without;
  std::vector<std::vector<std::byte>> packets;
  for (std::size_t i = 0; i < 60; ++i) packets.push_back(encoder.encode(tone_block(i, i < 50 ? 300 : 700)));
  for (std::size_t i = 0; i < 50; ++i) {
    with.decode(packets[i]);
    without.decode(packets[i]);
  }
  const auto repaired = with.decode_lost_before(packets[51], block_samples);
  ASSERT_EQ(repaired.size(), block_samples);
  const double repaired_frequency = frequency_of(repaired);
  const double made_up_frequency = frequency_of(without.conceal(block_samples));
  EXPECT_NEAR(made_up_frequency, 300, 60);
  EXPECT_GT(repaired_frequency, 500);
}

TEST(OpusCodec, ConcealsWhatIsBrokenAndAsMuchAsIsMissing) {
  SoundDecoder decoder;
  const std::vector<std::byte> three_frames_of_which_none_is_there{std::byte{0x0b}, std::byte{0x83}};
  EXPECT_EQ(decoder.decode(three_frames_of_which_none_is_there).size(), block_samples);
  EXPECT_EQ(decoder.decode_lost_before(three_frames_of_which_none_is_there, 480).size(), 480u);
  EXPECT_EQ(decoder.conceal(480).size(), 480u);
  EXPECT_EQ(decoder.conceal(1).size(), 120u);
  EXPECT_EQ(decoder.conceal(1'000'000).size(), SoundDecoder::max_samples);
}

}  // namespace
}  // namespace camera::audio
