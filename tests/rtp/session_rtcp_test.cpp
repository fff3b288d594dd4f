#include <gtest/gtest.h>

#include <map>

#include "petrel/rtp/wire/rtcp.hpp"
#include "rtp/session_pair.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using testing::access_unit;
using testing::SeededRandom;
using testing::video;

constexpr TimePoint start{1000s};
constexpr ClockMapping wall_clock{start, {0xe0000000'00000000}};
constexpr Ssrc peer{0xabcdef01};

/// A session that has sent one key frame, and its peer's voice.
struct Sender {
  SeededRandom random{1};
  Session session{start, {.cname = "sender", .clock = wall_clock}, random};
  MediaId media;
  Ssrc ssrc;
  std::vector<std::uint16_t> sequences;

  explicit Sender(bool rtx = true) {
    media = *session.add_media(start, video(true, false, rtx));
    ssrc = *session.local_ssrc(media);
    send_key_frame(start);
    while (session.poll_event()) continue;
  }
  void send_key_frame(TimePoint now, std::size_t size = 20'000) {
    const auto frame =
        EncodedFrame::make(access_unit(random, true, size), {.capture_time = now, .key_frame = true});
    EXPECT_TRUE(session.send_frame(now, media, frame));
    for (const auto& packet : drain())
      sequences.push_back(PacketView::parse(packet.packet.bytes())->header().sequence);
  }
  std::vector<Outgoing> drain() {
    std::vector<Outgoing> out;
    while (auto outgoing = session.poll_packet()) out.push_back(std::move(*outgoing));
    return out;
  }
  void hear(TimePoint now, const rtcp::Message& message) {
    rtcp::Writer writer(1400);
    ASSERT_TRUE(writer.add(message));
    session.handle_rtcp(now, writer.finish().bytes());
  }
  int key_frame_requests() {
    int count = 0;
    while (const auto event = session.poll_event())
      count += std::holds_alternative<KeyFrameRequested>(*event);
    return count;
  }
  template <class T>
  std::optional<T> next_rtcp() {
    for (const auto& outgoing : drain()) {
      if (outgoing.kind != Outgoing::Kind::rtcp) continue;
      auto reader = rtcp::Reader::parse(outgoing.packet.bytes());
      while (auto message = reader->next()) {
        if (const auto* found = std::get_if<T>(&*message)) return *found;
      }
    }
    return std::nullopt;
  }
};

TEST(SessionRtcp, ASenderReportNamesOneInstantOnBothClocks) {
  Sender sender;
  const TimePoint due = *sender.session.next_timeout();
  sender.session.handle_timeout(due - 1ns);
  EXPECT_TRUE(sender.drain().empty());
  sender.session.handle_timeout(due);

  const auto report = sender.next_rtcp<rtcp::SenderReport>();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, sender.ssrc);
  EXPECT_EQ(report->ntp, wall_clock.to_ntp(due));

  // A frame captured exactly then has exactly that timestamp.
  const auto frame =
      EncodedFrame::make(access_unit(sender.random, true, 100), {.capture_time = due, .key_frame = true});
  ASSERT_TRUE(sender.session.send_frame(due, sender.media, frame));
  const auto packets = sender.drain();
  EXPECT_EQ(PacketView::parse(packets.at(0).packet.bytes())->header().timestamp, report->rtp_timestamp);
}

// Lip sync: from its sender report and its timestamp a receiver learns when a frame was captured, and that is
// the same instant for a picture and a sound of one instant, however late each was coded and sent. The sound
// card's clock is one in a thousand fast, so that its timestamps run ahead of the time of day.
TEST(SessionRtcp, SenderReportsPutPictureAndSoundOnOneTimeLine) {
  Sender sender;
  const MediaId sound = *sender.session.add_media(start, testing::audio(true, false));
  const Ssrc sound_ssrc = *sender.session.local_ssrc(sound);
  const std::vector<std::byte> opus{std::byte{0x08}, std::byte{1}};
  std::map<Ssrc, rtcp::SenderReport> reports;
  std::map<Ssrc, std::pair<TimePoint, std::uint32_t>> last;  // Capture time and timestamp.

  const auto look = [&] {
    for (const auto& outgoing : sender.drain()) {
      if (outgoing.kind == Outgoing::Kind::rtp) {
        const PacketHeader header = PacketView::parse(outgoing.packet.bytes())->header();
        last[header.ssrc].second = header.timestamp;
        continue;
      }
      auto reader = rtcp::Reader::parse(outgoing.packet.bytes());
      while (auto message = reader->next()) {
        if (const auto* report = std::get_if<rtcp::SenderReport>(&*message))
          reports[report->sender] = *report;
      }
    }
  };
  for (int i = 1; i <= 1000; ++i) {
    const TimePoint heard = start + i * 19'980us;
    ASSERT_TRUE(
        sender.session.send_frame(heard + 25ms, sound, EncodedFrame::make(opus, {.capture_time = heard})));
    last[sound_ssrc].first = heard;
    look();
    if (i % 2 == 0) continue;
    const TimePoint seen = start + i * 20ms;
    const auto picture =
        EncodedFrame::make(access_unit(sender.random, true, 100), {.capture_time = seen, .key_frame = true});
    ASSERT_TRUE(sender.session.send_frame(seen + 60ms, sender.media, picture));
    last[sender.ssrc].first = seen;
    look();
    sender.session.handle_timeout(seen + 60ms);
    look();
  }

  ASSERT_EQ(reports.size(), 2u);
  for (const auto& [ssrc, rate] : {std::pair(sender.ssrc, 90'000), std::pair(sound_ssrc, 48'000)}) {
    const auto& [captured, timestamp] = last.at(ssrc);
    const rtcp::SenderReport& report = reports.at(ssrc);
    const double since_report = static_cast<std::int32_t>(timestamp - report.rtp_timestamp) / double(rate);
    const double reported =
        static_cast<double>(static_cast<std::int64_t>(report.ntp.value - wall_clock.ntp.value)) /
        4294967296.0;
    const double learned = reported + since_report;
    // Half a video clock's tick, and the card's error since the report.
    EXPECT_NEAR(learned, std::chrono::duration<double>(captured - start).count(), 0.006) << rate;
  }
}

TEST(SessionRtcp, SenderReportTimeNeverStepsBack) {
  Sender sender;
  const TimePoint due = *sender.session.next_timeout();
  sender.session.handle_timeout(due + 5s);
  const auto first = sender.next_rtcp<rtcp::SenderReport>();
  for (int i = 0; i < 100; ++i) sender.session.handle_timeout(due - i * 1s);
  sender.session.handle_timeout(due + 20s);
  const auto second = sender.next_rtcp<rtcp::SenderReport>();

  ASSERT_TRUE(first && second);
  EXPECT_GT(second->ntp.value, first->ntp.value);
}

TEST(SessionRtcp, ReportsAreCompoundsThatNameTheirSource) {
  Sender sender;
  sender.session.handle_timeout(*sender.session.next_timeout());
  const auto packets = sender.drain();
  ASSERT_EQ(packets.size(), 1U);
  auto reader = rtcp::Reader::parse(packets[0].packet.bytes());

  EXPECT_TRUE(std::holds_alternative<rtcp::SenderReport>(*reader->next()));
  const auto description = std::get<rtcp::SourceDescription>(*reader->next());
  EXPECT_EQ(description.chunks.at(0).cname, "sender");
}

TEST(SessionRtcp, AFirIsObeyedOnceThoughItIsRepeated) {
  Sender sender;
  for (int i = 0; i < 10; ++i) {
    sender.hear(start + i * 1s, rtcp::FullIntraRequest{peer, {{sender.ssrc, 7}}});
    sender.session.handle_timeout(start + i * 1s);
  }
  EXPECT_EQ(sender.key_frame_requests(), 1);

  sender.hear(start + 20s, rtcp::FullIntraRequest{peer, {{sender.ssrc, 8}}});
  EXPECT_EQ(sender.key_frame_requests(), 1);
  sender.hear(start + 30s, rtcp::FullIntraRequest{peer, {{Ssrc{1}, 9}}});
  EXPECT_EQ(sender.key_frame_requests(), 0);
}

TEST(SessionRtcp, AStormOfPlisBecomesFiveRequestsASecond) {
  Sender sender;
  int requests = 0;
  for (TimePoint now = start; now < start + 2s; now += 1ms) {
    sender.hear(now, rtcp::PictureLossIndication{peer, sender.ssrc});
    requests += sender.key_frame_requests();
  }
  EXPECT_EQ(requests, 10);
}

TEST(SessionRtcp, ANackIsAnsweredOncePerRoundTrip) {
  for (const bool rtx : {true, false}) {
    Sender sender(rtx);
    // Without RTX the owner hands back what it protected; nothing did in this test, so nothing can be resent.
    if (!rtx) {
      sender.hear(start, rtcp::Nack{peer, sender.ssrc, {sender.sequences[3]}});
      EXPECT_TRUE(sender.drain().empty());
      continue;
    }
    int answers = 0;
    for (TimePoint now = start + 40ms; now < start + 1040ms; now += 1ms) {
      sender.hear(now, rtcp::Nack{peer, sender.ssrc, {sender.sequences[3]}});
      for (const auto& outgoing : sender.drain()) answers += outgoing.kind != Outgoing::Kind::rtcp;
    }
    EXPECT_LE(answers, 35);  // Every 30 ms: the first NACK came after 40, so that a round trip is no longer.
    EXPECT_GE(answers, 33);
  }
}

TEST(SessionRtcp, ANackWithoutRtxResendsExactlyTheCiphertext) {
  Sender sender(false);
  const auto frame = EncodedFrame::make(access_unit(sender.random, true, 100),
                                        {.capture_time = start + 1s, .key_frame = true});
  ASSERT_TRUE(sender.session.send_frame(start + 1s, sender.media, frame));
  const auto sent = sender.drain();
  ASSERT_TRUE(sent.at(0).keep);
  const std::vector<std::byte> ciphertext(77, std::byte{0x5a});
  sender.session.keep_protected(start + 1s, *sent[0].keep, ciphertext);
  const auto sequence = PacketView::parse(sent[0].packet.bytes())->header().sequence;

  sender.hear(start + 2s, rtcp::Nack{peer, sender.ssrc, {sequence}});

  const auto again = sender.drain();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].kind, Outgoing::Kind::protected_copy);
  EXPECT_TRUE(equal(again[0].packet.bytes(), ciphertext));
  EXPECT_FALSE(again[0].keep);
}

TEST(SessionRtcp, AStormOfNacksIsHeldToWhatWasSent) {
  Sender sender;
  std::size_t sent_bytes = 20'000 + RetransmissionBudget::in_advance_bytes;
  std::size_t resent_bytes = 0;
  for (TimePoint now = start; now < start + 10s; now += 10ms) {
    std::vector<std::uint16_t> everything;
    for (std::uint16_t i = 0; i < 2000; ++i)
      everything.push_back(static_cast<std::uint16_t>(sender.sequences[0] + i));
    rtcp::Nack nack{peer, sender.ssrc, everything};
    sender.hear(now, nack);
    for (const auto& outgoing : sender.drain()) resent_bytes += outgoing.packet.size();
  }
  EXPECT_LT(resent_bytes, sent_bytes * 3 / 2);  // Headers count in what leaves.
}

TEST(SessionRtcp, TimesThatCannotBeTrueLeaveTheRoundTripAlone) {
  Sender sender;
  rtcp::ReportBlock block;
  block.source = sender.ssrc;
  block.last_report = wall_clock.to_ntp(start + 1h).middle();
  sender.hear(start + 1s, rtcp::ReceiverReport{peer, {block}});
  block.last_report = wall_clock.to_ntp(start).middle();
  block.delay_since_last_report = 0xffffffff;
  sender.hear(start + 1s, rtcp::ReceiverReport{peer, {block}});
  EXPECT_EQ(sender.session.stats().outbound.at(0).round_trip_time, std::nullopt);

  rtcp::SenderReport report;
  report.sender = peer;
  report.ntp = NtpTime{~std::uint64_t{0}};
  sender.hear(start + 1s, report);
}

TEST(SessionRtcp, RembSetsTheTarget) {
  Sender sender;
  sender.hear(start + 1s, rtcp::ReceiverEstimate{peer, 400'000, {sender.ssrc}});
  std::optional<std::uint64_t> target;
  while (const auto event = sender.session.poll_event()) {
    if (const auto* bitrate = std::get_if<TargetBitrate>(&*event)) target = bitrate->bits_per_second;
  }
  EXPECT_EQ(target, 400'000U);
}

TEST(SessionRtcp, RemovingAMediaSaysBye) {
  Sender sender;
  sender.session.remove_media(start + 1s, sender.media);

  const auto bye = sender.next_rtcp<rtcp::Bye>();
  ASSERT_TRUE(bye);
  EXPECT_EQ(bye->sources.at(0), sender.ssrc);
  EXPECT_EQ(sender.session.next_timeout(), std::nullopt);
}

TEST(SessionRtcp, EveryTruncationOfACompoundIsDropped) {
  Sender sender;
  rtcp::Writer writer(1200);
  ASSERT_TRUE(writer.add(rtcp::ReceiverReport{peer, {{.source = sender.ssrc}}}));
  ASSERT_TRUE(writer.add(rtcp::Nack{peer, sender.ssrc, {1, 2, 300}}));
  const auto whole = writer.finish();
  for (std::size_t size = 0; size < whole.size(); ++size)
    sender.session.handle_rtcp(start, whole.bytes().first(size));

  EXPECT_GT(sender.session.stats().dropped.malformed_rtcp, 0U);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
