#include "petrel/rtp/session.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "rtp/session_pair.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using testing::access_unit;
using testing::Path;
using testing::SeededRandom;
using testing::SessionPair;
using testing::video;

struct Outcome {
  int sent = 0;
  int delivered = 0;
  int before_first = 0;  ///< Sent before the first one that was delivered.
  int damaged = 0;       ///< Delivered, and not what was sent.
  int undecodable = 0;   ///< Delivered after a frame that was not, without a key frame between.
  Duration longest_freeze{};
  SessionStats stats_a;
  SessionStats stats_b;
  std::size_t protected_copies = 0;
  bool reused_a_number = false;
};

/// A camera at 30 frames per second for `frames` frames, which makes a key frame when it is asked to.
Outcome stream_video(std::uint64_t seed, Path path, bool rtx, int frames) {
  SessionPair pair(seed, path);
  const MediaId source = *pair.a.add_media(pair.now(), video(true, false, rtx));
  pair.b.add_media(pair.now(), video(false, true, rtx)).value();

  Outcome outcome;
  std::map<std::uint32_t, std::pair<int, std::shared_ptr<const EncodedFrame>>> sent;  // By RTP timestamp.
  std::uint32_t next_timestamp = 5000;
  int last_delivered = -1;
  TimePoint last_delivery = pair.now();
  bool wants_key_frame = true;
  const auto on_event = [&](Session& session, const Event& event) {
    if (&session == &pair.a && std::holds_alternative<KeyFrameRequested>(event)) wants_key_frame = true;
    const auto* received = std::get_if<FrameReceived>(&event);
    if (received == nullptr) return;
    const auto it = sent.find(*received->frame->rtp_timestamp());
    ++outcome.delivered;
    if (it == sent.end() || !equal(received->frame->bytes(), it->second.second->bytes()) ||
        received->frame->key_frame() != it->second.second->key_frame()) {
      ++outcome.damaged;
      return;
    }
    if (!received->frame->key_frame() && it->second.first != last_delivered + 1) ++outcome.undecodable;
    if (last_delivered < 0) outcome.before_first = it->second.first;
    last_delivered = it->second.first;
    outcome.longest_freeze = std::max(outcome.longest_freeze, pair.now() - last_delivery);
    last_delivery = pair.now();
  };

  for (int i = 0; i < frames; ++i) {
    const bool key_frame = std::exchange(wants_key_frame, false);
    const std::size_t size = pair.random.between(key_frame ? 8000 : 200, key_frame ? 30'000 : 6000);
    auto frame = EncodedFrame::make(
        access_unit(pair.random, key_frame, size),
        {.capture_time = pair.now(), .key_frame = key_frame, .rtp_timestamp = next_timestamp});
    if (pair.a.send_frame(pair.now(), source, frame)) {
      sent[next_timestamp] = {outcome.sent++, frame};
      next_timestamp += 3000;
    }
    pair.run_until(pair.now() + 33'333'333ns, on_event);
  }
  pair.run_until(pair.now() + 1s, on_event);

  outcome.stats_a = pair.a.stats();
  outcome.stats_b = pair.b.stats();
  outcome.protected_copies = pair.protected_copies;
  outcome.reused_a_number = pair.reused_a_number;
  EXPECT_LE(pair.largest, 1200U);
  return outcome;
}

// What is lost before the first packet that arrives, nobody can ask for; nor for the end of the last frame.
int repairable(const Outcome& outcome) { return outcome.sent - outcome.before_first - 1; }

void expect_sound(const Outcome& outcome, std::uint64_t seed) {
  EXPECT_EQ(outcome.damaged, 0) << "seed " << seed;
  EXPECT_EQ(outcome.undecodable, 0) << "seed " << seed;
  EXPECT_FALSE(outcome.reused_a_number) << "seed " << seed;
}

TEST(Session, EveryFrameArrivesBitExactOnACleanPath) {
  for (const bool rtx : {true, false}) {
    const Outcome outcome = stream_video(1, {}, rtx, 300);
    expect_sound(outcome, 1);
    EXPECT_EQ(outcome.sent, 300);
    EXPECT_EQ(outcome.delivered, 300);
    EXPECT_EQ(outcome.stats_b.inbound.at(0).nacks_sent, 0U);
    EXPECT_EQ(outcome.stats_b.inbound.at(0).plis_sent, 0U);
    EXPECT_EQ(outcome.stats_a.outbound.at(0).retransmitted_packets_sent, 0U);
  }
}

TEST(Session, ReorderingAndDuplicationCostNoFrame) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Path path{.duplication_percent = 20, .latency = 20ms, .spread = 30ms};
    const Outcome outcome = stream_video(seed, path, seed % 2 == 0, 100);
    expect_sound(outcome, seed);
    EXPECT_EQ(outcome.delivered, outcome.sent) << "seed " << seed;
  }
}

TEST(Session, TenPercentLossIsRepairedByRetransmission) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Path path{.loss_percent = 10, .latency = 20ms, .spread = 5ms};
    const Outcome outcome = stream_video(seed, path, true, 300);
    expect_sound(outcome, seed);
    EXPECT_GE(outcome.delivered, repairable(outcome) * 99 / 100) << "seed " << seed;
    EXPECT_GT(outcome.stats_b.inbound.at(0).retransmitted_packets_received, 0U);
    EXPECT_EQ(outcome.protected_copies, 0U);
  }
}

TEST(Session, TenPercentLossIsRepairedByTheSameCiphertextWithoutRtx) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Path path{.loss_percent = 10, .latency = 20ms, .spread = 5ms};
    const Outcome outcome = stream_video(seed, path, false, 300);
    expect_sound(outcome, seed);
    EXPECT_GE(outcome.delivered, repairable(outcome) * 99 / 100) << "seed " << seed;
    EXPECT_GT(outcome.protected_copies, 0U);
  }
}

TEST(Session, ThePictureRecoversWithinTwoSecondsAtThirtyPercentLoss) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Path path{.loss_percent = 30, .latency = 30ms, .spread = 5ms};
    const Outcome outcome = stream_video(seed, path, seed % 2 == 0, 300);
    expect_sound(outcome, seed);
    EXPECT_LT(outcome.longest_freeze, 2s) << "seed " << seed;
    EXPECT_GE(outcome.delivered, repairable(outcome) * 70 / 100) << "seed " << seed;
  }
}

TEST(Session, MeasuresTheRoundTripAndTheLoss) {
  const Outcome outcome = stream_video(3, {.loss_percent = 10, .latency = 40ms}, true, 300);

  const OutboundStats& sent = outcome.stats_a.outbound.at(0);
  ASSERT_TRUE(sent.round_trip_time);
  EXPECT_NEAR(static_cast<double>(sent.round_trip_time->count()), 80e6, 2e6);
  EXPECT_NEAR(static_cast<double>(sent.remote_packets_lost), static_cast<double>(sent.packets_sent) * 0.1,
              static_cast<double>(sent.packets_sent) * 0.04);
  EXPECT_EQ(outcome.stats_b.inbound.at(0).remote_reports > 0, true);
}

struct Codes final : LogSink {
  bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
  void write(const LogRecord& record) noexcept override { seen.insert(std::string(record.code)); }

  std::set<std::string> seen;
};

TEST(Session, LogsWhatBecomesOfThePicture) {
  SeededRandom random(1);
  Codes heard;
  Session session(SessionPair::start, {.log = {&heard, "rtp", ""}}, random);
  const MediaId source = *session.add_media(SessionPair::start, video(true, true));
  const auto hear = [&](std::uint16_t sequence, Ssrc ssrc, std::size_t size) {
    const std::vector<std::byte> payload(size, std::byte{0x41});
    const auto packet =
        write_packet({true, PayloadType{96}, sequence, sequence * 3000U, ssrc}, ExtensionBlock(), payload);
    session.handle_rtp(SessionPair::start, packet->bytes());
  };

  hear(1, *session.local_ssrc(source), 3);
  EXPECT_EQ(heard.seen, std::set<std::string>{"rtp.ssrc_conflict"});
  hear(1, Ssrc{10}, 3);
  session.handle_timeout(SessionPair::start + 1s);  // No key frame has come.
  EXPECT_TRUE(heard.seen.contains("rtp.key_frame_asked"));
  const auto delta = EncodedFrame::make(access_unit(random, false, 100), {});
  EXPECT_FALSE(session.send_frame(SessionPair::start, source, delta));
  EXPECT_TRUE(heard.seen.contains("rtp.key_frame_wanted"));
}

TEST(Session, LogsThePacketsThatAreGivenUp) {
  SeededRandom random(1);
  Codes heard;
  Session session(SessionPair::start, {.log = {&heard, "rtp", ""}}, random);
  session.add_media(SessionPair::start, testing::audio(false, true)).value();
  for (const auto sequence : {std::uint16_t{1}, std::uint16_t{3}}) {
    const auto packet = write_packet({true, PayloadType{111}, sequence, sequence * 960U, Ssrc{10}},
                                     ExtensionBlock(), std::vector<std::byte>(3, std::byte{0xf8}));
    session.handle_rtp(SessionPair::start, packet->bytes());
  }
  EXPECT_FALSE(heard.seen.contains("rtp.packets_given_up"));

  session.handle_timeout(*session.next_timeout());

  EXPECT_TRUE(heard.seen.contains("rtp.packets_given_up"));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
