#include "petrel/rtp/wire/elements.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using testing::hex;
using testing::to_vector;

// Writing what was read gives the bytes back, and no other size is read.
template <class Element>
void expect_round_trip(std::string_view digits, const Element& expected) {
  auto bytes = hex(digits);
  const auto element = Element::parse(bytes);
  ASSERT_TRUE(element);
  EXPECT_EQ(*element, expected);
  EXPECT_EQ(to_vector(element->bytes()), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Element::parse(Bytes(bytes).first(size)));
  }
  bytes.emplace_back();
  EXPECT_FALSE(Element::parse(bytes));
}

TEST(AbsSendTime, CountsQuarterMillionthsOfASecondModuloSixtyFour) {
  expect_round_trip("abcdef", AbsSendTime{0xabcdef});
  EXPECT_EQ(AbsSendTime::at(TimePoint(1s)).value, 1u << 18);
  EXPECT_EQ(AbsSendTime::at(TimePoint(500ms)).value, 1u << 17);
  EXPECT_EQ(AbsSendTime::at(TimePoint(64s)).value, 0u);
  EXPECT_EQ(AbsSendTime::at(TimePoint(64s - 1ns)).value, 0xffffffu);
  EXPECT_EQ(AbsSendTime::at(TimePoint(-1s)).value, 63u << 18);
}

TEST(TransportNumber, HasTwoBytes) { expect_round_trip("fffe", TransportNumber{0xfffe}); }

TEST(AudioLevel, HasVoiceAboveTheLevel) {
  expect_round_trip("ff", AudioLevel{true, 127});
  expect_round_trip("1e", AudioLevel{false, 30});
  EXPECT_EQ(to_vector(AudioLevel{false, 200}.bytes()), hex("7f"));
}

TEST(VideoOrientation, TurnsByQuarters) {
  expect_round_trip("00", VideoOrientation{});
  expect_round_trip("0b", VideoOrientation{true, false, 270});
  expect_round_trip("05", VideoOrientation{false, true, 90});
}

TEST(PlayoutDelay, HasTwelveBitsOfTenMilliseconds) {
  expect_round_trip("001fff", PlayoutDelay{10ms, PlayoutDelay::longest});
  expect_round_trip("000000", PlayoutDelay{});
  EXPECT_EQ(to_vector(PlayoutDelay{-1s, 100s}.bytes()), hex("000fff"));
  EXPECT_EQ(to_vector(PlayoutDelay{19ms, 20ms}.bytes()), hex("001002"));
}

TEST(PlayoutDelay, OfMinAboveMaxIsNone) { EXPECT_FALSE(PlayoutDelay::parse(hex("002001"))); }

TEST(TransmissionOffset, HasASign) {
  expect_round_trip("ffffff", TransmissionOffset{-1});
  expect_round_trip("800000", TransmissionOffset{-0x800000});
  expect_round_trip("7fffff", TransmissionOffset{0x7fffff});
  EXPECT_EQ(to_vector(TransmissionOffset{0x7fffffff}.bytes()), hex("7fffff"));
}

TEST(AbsCaptureTime, IsShortOrLong) {
  const auto time = AbsCaptureTime::parse(hex("0102030405060708"));
  ASSERT_TRUE(time);
  EXPECT_EQ(time->captured.value, 0x0102030405060708u);
  EXPECT_FALSE(time->clock_offset);
  EXPECT_EQ(to_vector(time->bytes()), hex("0102030405060708"));

  const auto mixed = AbsCaptureTime::parse(hex("0102030405060708 fffffffffffffffe"));
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->clock_offset, -2);
  for (std::size_t size : {0u, 7u, 9u, 15u, 17u}) {
    EXPECT_FALSE(AbsCaptureTime::parse(std::vector<std::byte>(size)));
  }
}

TEST(SdesText, IsVisibleAscii) {
  EXPECT_EQ(parse_sdes_text(as_bytes("audio-0_x")), "audio-0_x");
  EXPECT_FALSE(parse_sdes_text({}));
  EXPECT_FALSE(parse_sdes_text(as_bytes("a b")));
  EXPECT_FALSE(parse_sdes_text(hex("6100")));
  EXPECT_FALSE(parse_sdes_text(hex("61ff")));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
