#include "petrel/rtp/stream/receive_stream.hpp"

#include <gtest/gtest.h>

#include "rtp/session_pair.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using petrel::testing::hex;

constexpr TimePoint start{1000s};

struct Stream {
  MediaConfig config = testing::video(false, true);
  ReceiveStream stream{MediaId{1}, config, config.payloads[0], Ssrc{10}};

  bool hear(TimePoint now, std::uint16_t sequence, std::string_view payload) {
    const auto packet = write_packet({true, PayloadType{96}, sequence, sequence * 3000U, Ssrc{10}},
                                     ExtensionBlock(), hex(payload));
    return stream.handle_packet(now, *PacketView::parse(packet->bytes()), config.payloads[0]);
  }
  std::vector<rtcp::Message> feedback(TimePoint now) {
    std::vector<rtcp::Message> out;
    stream.take_feedback(now, Ssrc{1}, 50ms, out);
    return out;
  }
};

constexpr std::string_view key_frame = "18 0002 67aa 0002 68aa 0003 65bbcc";

TEST(ReceiveStream, ReportsEchoTheSenderReport) {
  Stream it;
  it.hear(start, 1, key_frame);
  rtcp::SenderReport report;
  report.sender = Ssrc{10};
  report.ntp = NtpTime{0x1122334455667788};
  it.stream.handle_sender_report(start + 1s, report);

  std::vector<rtcp::ReportBlock> blocks;
  it.stream.take_reports(start + 1500ms, blocks);

  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].source, Ssrc{10});
  EXPECT_EQ(blocks[0].last_report, 0x33445566U);
  EXPECT_EQ(blocks[0].delay_since_last_report, 32768U);
}

TEST(ReceiveStream, AsksForAKeyFrameOnceAGapIsGivenUpAndUntilItComes) {
  Stream it;
  it.hear(start, 1, key_frame);
  it.hear(start, 3, "41aa");
  while (it.stream.next_timeout() && *it.stream.next_timeout() < start + 500ms)
    it.feedback(*it.stream.next_timeout());

  it.stream.handle_timeout(start + 500ms);
  auto asked = it.feedback(start + 500ms);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<rtcp::PictureLossIndication>(asked[0]));
  EXPECT_TRUE(it.feedback(start + 750ms - 1ns).empty());
  EXPECT_EQ(it.feedback(start + 750ms).size(), 1U);

  it.hear(start + 800ms, 4, key_frame);
  while (it.stream.poll_frame()) continue;
  EXPECT_TRUE(it.feedback(start + 1h).empty());
}

TEST(ReceiveStream, AsksForAKeyFrameWhileItStillHopesForTheRepair) {
  Stream it;
  it.hear(start, 1, key_frame);
  it.hear(start, 3, "41aa");
  const auto asks = [&](TimePoint now, std::uint16_t sequence) {
    it.hear(now, sequence, "41aa");
    const auto sent = it.feedback(now);
    return std::ranges::any_of(
        sent, [](const auto& each) { return std::holds_alternative<rtcp::PictureLossIndication>(each); });
  };

  EXPECT_FALSE(asks(start + 250ms - 1ns, 4));
  EXPECT_TRUE(asks(start + 250ms, 5));
}

TEST(ReceiveStream, AsksByFirWhereOnlyThatWasAgreed) {
  Stream it;
  it.config.payloads[0].feedback.pli = false;
  it.hear(start, 1, key_frame);
  it.stream.request_key_frame(start);
  const auto first = it.feedback(start);
  const auto second = it.feedback(start + 250ms);

  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(std::get<rtcp::FullIntraRequest>(first[0]).entries.at(0).command,
            std::get<rtcp::FullIntraRequest>(second[0]).entries.at(0).command);
}

TEST(ReceiveStream, ASenderThatStartsOverIsFollowed) {
  Stream it;
  it.hear(start, 1, key_frame);
  EXPECT_TRUE(it.stream.poll_frame());
  EXPECT_FALSE(it.hear(start, 30'000, key_frame));
  EXPECT_TRUE(it.hear(start, 30'001, key_frame));

  EXPECT_TRUE(it.stream.poll_frame());
  EXPECT_EQ(it.stream.stats().dropped.bad_sequence, 1U);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
