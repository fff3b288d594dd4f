#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_reading.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;
using testing::expect_both_ways;
using testing::expect_malformed;
using testing::hex;
using testing::read_all;
using testing::write_alone;

constexpr auto none = std::nullopt;

TransportFeedback feedback(std::vector<std::optional<std::int16_t>> packets) {
  return {.sender = {1},
          .media = {2},
          .feedback_count = 7,
          .base_sequence = 5,
          .reference_time = 10,
          .packets = std::move(packets)};
}

TEST(TransportFeedback, OfAFewPacketsIsATwoBitVector) {
  // Symbols 1, 2, 0: 11 01 10 00 0000 0000, then 4 in one byte and -3 in two.
  expect_both_ways("8fcd0006 00000001 00000002 00050003 00000a07 d80004ff fd000000", feedback({4, -3, none}));
}

TEST(TransportFeedback, OfManyAlikeIsARun) {
  expect_both_ways("8fcd0005 00000001 00000002 00051fff 00000a07 1fff0000",
                   feedback(std::vector<std::optional<std::int16_t>>(0x1fff, none)));
}

TEST(TransportFeedback, ReadsAOneBitVector) {
  // 1 0 10000000000001: the first and the last of 14.
  const auto messages = read_all(hex("8fcd0005 00000001 00000002 0005000e 00000a07 a0010409"));
  std::vector<std::optional<std::int16_t>> packets(14, none);
  packets.front() = 4;
  packets.back() = 9;
  EXPECT_EQ(messages.at(0), Message(feedback(packets)));
}

TEST(TransportFeedback, ReadsARunThatGoesPastTheLastPacket) {
  const auto messages = read_all(hex("8fcd0005 00000001 00000002 00050002 00000a07 20090102"));
  EXPECT_EQ(messages.at(0), Message(feedback({1, 2})));
}

TEST(TransportFeedback, TimeBeforeTheReferenceHasASign) {
  auto early = feedback({1});
  early.reference_time = -2;
  EXPECT_EQ(read_all(write_alone(early)).at(0), Message(early));
}

TEST(TransportFeedback, SurvivesEveryMixture) {
  // Deltas at the borders of one byte, in every order of four, long enough for several chunks.
  const std::array<std::optional<std::int16_t>, 5> kinds{none, 0, 255, 256, -1};
  for (std::size_t seed = 0; seed < 625; ++seed) {
    std::vector<std::optional<std::int16_t>> packets;
    for (std::size_t i = 0, rest = seed; i < 40; ++i, rest = rest / 5 + (rest % 5) * 125) {
      packets.insert(packets.end(), 1 + rest % 3 * 4, kinds[rest % 5]);
    }
    const auto message = feedback(packets);
    ASSERT_EQ(read_all(write_alone(message)).at(0), Message(message)) << seed;
  }
}

TEST(TransportFeedback, WithoutPacketsOrAboveTheLimitIsRefused) {
  expect_malformed(hex("8fcd0004 00000001 00000002 00050000 00000a07"));
  expect_malformed(hex("8fcd0006 00000001 00000002 00052001 00000a07 1fff1fff 1fff1fff"));
  EXPECT_EQ(Writer(1500).add(feedback({})).error(), Errc::too_many_elements);
}

TEST(TransportFeedback, WithChunksOrDeltasMissingIsRefused) {
  expect_malformed(hex("8fcd0004 00000001 00000002 00050001 00000a07"));
  expect_malformed(hex("8fcd0005 00000001 00000002 00050003 00000a07 20030102"));
  expect_malformed(hex("8fcd0003 00000001 00000002 00050001"));
}

TEST(TransportFeedback, WithAReservedSymbolOrAnEmptyRunIsRefused) {
  expect_malformed(hex("8fcd0005 00000001 00000002 00050001 00000a07 60010000"));
  expect_malformed(hex("8fcd0005 00000001 00000002 00050001 00000a07 20002001"));
}

}  // namespace
}  // namespace petrel::inline v0::rtcp
