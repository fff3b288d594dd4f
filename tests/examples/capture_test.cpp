#include "camera/capture.hpp"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

// A thousand frames a second, each with its number as content.
class FakeSource final : public FrameSource {
 public:
  std::optional<petrel::Duration> next_due() const override { return frame_ * 1ms; }
  std::optional<AccessUnit> next() override {
    if (frame_ == fails_at) throw shared::UserError("the lens cap is on");
    AccessUnit unit;
    unit.capture_offset = *next_due();
    unit.key_frame = frame_ == 0;
    unit.annex_b.resize(static_cast<std::size_t>(frame_ + 1));
    ++frame_;
    return unit;
  }
  void force_key_frame() override { ++key_frames_forced; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42c01f"; }
  std::string description() const override { return "fake"; }

  int fails_at = -1;
  std::atomic<int> key_frames_forced = 0;

 private:
  int frame_ = 0;
};

TEST(Capture, HandsOverFramesInOrderWithTheTimeTheyWereTaken) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  FakeSource source;
  std::vector<CapturedFrame> frames;
  Capture capture(
      source, io.get_executor(),
      [&](const CapturedFrame& frame) {
        frames.push_back(frame);
        if (frames.size() == 20) io.stop();
      },
      [](const std::string&) {});
  io.run();
  capture.stop();

  ASSERT_EQ(frames.size(), 20u);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    EXPECT_GT(frames[i].unit.annex_b.size(), frames[i - 1].unit.annex_b.size());
    EXPECT_GE(frames[i].captured - frames[i - 1].captured,
              frames[i].unit.capture_offset - frames[i - 1].unit.capture_offset);
  }
}

// A camera: next() waits for it, and half of its pictures have a time of their own.
class LiveSource final : public FrameSource {
 public:
  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override {
    if (++calls_ % 2 == 0) return std::nullopt;
    AccessUnit unit;
    unit.annex_b.resize(1);
    if (calls_ % 4 == 1) unit.captured = petrel::TimePoint(calls_ * 1s);
    return unit;
  }
  void force_key_frame() override {}
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42c01f"; }
  std::string description() const override { return "live"; }

 private:
  int calls_ = 0;
};

TEST(Capture, KeepsTheTimeThatALiveSourceKnowsAndStampsTheRest) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  LiveSource source;
  const auto before = std::chrono::steady_clock::now().time_since_epoch();
  std::vector<CapturedFrame> frames;
  Capture capture(
      source, io.get_executor(),
      [&](const CapturedFrame& frame) {
        frames.push_back(frame);
        if (frames.size() == 4) io.stop();
      },
      [](const std::string&) {});
  io.run();
  capture.stop();

  ASSERT_EQ(frames.size(), 4u);
  for (const CapturedFrame& frame : frames) {
    if (frame.unit.captured) {
      EXPECT_EQ(frame.captured, *frame.unit.captured);
    } else {
      EXPECT_GE(frame.captured.time_since_epoch(), before);
    }
  }
  EXPECT_EQ(frames[0].captured, petrel::TimePoint(1s));
}

// A file: every tenth picture is a key frame, and none can be had on demand.
class CodedSource final : public FrameSource {
 public:
  std::optional<petrel::Duration> next_due() const override { return number_ * 1ms; }
  std::optional<AccessUnit> next() override {
    AccessUnit unit;
    unit.key_frame = number_ % 10 == 0;
    unit.annex_b.resize(static_cast<std::size_t>(++number_));
    return unit;
  }
  void force_key_frame() override { ++losses; }
  bool can_force_key_frame() const override { return false; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42c01f"; }
  std::string description() const override { return "coded"; }

  std::atomic<int> losses = 0;

 private:
  int number_ = 0;
};

TEST(Capture, GoesOnWithAKeyFrameWhereALossCannotBeRepaired) {
  asio::io_context io;
  CodedSource source;
  std::vector<CapturedFrame> frames;
  Capture capture(
      source, io.get_executor(), [&](const CapturedFrame& frame) { frames.push_back(frame); },
      [](const std::string&) {});
  while (source.losses == 0) std::this_thread::yield();
  const auto work = asio::make_work_guard(io);
  while (frames.size() < Capture::max_pending + 20u) io.run_one();
  capture.stop();

  for (std::size_t i = 1; i < frames.size(); ++i) {
    const bool follows = frames[i].unit.annex_b.size() == frames[i - 1].unit.annex_b.size() + 1;
    EXPECT_TRUE(follows || frames[i].unit.key_frame) << i;
  }
  EXPECT_GT(frames[Capture::max_pending].unit.annex_b.size(), Capture::max_pending + 1u);
}

TEST(Capture, CallsNothingAfterItWasStopped) {
  asio::io_context io;
  FakeSource source;
  bool called = false;
  Capture capture(
      source, io.get_executor(), [&](const CapturedFrame&) { called = true; },
      [&](const std::string&) { called = true; });
  // Frames pile up in the executor's queue until the bound makes the source lose one.
  while (source.key_frames_forced == 0) std::this_thread::yield();
  capture.stop();
  EXPECT_EQ(io.run(), static_cast<std::size_t>(Capture::max_pending));
  EXPECT_FALSE(called);
}

TEST(Capture, SaysWhyTheSourceEnded) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  FakeSource source;
  source.fails_at = 2;
  std::string reason;
  Capture capture(
      source, io.get_executor(), [](const CapturedFrame&) {},
      [&](const std::string& text) {
        reason = text;
        io.stop();
      });
  io.run();
  EXPECT_EQ(reason, "the lens cap is on");
}

TEST(Capture, CanBeStoppedFromItsOwnFunction) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  FakeSource source;
  int frames = 0;
  std::unique_ptr<Capture> capture;
  capture = std::make_unique<Capture>(
      source, io.get_executor(),
      [&](const CapturedFrame&) {
        if (++frames == 3) {
          capture->stop();
          io.stop();
        }
      },
      [](const std::string&) {});
  io.run();
  io.restart();
  io.poll();
  EXPECT_EQ(frames, 3);
}

}  // namespace
}  // namespace camera
