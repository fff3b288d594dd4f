#include "sctp/crc32c.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::sctp {
namespace {

using testing::hex;

void expect_both(Bytes data, std::uint32_t crc) {
  EXPECT_EQ(crc32c(data), crc);
  EXPECT_EQ(crc32c_by_tables(data), crc);
}

// RFC 3720 B.4 lists the bytes of the checksum in the order of the wire, least significant first.
TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  std::vector<std::byte> data(32, std::byte{0});
  expect_both(data, 0x8a9136aa);
  data.assign(32, std::byte{0xff});
  expect_both(data, 0x62a8ab43);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i);
  expect_both(data, 0x46dd794e);
  std::ranges::reverse(data);
  expect_both(data, 0x113fdb5c);
  // An iSCSI SCSI Read (10) command PDU.
  expect_both(hex("01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018"
                  "28000000 00000000 02000000 00000000"),
              0xd9963a56);
}

TEST(Crc32c, IsTheSameByInstructionAndByTables) {
  testing::SeededRandom random(1);
  std::vector<std::byte> data(1300);
  random.fill(data);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size < 70; ++size) {
      const Bytes part = Bytes(data).subspan(begin, size);
      ASSERT_EQ(crc32c(part), crc32c_by_tables(part)) << begin << ' ' << size;
    }
  }
  EXPECT_EQ(crc32c(data), crc32c_by_tables(data));
}

TEST(Crc32c, IsWrittenAndVerifiedInAPacket) {
  auto packet = hex("13881388 00000000 00000000 01000004");
  write_checksum(packet);

  EXPECT_TRUE(checksum_ok(packet));
  auto zeroed = packet;
  std::fill_n(zeroed.begin() + 8, 4, std::byte{0});
  const std::uint32_t crc = crc32c_by_tables(zeroed);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(packet[8 + i], static_cast<std::byte>(crc >> (8 * i)));
}

TEST(Crc32c, FindsEveryFlippedBit) {
  auto packet = hex("13881388 00000000 00000000 01000004");
  write_checksum(packet);
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    packet[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(checksum_ok(packet)) << bit;
    packet[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  }
}

TEST(Crc32c, IsMissingFromAPacketThatIsTooShort) {
  const auto packet = hex("13881388 00000000 000000");
  for (std::size_t size = 0; size <= packet.size(); ++size) {
    EXPECT_FALSE(checksum_ok(Bytes(packet).first(size)));
  }
}

}  // namespace
}  // namespace petrel::inline v0::sctp
