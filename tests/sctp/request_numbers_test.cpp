#include "sctp/request_numbers.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::sctp {
namespace {

constexpr std::uint16_t add_outgoing = 17;
constexpr std::uint16_t outgoing_reset = 13;
constexpr std::uint16_t response = 16;

std::vector<std::byte> packet(std::uint16_t kind, std::uint32_t number, std::uint32_t rest = 0) {
  std::vector<std::byte> bytes(common_header_size + chunk_header_size + 12);
  ByteWriter writer(bytes);
  writer.zeros(common_header_size);
  writer.u8(chunk_type::re_config);
  writer.u8(0);
  writer.u16(16);
  writer.u16(kind);
  writer.u16(12);
  writer.u32(number);
  writer.u32(rest);
  return bytes;
}

std::uint32_t number_of(Bytes bytes) { return ByteReader(bytes.subspan(common_header_size + 8)).u32(); }

const std::vector<std::byte> header(common_header_size, std::byte{7});

TEST(RequestNumbers, ChangesNothingBeforeARequestIsTakenBack) {
  RequestNumbers numbers;
  EXPECT_FALSE(numbers.active());
  EXPECT_FALSE(numbers.deny(header));
  numbers.begin();
  EXPECT_TRUE(numbers.active());
  EXPECT_FALSE(numbers.deny(header)) << "none was sent";
  auto request = packet(add_outgoing, 100);
  numbers.send(request);
  EXPECT_EQ(number_of(request), 100u);
  std::vector<std::byte> room;
  EXPECT_EQ(number_of(numbers.receive(packet(response, 100), room)), 100u);
  numbers.end();
  EXPECT_FALSE(numbers.deny(header)) << "it was answered";
  EXPECT_FALSE(numbers.active());
}

TEST(RequestNumbers, DeniesOnceAndShiftsWhatFollows) {
  RequestNumbers numbers;
  numbers.begin();
  auto request = packet(add_outgoing, 0);
  numbers.send(request);

  const auto denial = numbers.deny(header);

  ASSERT_TRUE(denial);
  EXPECT_TRUE(whole_chunks(*denial));
  EXPECT_TRUE(equal(Bytes(*denial).first(common_header_size), header));
  EXPECT_EQ(number_of(*denial), 0u);
  EXPECT_EQ(ByteReader(Bytes(*denial).last(4)).u32(), 2u);  // RFC 6525 4.4: denied.
  EXPECT_FALSE(numbers.deny(header));

  auto reset = packet(outgoing_reset, 1);
  numbers.send(reset);
  EXPECT_EQ(number_of(reset), 0u);
  std::vector<std::byte> room;
  EXPECT_EQ(number_of(numbers.receive(packet(response, 0), room)), 1u);
  EXPECT_EQ(number_of(numbers.receive(packet(outgoing_reset, 5), room)), 5u) << "the peer's own";
  auto answer = packet(response, 5);
  numbers.send(answer);
  EXPECT_EQ(number_of(answer), 5u) << "to the peer's own";
}

TEST(RequestNumbers, LeavesEveryTruncationAlone) {
  RequestNumbers numbers;
  numbers.begin();
  auto request = packet(add_outgoing, 9);
  numbers.send(request);
  ASSERT_TRUE(numbers.deny(header));
  const auto whole = packet(response, 9);
  std::vector<std::byte> room;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut = Bytes(whole).first(size);
    EXPECT_TRUE(equal(numbers.receive(cut, room), cut)) << size;
  }
}

}  // namespace
}  // namespace petrel::inline v0::sctp
