#include "petrel/rtp/payload/opus.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "rtp/captured_media.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp::opus {
namespace {

using namespace std::chrono_literals;
using testing::captured_packets;
using testing::hex;

TEST(OpusPacket, OfFfmpegLastsAsLongAsItsTimestampSays) {
  const auto packets = captured_packets("opus.rtp");
  ASSERT_GE(packets.size(), 10u);
  for (std::size_t i = 0; i + 1 < packets.size(); ++i) {
    const auto view = PacketView::parse(packets[i]);
    const auto next = PacketView::parse(packets[i + 1]);
    ASSERT_TRUE(view && next);
    const auto shape = parse_shape(view->payload());
    ASSERT_TRUE(shape);
    EXPECT_EQ(shape->duration(), 20ms);
    EXPECT_EQ(next->header().timestamp - view->header().timestamp, shape->timestamp_units());
  }
}

TEST(OpusPacket, HasItsDurationInTheConfiguration) {
  // RFC 6716 table 2, one configuration of each duration.
  const auto duration = [](unsigned configuration) {
    return parse_shape(std::vector{static_cast<std::byte>(configuration << 3)})->duration();
  };
  EXPECT_EQ(duration(0), 10ms);
  EXPECT_EQ(duration(1), 20ms);
  EXPECT_EQ(duration(2), 40ms);
  EXPECT_EQ(duration(11), 60ms);
  EXPECT_EQ(duration(12), 10ms);
  EXPECT_EQ(duration(15), 20ms);
  EXPECT_EQ(duration(16), 2500us);
  EXPECT_EQ(duration(29), 5ms);
  EXPECT_EQ(duration(30), 10ms);
  EXPECT_EQ(duration(31), 20ms);
}

TEST(OpusPacket, CountsItsFrames) {
  EXPECT_EQ(parse_shape(hex("f8"))->frames, 1);
  EXPECT_EQ(parse_shape(hex("f9"))->frames, 2);
  EXPECT_EQ(parse_shape(hex("fa"))->frames, 2);
  EXPECT_EQ(parse_shape(hex("fbc3"))->frames, 3);
  EXPECT_FALSE(parse_shape(hex("f8"))->stereo);
  EXPECT_TRUE(parse_shape(hex("fc"))->stereo);
  EXPECT_EQ(parse_shape(hex("fb06"))->timestamp_units(), 5760u);
}

TEST(OpusPacket, NamesWhatIsWrong) {
  EXPECT_EQ(parse_shape({}).error(), Errc::empty_payload);
  EXPECT_EQ(parse_shape(hex("fb")).error(), Errc::truncated);
  EXPECT_EQ(parse_shape(hex("fb00")).error(), Errc::malformed_payload);
  EXPECT_EQ(parse_shape(hex("fb07")).error(), Errc::malformed_payload);  // 140 ms.
}

}  // namespace
}  // namespace petrel::inline v0::rtp::opus
