#include "camera/audio/microphone.hpp"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace camera::audio {
namespace {

using namespace std::chrono_literals;

// A block for each step, each a tenth of a second after the one before.
class FakeSource final : public SoundSource {
 public:
  explicit FakeSource(std::atomic<int>& blocks) : blocks_(blocks) {}
  Step step() override {
    Sound sound;
    sound.captured = petrel::TimePoint(blocks_.load() * 100ms);
    ++blocks_;
    return {sound, {}};
  }
  std::string description() const override { return "fake"; }

 private:
  std::atomic<int>& blocks_;
};

TEST(Microphone, HandsOverPacketsInOrderWithTheTimeTheyWereHeard) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  std::atomic<int> blocks = 0;
  std::vector<petrel::TimePoint> times;
  Microphone microphone(std::make_unique<FakeSource>(blocks), {}, io.get_executor(),
                        [&](const std::shared_ptr<const petrel::EncodedFrame>& frame) {
                          EXPECT_FALSE(frame->bytes().empty());
                          times.push_back(frame->capture_time());
                          if (times.size() == 20) io.stop();
                        });
  io.run();
  microphone.stop();
  ASSERT_GE(times.size(), 20u);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GT(times[i], times[i - 1]);
}

TEST(Microphone, LosesTheOldestSoundWhenNobodyTakesIt) {
  asio::io_context io;
  std::atomic<int> blocks = 0;
  std::vector<petrel::TimePoint> times;
  Microphone microphone(std::make_unique<FakeSource>(blocks), {}, io.get_executor(),
                        [&](const std::shared_ptr<const petrel::EncodedFrame>& frame) {
                          times.push_back(frame->capture_time());
                        });
  while (microphone.dropped() < 5) std::this_thread::yield();
  io.run_one();
  ASSERT_EQ(times.size(), Microphone::max_waiting);
  EXPECT_GE(times.front(), petrel::TimePoint(500ms));
  EXPECT_EQ(times.back() - times.front(), (Microphone::max_waiting - 1) * 100ms);
  microphone.stop();
}

TEST(Microphone, CallsNothingAfterItWasStopped) {
  asio::io_context io;
  std::atomic<int> blocks = 0;
  bool called = false;
  Microphone microphone(std::make_unique<FakeSource>(blocks), {}, io.get_executor(),
                        [&](const std::shared_ptr<const petrel::EncodedFrame>&) { called = true; });
  while (blocks < 3) std::this_thread::yield();
  microphone.stop();
  io.run();
  EXPECT_FALSE(called);
  EXPECT_EQ(microphone.description(), "fake");
}

}  // namespace
}  // namespace camera::audio
