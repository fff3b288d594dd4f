#include "camera/live_stream.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "examples/coded_pattern.hpp"
#include "examples/decoder.hpp"
#include "shared/user_error.hpp"
#include "support/source_directory.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
using petrel::Bytes;
using testing::coded_pattern;

constexpr petrel::TimePoint start(100s);

std::vector<AccessUnit> drain(LiveStream& stream) {
  std::vector<AccessUnit> units;
  while (auto unit = stream.next()) units.push_back(*std::move(unit));
  return units;
}

// Frame after frame, 33 ms apart, with the silence in between told or not.
std::vector<AccessUnit> play(LiveStream& stream, const std::vector<std::vector<std::byte>>& frames,
                             bool tell_silence) {
  std::vector<AccessUnit> units;
  petrel::TimePoint now = start;
  for (const auto& frame : frames) {
    stream.push(now, frame);
    for (auto& unit : drain(stream)) units.push_back(std::move(unit));
    if (tell_silence) {
      stream.handle_timeout(stream.next_timeout().value());
      for (auto& unit : drain(stream)) units.push_back(std::move(unit));
      EXPECT_FALSE(stream.next_timeout());
    }
    now += 33ms;
  }
  return units;
}

TEST(LiveStream, GivesAPictureWhenTheStreamFallsSilent) {
  const auto frames = coded_pattern(9, 4);
  LiveStream stream("cam");
  const auto units = play(stream, frames, true);
  ASSERT_EQ(units.size(), 9u);
  testing::Decoder decoder;
  for (std::size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].annex_b, frames[i]);
    EXPECT_EQ(units[i].key_frame, i % 4 == 0);
    EXPECT_EQ(units[i].captured, start + i * 33ms);
    EXPECT_EQ(units[i].capture_offset, i * 33ms);
    EXPECT_EQ(read_frame_number(decoder.decode(units[i].annex_b).value()), i);
  }
  EXPECT_EQ(stream.cut_short(), 0u);
  EXPECT_EQ(stream.description(), "160x160, H.264 42c01e");
}

TEST(LiveStream, GivesAPictureWhenTheNextOneBegins) {
  LiveStream stream("cam");
  const auto units = play(stream, coded_pattern(9, 4), false);
  ASSERT_EQ(units.size(), 8u);
  for (std::size_t i = 0; i < units.size(); ++i) EXPECT_EQ(units[i].captured, start + i * 33ms);
  stream.finish();
  EXPECT_EQ(drain(stream).size(), 1u);
}

TEST(LiveStream, IsNotSilentBeforeItsTime) {
  LiveStream stream("cam");
  EXPECT_FALSE(stream.next_timeout());
  stream.push(start, coded_pattern(1, 1)[0]);
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.next_timeout(), start + LiveStream::first_quiet);
  stream.handle_timeout(start + LiveStream::first_quiet - 1ns);
  EXPECT_FALSE(stream.next());
  stream.handle_timeout(start + LiveStream::first_quiet);
  EXPECT_TRUE(stream.next());
}

TEST(LiveStream, BeginsWithAKeyFrame) {
  auto frames = coded_pattern(8, 4);
  frames.erase(frames.begin());
  LiveStream stream("cam");
  const auto units = play(stream, frames, true);
  ASSERT_EQ(units.size(), 4u);
  EXPECT_TRUE(units[0].key_frame);
  EXPECT_EQ(units[0].capture_offset, 0ns);
}

TEST(LiveStream, RepeatsParameterSetsBeforeKeyFramesThatComeWithout) {
  auto frames = coded_pattern(8, 4);
  // Without its SPS and PPS, which end where the first start code of an IDR slice stands.
  std::vector<std::byte>& second = frames[4];
  const std::array idr{std::byte{0}, std::byte{0}, std::byte{1}, std::byte{0x65}};
  second.erase(second.begin(), std::ranges::search(second, idr).begin() - 1);
  ASSERT_EQ(second[4], std::byte{0x65});
  LiveStream stream("cam");
  const auto units = play(stream, frames, true);
  ASSERT_EQ(units.size(), 8u);
  testing::Decoder late;
  EXPECT_TRUE(late.decode(units[4].annex_b));
}

TEST(LiveStream, DropsUpToAKeyFrameAfterASilenceInsideOfAPicture) {
  const auto frames = coded_pattern(9, 4);
  LiveStream stream("cam");
  const Bytes first = frames[0];
  stream.push(start, first.first(first.size() / 2));
  stream.handle_timeout(start + 5ms);
  EXPECT_EQ(drain(stream).size(), 1u);  // Half of it, which nobody could know.
  stream.push(start + 6ms, first.subspan(first.size() / 2));
  drain(stream);
  EXPECT_EQ(stream.cut_short(), 1u);

  const auto units = play(stream, {frames.begin() + 1, frames.end()}, true);
  ASSERT_EQ(units.size(), 5u);
  EXPECT_TRUE(units[0].key_frame);
  EXPECT_EQ(units[0].annex_b, frames[4]);
  // A longer silence is waited for now.
  stream.push(start, frames[0]);
  EXPECT_EQ(stream.next_timeout(), start + 2 * LiveStream::first_quiet);
}

TEST(LiveStream, BelievesNoSilenceAnyMoreAfterThree) {
  const auto frames = coded_pattern(4, 1);
  LiveStream stream("cam");
  petrel::TimePoint now = start;
  for (int i = 0; i < 3; ++i) {
    const Bytes frame = frames[static_cast<std::size_t>(i)];
    for (const Bytes half : {frame.first(200), frame.subspan(200)}) {
      stream.push(now, half);
      now = stream.next_timeout().value_or(now);
      stream.handle_timeout(now);
      drain(stream);
    }
  }
  EXPECT_EQ(stream.cut_short(), 3u);
  stream.push(now, frames[3]);
  EXPECT_FALSE(stream.next_timeout());
}

TEST(LiveStream, TakesASecondSliceForTheRestOfAPicture) {
  const auto frames = coded_pattern(2, 1);
  LiveStream stream("cam");
  stream.push(start, frames[0]);
  stream.handle_timeout(start + 5ms);
  drain(stream);
  // An IDR slice that starts at macroblock 1: first_mb_in_slice is 010 as a code.
  const std::vector<std::byte> slice{std::byte{0}, std::byte{0}, std::byte{1}, std::byte{0x65},
                                     std::byte{0x40}};
  stream.push(start + 6ms, Bytes(slice).first(2));
  EXPECT_EQ(stream.cut_short(), 0u);
  stream.push(start + 6ms, Bytes(slice).subspan(2));
  stream.push(start + 6ms, slice);
  EXPECT_EQ(stream.cut_short(), 1u);
}

TEST(LiveStream, ComesInPiecesOfAnySize) {
  const auto frames = coded_pattern(9, 4);
  const auto all = testing::joined(frames);
  for (const std::size_t piece : {1u, 2u, 3u, 100u, 5000u}) {
    LiveStream stream("cam");
    std::vector<AccessUnit> units;
    for (Bytes rest = all; !rest.empty();) {
      const Bytes now = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(now.size());
      stream.push(start, now);
      for (auto& unit : drain(stream)) units.push_back(std::move(unit));
    }
    stream.finish();
    for (auto& unit : drain(stream)) units.push_back(std::move(unit));
    ASSERT_EQ(units.size(), 9u) << piece;
    for (std::size_t i = 0; i < units.size(); ++i) EXPECT_EQ(units[i].annex_b, frames[i]) << piece;
  }
}

TEST(LiveStream, RefusesWhatIsNoH264) {
  LiveStream stream("the pipe");
  const std::vector<std::byte> noise(1024 * 1024, std::byte{0x47});
  std::size_t pushed = 0;
  try {
    for (; pushed < 100; ++pushed) {
      stream.push(start, noise);
      drain(stream);
    }
    FAIL();
  } catch (const shared::UserError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 37), "the pipe is no H.264 in Annex B form,");
  }
  EXPECT_EQ(pushed, LiveStream::max_bytes_before_start / noise.size());
}

TEST(LiveStream, RefusesBFrames) {
  std::ifstream file(petrel::source_directory() + "/tests/examples/data/b_frames.h264", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty());
  LiveStream stream("cam");
  stream.push(start, petrel::as_bytes(text));
  EXPECT_THROW(drain(stream), shared::UserError);
}

}  // namespace
}  // namespace camera
