#include "sctp/forward_tsn_gate.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using testing::hex;

constexpr std::string_view header = "13881388 00000001 00000000";
const auto forward_to_103 = hex("c0000008 00000103");

// Cumulative TSN, window, number of blocks and of duplicates, blocks.
std::vector<std::byte> sack(std::string_view rest) {
  return hex(std::string(header) + "03000000 " + std::string(rest));
}
std::vector<std::byte> with_length(std::vector<std::byte> packet) {
  packet[15] = static_cast<std::byte>(packet.size() - 12);
  return packet;
}
bool passes(std::string_view rest) {
  ForwardTsnGate gate;
  gate.look_at(with_length(sack(rest)));
  return gate.may_pass(forward_to_103);
}

TEST(ForwardTsnGate, IsOpenBeforeAnySack) { EXPECT_TRUE(ForwardTsnGate().may_pass(forward_to_103)); }

TEST(ForwardTsnGate, IsOpenWhereNothingIsBehind) {
  EXPECT_TRUE(passes("00000100 00010000 0000 0000"));
  EXPECT_TRUE(passes("00000100 00010000 0001 0000 0002 0003"));  // 102 and 103 are here.
  EXPECT_TRUE(passes("00000200 00010000 0000 0000"));            // All is.
}

TEST(ForwardTsnGate, IsOpenWhereTheNextOneIsHere) {
  EXPECT_TRUE(passes("00000100 00010000 0001 0000 0004 0004"));
  EXPECT_TRUE(passes("00000100 00010000 0002 0000 0002 0005 0008 0009"));
}

TEST(ForwardTsnGate, IsClosedWhereTheNextOneIsMissingAndAnotherIsNot) {
  EXPECT_FALSE(passes("00000100 00010000 0001 0000 0005 0005"));
  EXPECT_FALSE(passes("00000100 00010000 0002 0000 0002 0003 0005 0009"));
}

TEST(ForwardTsnGate, CountsAcrossTheWrap) {
  ForwardTsnGate gate;
  gate.look_at(with_length(sack("fffffffe 00010000 0001 0000 0004 0004")));
  EXPECT_FALSE(gate.may_pass(hex("c0000008 ffffffff")));
  EXPECT_FALSE(gate.may_pass(hex("c0000008 00000000")));
  EXPECT_TRUE(gate.may_pass(hex("c0000008 00000001")));
}

TEST(ForwardTsnGate, LeavesWhatIsTooShortToUsrsctp) {
  ForwardTsnGate gate;
  gate.look_at(with_length(sack("00000100 00010000 0001 0000 0005 0005")));
  EXPECT_TRUE(gate.may_pass(hex("c0000004")));
  EXPECT_TRUE(gate.may_pass({}));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
