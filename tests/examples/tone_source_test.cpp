#include "camera/audio/tone_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "examples/scripted_alsa.hpp"
#include "examples/sound_measures.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using testing::frequency_of;
using testing::VirtualTime;

std::vector<SoundSource::Sound> listen(ToneSource& source, VirtualTime& time, std::size_t blocks) {
  std::vector<SoundSource::Sound> heard;
  while (heard.size() < blocks) {
    const auto step = source.step();
    if (step.sound) heard.push_back(*step.sound);
    time.now += step.pause;
  }
  return heard;
}

TEST(ToneSource, IsASteadyToneOfItsFrequencyAndLevel) {
  VirtualTime time;
  ToneSource source(time.clock(), 1000);
  std::vector<std::int16_t> samples;
  for (const auto& sound : listen(source, time, 100))
    samples.insert(samples.end(), sound.samples.begin(), sound.samples.end());
  EXPECT_NEAR(frequency_of(samples), 1000, 0.5);
  EXPECT_EQ(*std::ranges::max_element(samples), std::lround(ToneSource::amplitude * 32767));
  // No step from block to block is larger than those within.
  for (std::size_t i = 1; i < samples.size(); ++i) EXPECT_LT(std::abs(samples[i] - samples[i - 1]), 540) << i;
}

TEST(ToneSource, KeepsThePaceOfTheClock) {
  VirtualTime time;
  ToneSource source(time.clock());
  const petrel::TimePoint begin = time.now;
  const auto heard = listen(source, time, 50);
  for (std::size_t i = 0; i < heard.size(); ++i)
    EXPECT_EQ(heard[i].captured, begin + static_cast<int>(i) * 20ms);
  EXPECT_EQ(time.now, begin + 1s);
}

TEST(ToneSource, GoesOnFromNowAfterALongStop) {
  VirtualTime time;
  ToneSource source(time.clock());
  listen(source, time, 5);
  time.now += 10s;
  const auto heard = listen(source, time, 2);
  EXPECT_EQ(heard[0].captured + 20ms, time.now - 20ms);
  EXPECT_EQ(heard[1].captured - heard[0].captured, 20ms);
}

}  // namespace
}  // namespace camera::audio
