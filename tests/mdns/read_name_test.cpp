#include "mdns/read_name.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::mdns {
namespace {

using testing::hex;

struct Reading {
  std::optional<std::string> text;
  std::size_t end;
};

Reading read(Bytes message, std::size_t offset) {
  const auto name = read_name(message, offset);
  if (!name) return {std::nullopt, offset};
  return {name->to_string(), offset};
}

// The example of RFC 1035 4.1.4: F.ISI.ARPA at 20, FOO and a pointer at 40, a pointer at 64, the root at 92.
std::vector<std::byte> rfc1035_example() {
  std::vector<std::byte> message(93);
  const auto put = [&](std::size_t at, std::string_view digits) {
    std::ranges::copy(hex(digits), message.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(20, "01 46 03 495349 04 41525041 00");
  put(40, "03 464f4f c014");
  put(64, "c01a");
  return message;
}

TEST(ReadName, FollowsThePointersOfRfc1035) {
  const auto message = rfc1035_example();
  EXPECT_EQ(read(message, 20).text, "f.isi.arpa");
  EXPECT_EQ(read(message, 20).end, 32u);
  EXPECT_EQ(read(message, 40).text, "foo.f.isi.arpa");
  EXPECT_EQ(read(message, 40).end, 46u);
  EXPECT_EQ(read(message, 64).text, "arpa");
  EXPECT_EQ(read(message, 64).end, 66u);
  EXPECT_EQ(read(message, 92).text, "");
  EXPECT_EQ(read(message, 92).end, 93u);
}

TEST(ReadName, RefusesEveryTruncation) {
  const auto message = hex("01 61 03 626364 05 6c6f63616c 00");
  EXPECT_EQ(read(message, 0).text, "a.bcd.local");
  for (std::size_t size = 0; size < message.size(); ++size) {
    const Reading reading = read(Bytes(message).first(size), 0);
    EXPECT_FALSE(reading.text) << size;
    EXPECT_EQ(reading.end, 0u) << "the offset stays";
  }
  EXPECT_FALSE(read(hex("00 c0"), 1).text) << "half a pointer";
  EXPECT_FALSE(read({}, 0).text);
}

TEST(ReadName, RefusesPointersThatDoNotLeadBack) {
  EXPECT_FALSE(read(hex("c000"), 0).text) << "to itself";
  EXPECT_FALSE(read(hex("c002 00"), 0).text) << "ahead";
  EXPECT_FALSE(read(hex("01 61 c000"), 0).text) << "to the start of its own name";
  EXPECT_FALSE(read(hex("01 61 c002 c000"), 4).text) << "by way of a loop";
  EXPECT_FALSE(read(hex("c002 c000"), 2).text) << "two that lead to each other";
  EXPECT_FALSE(read(hex("00 01 61 c002"), 1).text) << "into its own middle";
  EXPECT_EQ(read(hex("00 01 61 c000"), 1).text, "a");
}

TEST(ReadName, RefusesLabelsOfKindsThatAreNotInUse) {
  EXPECT_FALSE(read(hex("40 00"), 0).text);
  EXPECT_FALSE(read(hex("80 00"), 0).text);
}

TEST(ReadName, RefusesNamesThatPointersMakeTooLong) {
  // Labels of 63 octets, each name ending in the one before it.
  std::vector<std::byte> message = hex("00");
  std::size_t last = 0;
  for (int labels = 1; labels <= 4; ++labels) {
    const std::size_t begin = message.size();
    message.push_back(std::byte{63});
    message.insert(message.end(), 63, std::byte{'a'});
    message.push_back(std::byte{0xc0});
    message.push_back(static_cast<std::byte>(last));
    // 3 * 64 + 1 octets are a name, 4 * 64 + 1 are not.
    EXPECT_EQ(read(message, begin).text.has_value(), labels < 4) << labels;
    last = begin;
  }
}

TEST(ReadName, RefusesChainsOfPointers) {
  std::vector<std::byte> message = hex("00 c000");
  std::size_t last = 1;
  for (std::size_t pointers = 2; pointers <= max_pointers + 1; ++pointers) {
    const std::size_t begin = message.size();
    message.push_back(static_cast<std::byte>(0xc0 | (last >> 8)));
    message.push_back(static_cast<std::byte>(last & 0xff));
    EXPECT_EQ(read(message, begin).text.has_value(), pointers <= max_pointers) << pointers;
    last = begin;
  }
}

TEST(ReadName, TakesADotInALabelForADotInALabel) {
  const Name name = [] {
    std::size_t offset = 0;
    return read_name(hex("0d 612e6c6f63616c 2e6c6f63616c 00"), offset).value();
  }();
  EXPECT_NE(name, Name::from_text("a.local.local"));
  EXPECT_EQ(name.to_string(), "a\\046local\\046local");
}

}  // namespace
}  // namespace petrel::inline v0::mdns
