#include "camera/audio/talkers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "examples/sound_measures.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using testing::frequency_of;
using testing::level_of;
using testing::tone_block;

constexpr petrel::TimePoint start{1h};

std::vector<std::byte> rtp(std::uint32_t ssrc, std::uint16_t sequence, petrel::Bytes payload) {
  petrel::rtp::PacketHeader header;
  header.payload_type = petrel::rtp::PayloadType{111};
  header.sequence = sequence;
  header.timestamp = 960u * sequence;
  header.ssrc = petrel::rtp::Ssrc{ssrc};
  const auto packet = petrel::rtp::write_packet(header, petrel::rtp::ExtensionBlock(), payload);
  const petrel::Bytes bytes = packet.value().bytes();
  return {bytes.begin(), bytes.end()};
}

// Talks for so many blocks, and says what is heard meanwhile.
std::vector<std::int16_t> talk(
    Talkers& talkers, std::size_t blocks, const std::map<TalkerId, double>& tones,
    const std::function<bool(std::size_t)>& lost = [](std::size_t) { return false; }) {
  std::map<TalkerId, SoundEncoder> encoders;
  for (const auto& [id, frequency] : tones) encoders.try_emplace(id, OpusSettings{});
  std::vector<std::int16_t> heard;
  for (std::size_t i = 0; i < blocks; ++i) {
    const petrel::TimePoint now = start + static_cast<int>(i) * 20ms;
    for (const auto& [id, frequency] : tones) {
      const auto packet = encoders.at(id).encode(tone_block(i, frequency));
      if (!lost(i))
        talkers.handle_packet(now, id,
                              rtp(static_cast<std::uint32_t>(id), static_cast<std::uint16_t>(i), packet));
    }
    Block block;
    talkers.mix(now, block);
    heard.insert(heard.end(), block.begin(), block.end());
  }
  return heard;
}

TEST(Talkers, OneIsHeard) {
  Talkers talkers;
  EXPECT_FALSE(talkers.anybody_talks());
  const auto heard = talk(talkers, 150, {{1, 440}});
  EXPECT_TRUE(talkers.anybody_talks());
  EXPECT_EQ(level_of(std::span(heard).first(3 * block_samples)), 0);
  EXPECT_NEAR(frequency_of(std::span(heard).subspan(25 * block_samples)), 440, 2);
}

// Two tones that are 5 Hz apart swell to twice one's height, five times a second.
TEST(Talkers, TwoAreMixed) {
  Talkers talkers;
  const auto heard = talk(talkers, 100, {{1, 440}, {2, 445}});
  double loudest = 0;
  double quietest = 32767;
  for (std::size_t block = 30; block < 100; ++block) {
    const double level = level_of(std::span(heard).subspan(block * block_samples, block_samples));
    loudest = std::max(loudest, level);
    quietest = std::min(quietest, level);
  }
  EXPECT_GT(loudest, 8000);
  EXPECT_LT(quietest, 4000);
}

TEST(Talkers, LostPacketsLeaveNoHole) {
  Talkers talkers;
  const auto heard = talk(talkers, 200, {{1, 440}}, [](std::size_t i) { return i % 10 == 7; });
  for (std::size_t block = 30; block < 200; ++block)
    EXPECT_GT(level_of(std::span(heard).subspan(block * block_samples, block_samples)), 1000) << block;
  EXPECT_GE(talkers.stats(1)->repaired, 18u);
}

TEST(Talkers, WhatIsTooLoudIsClipped) {
  Talkers talkers;
  std::map<TalkerId, double> crowd;
  for (TalkerId id = 1; id <= 8; ++id) crowd[id] = 440;
  const auto heard = talk(talkers, 60, crowd);
  EXPECT_EQ(*std::ranges::max_element(heard), 32767);
  EXPECT_EQ(*std::ranges::min_element(heard), -32768);
}

TEST(Talkers, ANinthIsHeardOnceOneHasLeft) {
  Talkers talkers;
  const std::vector<std::byte> packet{std::byte{0x08}, std::byte{0}};
  for (TalkerId id = 1; id <= 9; ++id) talkers.handle_packet(start, id, rtp(1, 0, packet));
  EXPECT_EQ(talkers.refused_packets(), 1u);
  EXPECT_EQ(talkers.stats(9), nullptr);
  talkers.handle_gone(3);
  talkers.handle_packet(start, 9, rtp(1, 1, packet));
  EXPECT_NE(talkers.stats(9), nullptr);
}

TEST(Talkers, AnotherStreamOfOneTalkerIsAnotherTimeLine) {
  Talkers talkers;
  const std::vector<std::byte> packet{std::byte{0x08}, std::byte{0}};
  talkers.handle_packet(start, 1, rtp(1, 10, packet));
  talkers.handle_packet(start, 1, rtp(2, 9, packet));
  EXPECT_EQ(talkers.stats(1)->packets, 1u);
}

TEST(Talkers, NonsenseIsCounted) {
  Talkers talkers;
  talkers.handle_packet(start, 1, {});
  talkers.handle_packet(start, 1, std::vector(11, std::byte{0x80}));
  EXPECT_EQ(talkers.refused_packets(), 2u);
  talkers.handle_packet(start, 1, rtp(1, 0, {}));
  EXPECT_FALSE(talkers.anybody_talks());
}

}  // namespace
}  // namespace camera::audio
