#include "sctp/full_sack.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using testing::hex;

constexpr std::string_view header = "13881388 00000001 00000000 ";
std::vector<std::byte> packet(std::string_view chunks) {
  return hex(std::string(header) + std::string(chunks));
}

class FullSacks : public ::testing::Test {
 protected:
  std::vector<std::byte> of(std::string_view chunks) {
    std::vector<std::byte> room;
    const auto in = packet(chunks);
    const Bytes out = sack_.of(in, room);
    return {out.begin(), out.end()};
  }

  FullSack sack_;
};

TEST_F(FullSacks, HaveABlockThatSaysNothing) {
  EXPECT_EQ(of("03000010 00000100 00010000 0000 0000"),
            packet("03000014 00000100 00010000 0001 0000 0002 0001"));
}

TEST_F(FullSacks, KeepTheirDuplicatesAndTheirNeighbours) {
  EXPECT_EQ(of("0b000004 03000014 00000100 00010000 0000 0001 000000fe 00000005aa000000"),
            packet("0b000004 03000018 00000100 00010000 0001 0001 0002 0001 000000fe 00000005aa000000"));
}

TEST_F(FullSacks, AreThoseWithGapsAndTheOneBehind) {
  const std::string gaps = "03000014 00000100 00010000 0001 0000 0003 0004";
  const std::string old = "03000010 000000ff 00010000 0000 0000";
  const std::string none = "03000010 00000100 00010000 0000 0000";
  EXPECT_EQ(of(gaps), packet(gaps));
  EXPECT_EQ(of(old), packet(old));
  EXPECT_EQ(of(none), packet(none));
  EXPECT_NE(of(none), packet(none));
}

TEST_F(FullSacks, AreOnlySacks) {
  EXPECT_EQ(of("00000014 00000100 00010000 0000 0000 00000000"),
            packet("00000014 00000100 00010000 0000 0000 00000000"));
  EXPECT_EQ(of("03000008 00000100"), packet("03000008 00000100"));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
