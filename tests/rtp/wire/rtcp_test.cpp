#include "petrel/rtp/wire/rtcp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "petrel/rtp/errc.hpp"
#include "rtp/captured_media.hpp"
#include "rtp/wire/rtcp_reading.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;
using testing::captured_packets;
using testing::hex;
using testing::read_all;
using testing::to_vector;

constexpr auto report_and_indication = "80c90001 00000001  81ce0002 00000001 00000002";

TEST(RtcpReader, GoesThroughACompound) {
  const auto messages = read_all(hex(report_and_indication));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0], Message(ReceiverReport{Ssrc{1}, {}}));
  EXPECT_EQ(messages[1], Message(PictureLossIndication{Ssrc{1}, Ssrc{2}}));
}

TEST(RtcpReader, TakesAMessageOfReducedSizeAlone) {
  EXPECT_EQ(read_all(hex("81ce0002 00000001 00000002")).size(), 1u);
}

TEST(RtcpReader, ReadsTheReportsOfFfmpeg) {
  for (const char* name : {"x264_baseline.rtcp", "vp8.rtcp", "opus.rtcp"}) {
    const auto packets = captured_packets(name);
    ASSERT_EQ(packets.size(), 1u);
    const auto messages = read_all(packets[0]);
    ASSERT_EQ(messages.size(), 1u);
    ASSERT_TRUE(std::holds_alternative<SenderReport>(messages[0]));
    EXPECT_GT(std::get<SenderReport>(messages[0]).ntp.value >> 32, 3'900'000'000u);  // After 2023.
  }
}

TEST(RtcpReader, PassesOverWhatItDoesNotKnowAndCountsIt) {
  // APP, a feedback format without a meaning, application layer feedback that is not REMB, then a report.
  const auto datagram =
      hex("80cc0002 00000001 74657374  8acd0002 00000001 00000002"
          "8fce0003 00000001 00000002 41424344  80c90001 00000007");
  auto reader = Reader::parse(datagram);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->next(), Message(ReceiverReport{Ssrc{7}, {}}));
  EXPECT_EQ(reader->next(), std::nullopt);
  EXPECT_EQ(reader->unknown(), 3u);
  EXPECT_EQ(reader->malformed(), 0u);
}

TEST(RtcpReader, PassesOverWhatContradictsItsLengthAndCountsIt) {
  // A receiver report that counts a block it does not have.
  const auto datagram = hex("81c90001 00000001  81ce0002 00000001 00000002");
  auto reader = Reader::parse(datagram);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->next(), Message(PictureLossIndication{Ssrc{1}, Ssrc{2}}));
  EXPECT_EQ(reader->next(), std::nullopt);
  EXPECT_EQ(reader->malformed(), 1u);
  EXPECT_EQ(reader->unknown(), 0u);
}

TEST(RtcpReader, RefusesEveryTruncationButThatBetweenPackets) {
  const auto datagram = hex(report_and_indication);
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    EXPECT_EQ(Reader::parse(Bytes(datagram).first(size)).has_value(), size == 8) << size;
  }
}

TEST(RtcpReader, RefusesAnotherVersionAnywhere) {
  EXPECT_EQ(Reader::parse(hex("40c90001 00000001")).error(), Errc::wrong_version);
  EXPECT_EQ(Reader::parse(hex("80c90001 00000001 00ce0002 00000001 00000002")).error(), Errc::wrong_version);
}

TEST(RtcpReader, TakesPaddingInTheLastPacketOnly) {
  EXPECT_EQ(read_all(hex("a1ce0003 00000001 00000002 00000004")).size(), 1u);
  EXPECT_EQ(Reader::parse(hex("a1ce0003 00000001 00000002 00000004 80c90001 00000001")).error(),
            Errc::bad_padding);
  for (const char* padding : {"00000000", "00000003", "00000010"}) {
    EXPECT_EQ(Reader::parse(hex(std::string("a1ce0003 00000001 00000002") + padding)).error(),
              Errc::bad_padding);
  }
  EXPECT_EQ(Reader::parse(hex("a0c90000")).error(), Errc::bad_padding);
}

TEST(RtcpWriter, PutsMessagesOneBehindTheOther) {
  Writer writer(1200);
  EXPECT_TRUE(writer.empty());
  ASSERT_TRUE(writer.add(ReceiverReport{Ssrc{1}, {}}));
  ASSERT_TRUE(writer.add(PictureLossIndication{Ssrc{1}, Ssrc{2}}));
  EXPECT_EQ(writer.size(), 20u);
  EXPECT_EQ(to_vector(writer.finish().bytes()), hex(report_and_indication));

  EXPECT_TRUE(writer.empty());
  ASSERT_TRUE(writer.add(ReceiverReport{Ssrc{9}, {}}));
  EXPECT_EQ(to_vector(writer.finish().bytes()), hex("80c90001 00000009"));
}

TEST(RtcpWriter, IsUnchangedByAMessageWithoutRoom) {
  Writer writer(19);
  ASSERT_TRUE(writer.add(ReceiverReport{Ssrc{1}, {}}));
  EXPECT_EQ(writer.add(PictureLossIndication{Ssrc{1}, Ssrc{2}}).error(), Errc::no_room);
  EXPECT_EQ(writer.size(), 8u);
  ASSERT_TRUE(writer.add(ReceiverReport{Ssrc{1}, {}}));
  EXPECT_EQ(to_vector(writer.finish().bytes()), hex("80c90001 00000001 80c90001 00000001"));
}

}  // namespace
}  // namespace petrel::inline v0::rtcp
