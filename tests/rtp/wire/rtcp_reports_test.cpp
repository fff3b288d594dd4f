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

const ReportBlock block{.source = {2},
                        .fraction_lost = 10,
                        .cumulative_lost = -1,
                        .highest_sequence = 0x10002,
                        .jitter = 3,
                        .last_report = 4,
                        .delay_since_last_report = 5};
const std::string block_bytes = "00000002 0affffff 00010002 00000003 00000004 00000005";

TEST(SenderReport, IsWrittenAsItIsRead) {
  const std::string bytes = "81c8000c 00000001 0102030405060708 00000009 0000000a 0000000b" + block_bytes;
  expect_both_ways(bytes, SenderReport{.sender = {1},
                                       .ntp = {0x0102030405060708},
                                       .rtp_timestamp = 9,
                                       .packet_count = 10,
                                       .octet_count = 11,
                                       .reports = {block}});
  expect_every_truncation_malformed(bytes);
}

TEST(ReceiverReport, IsWrittenAsItIsRead) {
  const std::string bytes = "82c9000d 00000001" + block_bytes + block_bytes;
  expect_both_ways(bytes, ReceiverReport{Ssrc{1}, {block, block}});
  expect_every_truncation_malformed(bytes);
}

TEST(ReceiverReport, MayEndInAnExtensionOfAProfile) {
  const auto messages = read_all(hex("80c90003 00000001 aabbccdd eeff0011"));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], Message(ReceiverReport{Ssrc{1}, {}}));
}

TEST(ReceiverReport, HoldsItsLossToTwentyFourBits) {
  ReportBlock lossy;
  lossy.cumulative_lost = 0x7fffffff;
  const auto messages = read_all(write_alone(ReceiverReport{Ssrc{1}, {lossy}}));
  EXPECT_EQ(std::get<ReceiverReport>(messages.at(0)).reports.at(0).cumulative_lost, 0x7fffff);
}

TEST(ReceiverReport, CountsAtMostThirtyOneBlocks) {
  ReceiverReport report{Ssrc{1}, std::vector<ReportBlock>(31)};
  EXPECT_EQ(read_all(write_alone(report)).at(0), Message(report));
  report.reports.emplace_back();
  EXPECT_EQ(Writer(1500).add(report).error(), Errc::too_many_elements);
}

TEST(SourceDescription, IsWrittenAsItIsRead) {
  // Texts of 1 to 4 bytes end at each place within a word.
  expect_both_ways("81ca0002 00000001 01016100", SourceDescription{{{{1}, "a"}}});
  expect_both_ways("81ca0003 00000001 01026162 00000000", SourceDescription{{{{1}, "ab"}}});
  expect_both_ways("81ca0003 00000001 01036162 63000000", SourceDescription{{{{1}, "abc"}}});
  expect_both_ways("82ca0005 00000001 01046162 63640000 00000002 00000000",
                   SourceDescription{{{{1}, "abcd"}, {{2}, ""}}});
  expect_every_truncation_malformed("82ca0005 00000001 01046162 63640000 00000002 00000000");
}

TEST(SourceDescription, KeepsOnlyTheName) {
  const auto messages = read_all(hex("81ca0004 00000001 06026162 01026364 00000000"));
  EXPECT_EQ(messages.at(0), Message(SourceDescription{{{{1}, "cd"}}}));
}

TEST(SourceDescription, WithAnItemOverItsEndIsRefused) {
  expect_malformed(hex("81ca0002 00000001 01ff6162"));
}

TEST(SourceDescription, RefusesANameThatNoLengthCanSay) {
  EXPECT_TRUE(Writer(1500).add(SourceDescription{{{{1}, std::string(255, 'a')}}}));
  EXPECT_EQ(Writer(1500).add(SourceDescription{{{{1}, std::string(256, 'a')}}}).error(),
            Errc::too_many_elements);
}

TEST(Bye, IsWrittenAsItIsRead) {
  expect_both_ways("80cb0000", Bye{});
  expect_both_ways("82cb0002 00000001 00000002", Bye{{{1}, {2}}, ""});
  expect_both_ways("81cb0003 00000001 06627965 62796500", Bye{{{1}}, "byebye"});
  expect_every_truncation_malformed("82cb0002 00000001 00000002");
  expect_malformed(hex("81cb0002 00000001 06627965"));
}

TEST(ExtendedReport, IsWrittenAsItIsRead) {
  const auto bytes = "80cf0008 00000001 04000002 0102030405060708 05000003 00000002 00000003 00000004";
  expect_both_ways(bytes, ExtendedReport{Ssrc{1}, NtpTime{0x0102030405060708}, {{{2}, 3, 4}}});
  expect_both_ways("80cf0001 00000001", ExtendedReport{Ssrc{1}, {}, {}});
}

TEST(ExtendedReport, PassesOverBlocksThatItDoesNotKnow) {
  const auto messages = read_all(hex("80cf0006 00000001 07000001 aabbccdd 04000002 0000000000000009"));
  EXPECT_EQ(messages.at(0), Message(ExtendedReport{Ssrc{1}, NtpTime{9}, {}}));
}

TEST(ExtendedReport, WithABlockOverItsEndIsRefused) {
  expect_malformed(hex("80cf0000"));
  expect_malformed(hex("80cf0003 00000001 04000002 01020304"));
  expect_malformed(hex("80cf0003 00000001 04000001 01020304"));
  expect_malformed(hex("80cf0004 00000001 05000002 00000002 00000003"));
}

}  // namespace
}  // namespace petrel::inline v0::rtcp
