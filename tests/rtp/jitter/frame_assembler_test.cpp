#include "petrel/rtp/jitter/frame_assembler.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using petrel::testing::hex;
using petrel::testing::SeededRandom;

constexpr TimePoint start{};
constexpr ExtendedSequence base = 0x10000 + 65'533;  // The wrap is near.
constexpr Duration patience = 400ms;

/// Packets of VP8, whose first byte of payload says whether a frame starts: one packet per frame unless told.
struct Video {
  FrameAssembler assembler{true, patience};

  void packet(TimePoint now, int index, std::string_view payload, std::uint32_t timestamp, bool marker) {
    assembler.handle_packet(now, {base + index, timestamp, marker, PayloadFormat::vp8, hex(payload)});
  }
  // RFC 7741 4.2: S=1, PID=0; then a frame header whose lowest bit is 0 for key frames (RFC 6386 9.1).
  void key(TimePoint now, int index) {
    packet(now, index, "10 50 0100 9d012a 0200 0200", static_cast<std::uint32_t>(index * 3000), true);
  }
  void delta(TimePoint now, int index) {
    packet(now, index, "10 51 0100 aa", static_cast<std::uint32_t>(index * 3000), true);
  }
  /// The timestamps of what comes out, in frames.
  std::vector<int> frames() {
    std::vector<int> out;
    while (const auto frame = assembler.poll_frame()) {
      out.push_back(static_cast<int>(*frame->rtp_timestamp()) / 3000);
    }
    return out;
  }
};

using Frames = std::vector<int>;

TEST(FrameAssembler, DeliversFramesAtOnceAndInOrder) {
  Video video;
  video.key(start, 0);
  EXPECT_EQ(video.frames(), Frames{0});
  video.delta(start, 2);
  video.delta(start, 3);
  EXPECT_EQ(video.frames(), Frames{});
  video.delta(start, 1);
  EXPECT_EQ(video.frames(), (Frames{1, 2, 3}));
}

TEST(FrameAssembler, StartsWithAKeyFrame) {
  Video video;
  video.delta(start, 0);
  video.delta(start, 1);
  EXPECT_TRUE(video.assembler.needs_key_frame());
  video.key(start, 2);
  video.delta(start, 3);

  EXPECT_EQ(video.frames(), (Frames{2, 3}));
  EXPECT_FALSE(video.assembler.needs_key_frame());
  EXPECT_EQ(video.assembler.dropped().before_key_frame, 2U);
}

TEST(FrameAssembler, FindsTheKeyFrameThatWasOvertakenByTheFirstPacket) {
  Video video;
  video.delta(start, 1);
  video.key(start, 0);

  EXPECT_EQ(video.frames(), (Frames{0, 1}));
}

TEST(FrameAssembler, WaitsForAMissingPacketToTheLastNanosecond) {
  Video video;
  video.key(start, 0);
  video.delta(start + 10ms, 2);
  EXPECT_EQ(video.assembler.next_timeout(), start + 10ms + patience);

  video.assembler.handle_timeout(start + 10ms + patience - 1ns);
  EXPECT_FALSE(video.assembler.needs_key_frame());
  video.assembler.handle_timeout(start + 10ms + patience);

  EXPECT_TRUE(video.assembler.needs_key_frame());
  EXPECT_EQ(video.assembler.gaps_skipped(), 1U);
  EXPECT_EQ(video.assembler.next_timeout(), std::nullopt);
}

TEST(FrameAssembler, AfterALossThatStaysTheNextFrameIsAKeyFrame) {
  Video video;
  video.key(start, 0);
  for (int i = 2; i < 10; ++i) video.delta(start, i);
  video.assembler.handle_timeout(start + patience);
  video.delta(start + patience, 1);  // Too late.
  video.key(start + patience, 10);
  video.delta(start + patience, 11);

  EXPECT_EQ(video.frames(), (Frames{0, 10, 11}));
  EXPECT_EQ(video.assembler.dropped().late, 1U);
}

TEST(FrameAssembler, GoesOnWithAKeyFrameThatWaitedBehindTheGap) {
  Video video;
  video.key(start, 0);
  video.delta(start, 2);
  video.key(start, 3);
  video.assembler.handle_timeout(start + patience);

  EXPECT_EQ(video.frames(), (Frames{0, 3}));
}

TEST(FrameAssembler, PaddingTakesAPlaceAndIsNoFrame) {
  Video video;
  video.key(start, 0);
  video.packet(start, 1, "", 999, false);
  video.delta(start, 2);

  EXPECT_EQ(video.frames(), (Frames{0, 2}));
}

TEST(FrameAssembler, DuplicatesAreCountedOnce) {
  Video video;
  video.key(start, 0);
  video.key(start, 0);
  video.delta(start, 2);
  video.delta(start, 2);

  EXPECT_EQ(video.frames(), Frames{0});
  EXPECT_EQ(video.assembler.dropped().duplicate, 1U);
  EXPECT_EQ(video.assembler.dropped().late, 1U);
}

TEST(FrameAssembler, EndsAFrameWithoutMarkerWhenTheTimestampChanges) {
  Video video;
  video.packet(start, 0, "10 50 0100 9d012a 0200 0200", 0, false);
  video.packet(start, 1, "00 bbbb", 0, false);
  EXPECT_EQ(video.frames(), Frames{});
  video.packet(start, 2, "10 51 0100 aa", 3000, false);
  video.packet(start, 3, "10 51 0100 aa", 6000, false);

  EXPECT_EQ(video.frames(), (Frames{0, 1}));
}

TEST(FrameAssembler, ABrokenPayloadCostsItsFrameAndAsksForAKeyFrame) {
  Video video;
  video.key(start, 0);
  video.packet(start, 1, "10", 3000, true);  // A descriptor and nothing behind it.

  EXPECT_EQ(video.frames(), Frames{0});
  EXPECT_TRUE(video.assembler.needs_key_frame());
  EXPECT_EQ(video.assembler.dropped().bad_payload, 1U);
}

TEST(FrameAssembler, AWindowOfPacketsBehindAGapIsTheMostThatIsHeld) {
  Video video;
  video.key(start, 0);
  for (int i = 2; i < 2 + 511; ++i) video.delta(start, i);
  EXPECT_FALSE(video.assembler.needs_key_frame());
  video.delta(start, 2 + 511);

  EXPECT_TRUE(video.assembler.needs_key_frame());
}

TEST(FrameAssembler, AKeyFrameMayBeLargerThanTheWindow) {
  Video video;
  video.packet(start, 0, "10 50 0100 9d012a 0200 0200", 0, false);
  for (int i = 1; i < 2000; ++i) video.packet(start, i, "00 bbbb", 0, i == 1999);

  EXPECT_EQ(video.frames(), Frames{0});
}

TEST(FrameAssembler, WhoDidNotFetchFramesGetsAKeyFrameNext) {
  Video video;
  video.key(start, 0);
  video.assembler.require_key_frame();
  EXPECT_TRUE(video.assembler.needs_key_frame());
  video.frames();
  video.delta(start, 1);
  video.key(start, 2);

  EXPECT_EQ(video.frames(), Frames{2});
}

TEST(FrameAssembler, AnIdrWhoseParameterSetsMayBeMissingIsNoStart) {
  FrameAssembler assembler(true, patience);
  const auto packet = [&](int index, std::string_view payload, std::uint32_t timestamp, bool marker) {
    assembler.handle_packet(start, {base + index, timestamp, marker, PayloadFormat::h264, hex(payload)});
  };
  packet(1, "65 aa", 0, true);
  EXPECT_TRUE(assembler.needs_key_frame());

  packet(0, "18 0002 67aa 0002 68aa", 0, false);  // STAP-A with SPS and PPS.

  const auto frame = assembler.poll_frame();
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->key_frame());
}

TEST(FrameAssembler, AudioGoesOnBehindAGap) {
  FrameAssembler assembler(false, 100ms);
  const auto packet = [&](TimePoint now, int index) {
    assembler.handle_packet(
        now, {base + index, static_cast<std::uint32_t>(index), false, PayloadFormat::raw, hex("aa")});
  };
  packet(start, 0);
  packet(start, 2);
  packet(start, 3);
  EXPECT_TRUE(assembler.poll_frame());
  EXPECT_FALSE(assembler.poll_frame());

  assembler.handle_timeout(start + 100ms);

  EXPECT_EQ(assembler.poll_frame()->rtp_timestamp(), 2U);
  EXPECT_EQ(assembler.poll_frame()->rtp_timestamp(), 3U);
}

TEST(FrameAssembler, NoOrderOfArrivalBreaksTheOrderOfFrames) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    Video video;
    TimePoint now = start;
    int last = -1;
    int highest = 0;
    for (int i = 0; i < 2000; ++i) {
      now += 5ms;
      const int back = static_cast<int>(random.between(0, 600));
      const int index = random.between(0, 3) == 0 ? std::max(0, highest - back)
                                                  : highest + static_cast<int>(random.between(0, 2));
      highest = std::max(highest, index);
      if (index % 10 == 0) {
        video.key(now, index);
      } else {
        video.delta(now, index);
      }
      if (const auto due = video.assembler.next_timeout(); due && now >= *due)
        video.assembler.handle_timeout(now);
      for (const int frame : video.frames()) {
        ASSERT_GT(frame, last) << "seed " << seed;
        // Each frame follows its predecessor, or is a key frame.
        ASSERT_TRUE(frame == last + 1 || frame % 10 == 0) << "seed " << seed;
        last = frame;
      }
    }
    EXPECT_GT(last, 100);
  }
}

}  // namespace
}  // namespace petrel::inline v0::rtp
