#include "petrel/datachannel/dcep.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using testing::hex;

// What createDataChannel('chat', {protocol: 'v1', ordered: false, maxRetransmits: 3}) makes a
// browser send: priority 256, partially reliable by retransmissions, unordered.
const std::vector<std::byte> browsers_open = hex("03 81 0100 00000003 0004 0002 63 68 61 74 76 31");

TEST(Dcep, ReadsABrowsersOpen) {
  const auto open = parse_open(browsers_open);
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->ordered);
  EXPECT_EQ(open->reliability, Reliability::retransmissions);
  EXPECT_EQ(open->reliability_parameter, 3U);
  EXPECT_EQ(open->priority, 256);
  EXPECT_EQ(open->label, "chat");
  EXPECT_EQ(open->protocol, "v1");
}

TEST(Dcep, WritesTheSameBytes) {
  const auto message = write_open({.ordered = false,
                                   .reliability = Reliability::retransmissions,
                                   .reliability_parameter = 3,
                                   .priority = 256,
                                   .label = "chat",
                                   .protocol = "v1"});
  ASSERT_TRUE(message);
  EXPECT_EQ(*message, browsers_open);
}

TEST(Dcep, NoticesEveryTruncation) {
  for (std::size_t size = 0; size < browsers_open.size(); ++size) {
    const auto open = parse_open(Bytes(browsers_open).first(size));
    ASSERT_FALSE(open) << size;
    EXPECT_EQ(open.error(), Errc::truncated) << size;
  }
}

TEST(Dcep, TakesNothingBehindTheMessage) {
  auto longer = browsers_open;
  longer.push_back(std::byte{0});
  EXPECT_EQ(parse_open(longer).error(), Errc::trailing_bytes);
}

TEST(Dcep, KnowsAllTypesOfChannelsAndNoOthers) {
  for (unsigned type = 0; type < 256; ++type) {
    auto message = browsers_open;
    message[1] = static_cast<std::byte>(type);
    const auto open = parse_open(message);
    const unsigned kind = type & 0x7f;
    ASSERT_EQ(open.has_value(), kind <= 2) << type;
    if (!open) {
      EXPECT_EQ(open.error(), Errc::unknown_channel_type);
      continue;
    }
    EXPECT_EQ(open->ordered, type < 0x80);
    EXPECT_EQ(static_cast<unsigned>(open->reliability), kind);
    // RFC 8832 5.1: ignored of a reliable channel.
    EXPECT_EQ(open->reliability_parameter, kind == 0 ? 0U : 3U);
  }
}

TEST(Dcep, RefusesOtherMessages) {
  for (unsigned type = 0; type < 256; ++type) {
    auto message = browsers_open;
    message[0] = static_cast<std::byte>(type);
    const auto open = parse_open(message);
    ASSERT_EQ(open.has_value(), type == 3) << type;
    if (!open) {
      EXPECT_EQ(open.error(), Errc::not_an_open_message);
    }
  }
}

TEST(Dcep, HasNamesOfAnyLengthThatFits) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, OpenMessage::max_name_size}) {
    const std::string label(size, 'l');
    const std::string protocol(size, 'p');
    const auto message = write_open({.label = label, .protocol = protocol});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->size(), 12 + 2 * size);
    const auto open = parse_open(*message);
    ASSERT_TRUE(open);
    EXPECT_EQ(open->label, label);
    EXPECT_EQ(open->protocol, protocol);
    EXPECT_TRUE(open->ordered);
  }
  const std::string too_long(65536, 'x');
  EXPECT_EQ(write_open({.label = too_long}).error(), Errc::name_too_long);
  EXPECT_EQ(write_open({.protocol = too_long}).error(), Errc::name_too_long);
}

TEST(Dcep, WritesNoParameterOfAReliableChannel) {
  const auto message = write_open({.reliability_parameter = 7});
  EXPECT_EQ(*message, hex("03 00 0000 00000000 0000 0000"));
}

TEST(Dcep, HasAnAckOfOneByte) {
  EXPECT_TRUE(is_ack(hex("02")));
  EXPECT_FALSE(is_ack(hex("")));
  EXPECT_FALSE(is_ack(hex("03")));
  EXPECT_FALSE(is_ack(hex("02 00")));
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
