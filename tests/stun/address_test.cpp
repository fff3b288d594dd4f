#include "stun/address.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace petrel::testing;

const TransactionId id = [] {
  TransactionId bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i + 1);
  return bytes;
}();

TEST(Address, IsWrittenAndReadInBothFamilies) {
  for (const char* text : {"192.0.2.1:1", "255.255.255.255:65535", "[2001:db8::1]:443", "[::]:0"}) {
    const Endpoint endpoint = *Endpoint::parse(text);
    std::array<std::byte, 20> buffer{};
    ByteWriter writer(buffer);
    write_address(writer, endpoint);
    EXPECT_EQ(read_address(writer.written()), endpoint) << text;
  }
}

TEST(Address, EveryOtherSizeIsRefused) {
  const auto v4 = hex("0001 1234 01020304 0506070809101112 13141516");
  const auto v6 = hex("0002 1234 01020304 0506070809101112 13141516 17");
  for (std::size_t size = 0; size <= v4.size(); ++size) {
    EXPECT_EQ(read_address(Bytes(v4).first(size)).has_value(), size == 8) << size;
    EXPECT_EQ(read_address(Bytes(v6).first(size)).has_value(), size == 20) << size;
  }
  EXPECT_FALSE(read_address(v6));
}

TEST(Address, EveryOtherFamilyIsRefused) {
  for (unsigned code = 0; code <= 0xff; ++code) {
    auto value = hex("00 00 1234 01020304");
    value[1] = static_cast<std::byte>(code);
    EXPECT_EQ(read_address(value).has_value(), code == 1) << code;
    EXPECT_EQ(family_of_code(static_cast<std::uint8_t>(code)).has_value(), code == 1 || code == 2) << code;
  }
}

TEST(Address, MaskingTwiceGivesTheAddressBack) {
  for (const char* text : {"192.0.2.1:32853", "[2001:db8::1]:443"}) {
    const Endpoint endpoint = *Endpoint::parse(text);
    EXPECT_NE(masked(endpoint, id), endpoint);
    EXPECT_EQ(masked(masked(endpoint, id), id), endpoint);
  }
}

TEST(Address, OnlyTheIpv6MaskDependsOnTheTransaction) {
  const Endpoint v4 = Endpoint::v4(192, 0, 2, 1, 32'853);
  const Endpoint v6 = *Endpoint::parse("[2001:db8::1]:443");
  EXPECT_EQ(masked(v4, id), masked(v4, {}));
  EXPECT_NE(masked(v6, id), masked(v6, {}));
}

}  // namespace
}  // namespace petrel::inline v0::stun
