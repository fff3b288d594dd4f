#include "sctp/last_forward_tsn.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;
using testing::hex;

constexpr TimePoint start{};
constexpr std::string_view header = "13881388 00000001 00000000";

std::vector<std::byte> copy(const std::optional<PacketBuffer>& packet) {
  if (!packet) return {};
  return {packet->bytes().begin(), packet->bytes().end()};
}

TEST(LastForwardTsn, ComesAgainInAPacketOfItsOwn) {
  LastForwardTsn last;
  last.look_at(start, hex(std::string(header) + "03000004 c0000008aabbccdd 00000004"));

  EXPECT_FALSE(last.repeat(start + 399ms, 400ms));
  EXPECT_EQ(copy(last.repeat(start + 400ms, 400ms)), hex(std::string(header) + "c0000008aabbccdd"));
  EXPECT_FALSE(last.repeat(start + 799ms, 400ms));
  EXPECT_TRUE(last.repeat(start + 800ms, 400ms));
}

TEST(LastForwardTsn, IsTheLastOne) {
  LastForwardTsn last;
  last.look_at(start, hex(std::string(header) + "c000000800000001"));
  last.look_at(start + 1s, hex(std::string(header) + "c200000800000002"));
  last.look_at(start + 2s, hex(std::string(header) + "03000004"));

  EXPECT_FALSE(last.repeat(start + 1s + 399ms, 400ms));
  EXPECT_EQ(copy(last.repeat(start + 2s, 400ms)), hex(std::string(header) + "c200000800000002"));
}

TEST(LastForwardTsn, IsNothingBeforeThereWasOne) {
  LastForwardTsn last;
  last.look_at(start, hex(std::string(header) + "00000004"));
  EXPECT_FALSE(last.repeat(start + 1h, 400ms));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
