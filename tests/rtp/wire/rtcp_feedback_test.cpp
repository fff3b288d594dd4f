#include <gtest/gtest.h>

#include <string>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_reading.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;
using testing::expect_both_ways;
using testing::expect_every_truncation_malformed;
using testing::expect_malformed;
using testing::hex;
using testing::read_all;
using testing::write_alone;

TEST(Nack, HasAPacketAndSixteenAfterIt) {
  // RFC 4585 6.2.1: the lowest bit is the packet after the first.
  expect_both_ways("81cd0003 00000001 00000002 00640001", Nack{{1}, {2}, {100, 101}});
  expect_both_ways("81cd0003 00000001 00000002 00648000", Nack{{1}, {2}, {100, 116}});
  expect_both_ways("81cd0004 00000001 00000002 00640000 00750000", Nack{{1}, {2}, {100, 117}});
  expect_every_truncation_malformed("81cd0003 00000001 00000002 00640001");
}

TEST(Nack, GoesRoundTheCircle) {
  expect_both_ways("81cd0003 00000001 00000002 ffff8001", Nack{{1}, {2}, {65535, 0, 15}});
}

TEST(Nack, TellsRepetitionsOnce) {
  EXPECT_EQ(write_alone(Nack{{1}, {2}, {7, 7, 8, 8}}), hex("81cd0003 00000001 00000002 00070001"));
}

TEST(Nack, AsksForNoMoreThanTheLimit) {
  EXPECT_EQ(Writer(1500).add(Nack{{1}, {2}, {}}).error(), Errc::too_many_elements);
  const auto lost = [](std::size_t entries) {
    std::string digits = "81cd";
    const char* hexadecimal = "0123456789abcdef";
    const std::size_t words = 2 + entries;
    for (int shift = 12; shift >= 0; shift -= 4) digits += hexadecimal[words >> shift & 15];
    digits += "00000001 00000002";
    for (std::size_t i = 0; i < entries; ++i) digits += "0000ffff";
    return hex(digits);
  };
  EXPECT_EQ(std::get<Nack>(read_all(lost(120)).at(0)).lost.size(), 120u * 17);
  expect_malformed(lost(121));
}

TEST(PictureLossIndication, IsWrittenAsItIsRead) {
  expect_both_ways("81ce0002 00000001 00000002", PictureLossIndication{{1}, {2}});
  expect_every_truncation_malformed("81ce0002 00000001 00000002");
  expect_malformed(hex("81ce0003 00000001 00000002 00000003"));
}

TEST(FullIntraRequest, IsWrittenAsItIsRead) {
  const auto bytes = "84ce0006 00000001 00000000 00000002 07000000 00000003 ff000000";
  expect_both_ways(bytes, FullIntraRequest{{1}, {{{2}, 7}, {{3}, 255}}});
  expect_malformed(hex("84ce0002 00000001 00000000"));
  expect_malformed(hex("84ce0003 00000001 00000000 00000002"));
  EXPECT_EQ(Writer(1500).add(FullIntraRequest{{1}, {}}).error(), Errc::too_many_elements);
}

TEST(ReceiverEstimate, IsWrittenAsItIsRead) {
  // 2,000,000 = 250,000 × 2^3
  const auto bytes = "8fce0006 00000001 00000000 52454d42 020fd090 00000002 00000003";
  expect_both_ways(bytes, ReceiverEstimate{{1}, 2'000'000, {{2}, {3}}});
  expect_both_ways("8fce0004 00000001 00000000 52454d42 00000000", ReceiverEstimate{{1}, 0, {}});
}

TEST(ReceiverEstimate, KeepsEighteenBits) {
  const auto estimate =
      std::get<ReceiverEstimate>(read_all(write_alone(ReceiverEstimate{{1}, 0x123456789, {}})).at(0));
  EXPECT_EQ(estimate.bits_per_second, 0x123456789u & ~((std::uint64_t{1} << 15) - 1));
  const auto largest =
      std::get<ReceiverEstimate>(read_all(write_alone(ReceiverEstimate{{1}, ~0ull, {}})).at(0));
  EXPECT_EQ(largest.bits_per_second, ~0ull << 46);
}

TEST(ReceiverEstimate, OfMoreThanSixtyFourBitsIsRefused) {
  expect_malformed(hex("8fce0004 00000001 00000000 52454d42 00fc0002"));
  EXPECT_EQ(read_all(hex("8fce0004 00000001 00000000 52454d42 00fc0001")).size(), 1u);
  expect_malformed(hex("8fce0004 00000001 00000000 52454d42 01000001"));
}

}  // namespace
}  // namespace petrel::inline v0::rtcp
