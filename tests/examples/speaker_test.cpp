#include "camera/audio/speaker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "camera/audio/opus_codec.hpp"
#include "examples/sound_measures.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using testing::level_of;
using testing::tone_block;

// What the sink and the test share.
struct Heard {
  std::counting_semaphore<> wanted{0};
  std::atomic<int> blocks = 0;
  std::atomic<int> loud_blocks = 0;
  std::atomic<int> rests = 0;
};

// Takes as many blocks as it is told to, and time passes with each.
class FakeSink final : public SoundSink {
 public:
  FakeSink(Heard& heard, std::atomic<std::int64_t>& ms) : heard_(heard), ms_(ms) {}
  petrel::Duration step(const Fill& fill) override {
    if (!heard_.wanted.try_acquire_for(10ms)) return {};
    ms_ += 20;
    Block block{};
    fill(block);
    ++heard_.blocks;
    if (level_of(block) > 1000) ++heard_.loud_blocks;
    return {};
  }
  void rest() override { ++heard_.rests; }
  std::string description() const override { return "fake"; }

 private:
  Heard& heard_;
  std::atomic<std::int64_t>& ms_;
};

struct SpeakerTest : ::testing::Test {
  Heard heard;
  std::atomic<std::int64_t> ms = 1'000'000;
  petrel::TimePoint now() const { return petrel::TimePoint(ms.load() * 1ms); }
  std::unique_ptr<Speaker> speaker =
      std::make_unique<Speaker>(std::make_unique<FakeSink>(heard, ms), [this] { return now(); });

  void say(std::uint64_t viewer, std::size_t blocks) {
    SoundEncoder encoder({});
    for (std::size_t i = 0; i < blocks; ++i) {
      petrel::rtp::PacketHeader header;
      header.sequence = static_cast<std::uint16_t>(i);
      header.timestamp = static_cast<std::uint32_t>(i * block_samples);
      const auto payload = encoder.encode(tone_block(i, 440));
      speaker->handle_packet(
          now(), viewer,
          petrel::rtp::write_packet(header, petrel::rtp::ExtensionBlock(), payload).value().bytes());
    }
  }
};

TEST_F(SpeakerTest, PlaysWhatIsSaidAndThenLetsTheDeviceGo) {
  say(1, 50);
  heard.wanted.release(1000);
  while (heard.rests == 0) std::this_thread::yield();
  EXPECT_GE(heard.loud_blocks, 40);
  const int blocks = heard.blocks;
  EXPECT_LT(blocks, 100);
  // And begins again.
  say(2, 50);
  while (heard.rests == 1) std::this_thread::yield();
  EXPECT_GT(heard.blocks, blocks);
}

TEST_F(SpeakerTest, EndsWhileItSleepsAndWhileItPlays) {
  speaker->stop();
  speaker = std::make_unique<Speaker>(std::make_unique<FakeSink>(heard, ms), [this] { return now(); });
  say(1, 50);
  heard.wanted.release(3);
  while (heard.blocks == 0) std::this_thread::yield();
  speaker->stop();
}

TEST_F(SpeakerTest, ForgetsWhoHasGone) {
  say(1, 90);
  speaker->handle_gone(1);
  heard.wanted.release(1000);
  while (heard.rests == 0) std::this_thread::yield();
  EXPECT_EQ(heard.loud_blocks, 0);
}

TEST_F(SpeakerTest, LosesTheOldestWhenItIsBehind) {
  speaker->stop();
  say(1, Speaker::max_waiting + 10);
  EXPECT_EQ(speaker->dropped(), 10u);
}

}  // namespace
}  // namespace camera::audio
