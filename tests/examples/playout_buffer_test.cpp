#include "camera/audio/playout_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using Kind = PlayoutBuffer::Piece::Kind;

constexpr petrel::TimePoint start{1h};

// RFC 6716 3.1: SILK, 20 ms, one frame. The number is where the sound would be.
std::vector<std::byte> packet_of(unsigned number, std::byte toc = std::byte{0x08}) {
  return {toc, static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)};
}
unsigned number_of(const std::vector<std::byte>& packet) {
  return std::to_integer<unsigned>(packet[1]) << 8 | std::to_integer<unsigned>(packet[2]);
}

// A network between a talker, who sends a packet every 20 ms, and the buffer, which is asked every 20 ms.
struct Talk {
  struct Sent {
    unsigned number;
    petrel::TimePoint arrival;
  };

  void run(unsigned packets, unsigned first_number = 0) {
    std::vector<Sent> sent;
    for (unsigned i = 0; i < packets; ++i) {
      if (lost(first_number + i)) continue;
      sent.push_back({first_number + i, talk_start + i * 20ms + delay(i)});
    }
    std::ranges::sort(sent, {}, [](const Sent& each) { return std::pair(each.arrival, each.number); });
    auto next = sent.begin();
    const petrel::TimePoint end = talk_start + packets * 20ms + 1s;
    for (petrel::TimePoint now = talk_start; now < end; now += 1ms) {
      for (; next != sent.end() && next->arrival <= now; ++next)
        buffer.handle_packet(now, first_timestamp + next->number * 960u, packet_of(next->number));
      if ((now - talk_start) % 20ms != 0ms) continue;
      take(now);
    }
  }

  void take(petrel::TimePoint now) {
    for (;;) {
      const auto piece = buffer.take(now);
      if (piece.kind == Kind::packet) {
        played.push_back(number_of(piece.packet));
        delays.push_back(now - (talk_start + (played.back() - talk_first) * 20ms));
      }
      if (piece.kind == Kind::repair) repaired_from.push_back(number_of(piece.packet));
      if (piece.kind == Kind::conceal) ++concealed;
      if (piece.kind == Kind::silence) ++silent;
      if (!piece.unheard) return;
    }
  }

  std::function<bool(unsigned)> lost = [](unsigned) { return false; };
  std::function<petrel::Duration(unsigned)> delay = [](unsigned) { return 0ms; };
  PlayoutBuffer buffer;
  petrel::TimePoint talk_start = start;
  unsigned talk_first = 0;
  std::uint32_t first_timestamp = 0xffff'0000;  // Wraps after a second and a half.
  std::vector<unsigned> played;
  std::vector<petrel::Duration> delays;
  std::vector<unsigned> repaired_from;
  int concealed = 0;
  int silent = 0;
};

void expect_all_accounted_for(const PlayoutBuffer& buffer) {
  const PlayoutStats& stats = buffer.stats();
  EXPECT_EQ(stats.packets, stats.played + stats.late + stats.duplicate + stats.malformed + stats.overflowed +
                               stats.abandoned);
}

TEST(PlayoutBuffer, PlaysAPerfectTalkWhollyAndSixtyMillisecondsLate) {
  Talk talk;
  talk.run(500);
  ASSERT_EQ(talk.played.size(), 500u);
  for (unsigned i = 0; i < 500; ++i) EXPECT_EQ(talk.played[i], i);
  EXPECT_EQ(talk.delays.front(), 60ms);
  EXPECT_EQ(talk.delays.back(), 60ms);
  // After the end it makes up a tenth of a second, and then it is silent.
  EXPECT_EQ(talk.concealed, 5);
  EXPECT_TRUE(talk.repaired_from.empty());
  EXPECT_FALSE(talk.buffer.is_talking());
  EXPECT_EQ(talk.buffer.target(), 40ms);
  expect_all_accounted_for(talk.buffer);
}

TEST(PlayoutBuffer, RepairsASingleLossFromThePacketAfterIt) {
  Talk talk;
  talk.lost = [](unsigned number) { return number % 10 == 5; };
  talk.run(100);
  EXPECT_EQ(talk.played.size(), 90u);
  ASSERT_EQ(talk.repaired_from.size(), 10u);
  EXPECT_EQ(talk.repaired_from[3], 36u);
  EXPECT_EQ(talk.concealed, 5);  // Those of the end.
  EXPECT_EQ(talk.delays.back(), 60ms);
}

TEST(PlayoutBuffer, MakesUpWhatNothingRepeats) {
  Talk talk;
  talk.lost = [](unsigned number) { return number == 50 || number == 51 || number == 52; };
  talk.run(100);
  EXPECT_EQ(talk.repaired_from, std::vector<unsigned>{53});
  EXPECT_EQ(talk.concealed, 2 + 5);
  EXPECT_EQ(talk.delays.back(), 60ms);
}

TEST(PlayoutBuffer, PutsPacketsInOrder) {
  Talk talk;
  talk.delay = [](unsigned i) { return i % 3 == 0 ? 45ms : 0ms; };
  talk.run(200);
  EXPECT_EQ(talk.played.size(), 200u);
  EXPECT_TRUE(std::ranges::is_sorted(talk.played));
  EXPECT_EQ(talk.concealed, 5);
}

TEST(PlayoutBuffer, GrowsWithJitterAndShrinksWhenItIsOver) {
  Talk talk;
  talk.delay = [](unsigned i) { return i < 500 ? (i % 7) * 18ms : 0ms; };
  talk.run(1500);
  EXPECT_GE(talk.delays[450], 108ms);
  EXPECT_LE(talk.delays[450], 200ms);
  EXPECT_LE(talk.delays.back(), 80ms);
  EXPECT_GT(talk.buffer.stats().hurried, 0u);
  EXPECT_LE(talk.buffer.stats().hurried, 8u);
  expect_all_accounted_for(talk.buffer);
}

// The talk stands still on its way, and all of it comes at once: it is played later, not thrown away.
TEST(PlayoutBuffer, ADelayThatComesSuddenlyStretchesTheSound) {
  Talk talk;
  talk.delay = [](unsigned i) { return i >= 50 && i < 54 ? (54 - i) * 20ms + 40ms : i >= 54 ? 40ms : 0ms; };
  talk.run(200);
  EXPECT_EQ(talk.played.size(), 200u);
  EXPECT_EQ(talk.buffer.stats().late, 0u);
  EXPECT_GT(talk.concealed, 5);
}

TEST(PlayoutBuffer, EachTalkBeginsAnew) {
  Talk talk;
  talk.run(50);
  talk.talk_start += 10min;
  talk.talk_first = 1000;
  talk.run(50, 1000);
  EXPECT_EQ(talk.played.size(), 100u);
  EXPECT_EQ(talk.delays.back(), 60ms);
  expect_all_accounted_for(talk.buffer);
}

TEST(PlayoutBuffer, HoldsAgainstAnythingTheNetworkDoes) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto loss_percent = static_cast<unsigned>(random() % 40);
    const auto jitter_ms = static_cast<unsigned>(1 + random() % 150);
    Talk talk;
    std::vector<bool> lost(400);
    std::vector<petrel::Duration> delays(400);
    for (std::size_t i = 0; i < lost.size(); ++i) {
      lost[i] = random() % 100 < loss_percent;
      delays[i] = (random() % jitter_ms) * 1ms;
    }
    talk.lost = [&](unsigned number) { return static_cast<bool>(lost[number]); };
    talk.delay = [&](unsigned i) { return delays[i]; };
    talk.run(400);

    const PlayoutStats& stats = talk.buffer.stats();
    expect_all_accounted_for(talk.buffer);
    EXPECT_EQ(stats.packets, static_cast<std::uint64_t>(std::ranges::count(lost, false)));
    EXPECT_TRUE(std::ranges::is_sorted(talk.played));
    EXPECT_EQ(std::ranges::adjacent_find(talk.played), talk.played.end());
    // Once it has seen the jitter, nothing that arrives within the longest delay is late.
    if (jitter_ms <= 40) {
      EXPECT_EQ(stats.late, 0u);
    }
    EXPECT_LE(static_cast<double>(stats.late), 0.05 * static_cast<double>(stats.packets));
    EXPECT_LE(*std::ranges::max_element(talk.delays), PlayoutBuffer::max_target + 100ms);
    EXPECT_FALSE(talk.buffer.is_talking());
  }
}

TEST(PlayoutBuffer, CountsDuplicatesAndWhatIsNoOpus) {
  PlayoutBuffer buffer;
  buffer.handle_packet(start, 0, packet_of(0));
  buffer.handle_packet(start, 0, packet_of(0));
  buffer.handle_packet(start, 960, {});
  buffer.handle_packet(start, 960, std::vector{std::byte{0x0b}});  // A count of frames is missing.
  EXPECT_EQ(buffer.stats().duplicate, 1u);
  EXPECT_EQ(buffer.stats().malformed, 2u);
  EXPECT_EQ(buffer.take(start).kind, Kind::silence);
  EXPECT_EQ(buffer.take(start + 60ms).kind, Kind::packet);
}

TEST(PlayoutBuffer, HasABound) {
  PlayoutBuffer buffer;
  for (unsigned i = 0; i < 1000; ++i) buffer.handle_packet(start, i * 960, packet_of(i));
  EXPECT_EQ(buffer.stats().overflowed, 900u);
  EXPECT_EQ(number_of(buffer.take(start + 1s).packet), 900u);
}

TEST(PlayoutBuffer, ALeapOfTheTimeLineBeginsAnew) {
  PlayoutBuffer buffer;
  for (unsigned i = 0; i < 5; ++i) buffer.handle_packet(start + i * 20ms, i * 960, packet_of(i));
  EXPECT_EQ(number_of(buffer.take(start + 80ms).packet), 0u);
  buffer.handle_packet(start + 100ms, 0x7000'0000, packet_of(77));
  EXPECT_EQ(buffer.stats().abandoned, 4u);
  EXPECT_EQ(buffer.take(start + 100ms).kind, Kind::silence);
  EXPECT_EQ(number_of(buffer.take(start + 160ms).packet), 77u);
  expect_all_accounted_for(buffer);
}

TEST(PlayoutBuffer, TakesPacketsOfOtherLengths) {
  PlayoutBuffer buffer;
  // SILK, 10 ms and 60 ms.
  buffer.handle_packet(start, 0, packet_of(0, std::byte{0x00}));
  buffer.handle_packet(start, 480, packet_of(1, std::byte{0x18}));
  buffer.handle_packet(start, 480 + 2880, packet_of(2));
  const petrel::TimePoint later = start + 200ms;
  EXPECT_EQ(buffer.take(later).samples, 480u);
  EXPECT_EQ(buffer.take(later).samples, 2880u);
  EXPECT_EQ(buffer.take(later).samples, 960u);
  EXPECT_EQ(buffer.stats().repaired, 0u);
}

// A minute of a talker whose clock is one in five thousand fast, and one whose clock is as slow.
TEST(PlayoutBuffer, FollowsAClockThatDrifts) {
  for (const int drift : {-1, 1}) {
    Talk talk;
    talk.delay = [drift](unsigned i) { return 200ms + drift * static_cast<int>(i) * 20ms / 5000; };
    talk.run(10'000);
    EXPECT_EQ(talk.buffer.stats().late, 0u);
    EXPECT_EQ(talk.played.size(), 10'000u);
    EXPECT_LE(talk.concealed, 8);
    const petrel::Duration on_its_way = 200ms + drift * 9'999 * 20ms / 5000;
    EXPECT_LE(talk.delays.back() - on_its_way, 100ms);
    EXPECT_GE(talk.delays.back() - on_its_way, 0ms);
  }
}

}  // namespace
}  // namespace camera::audio
