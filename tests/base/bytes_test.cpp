#include "petrel/base/bytes.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0 {
namespace {

using testing::hex;
using testing::to_vector;

TEST(ByteReader, ReadsBigEndianFieldsInOrder) {
  const auto bytes = hex("01 0203 040506 0708090a 0b0c0d0e0f101112 aabb");
  ByteReader reader(bytes);

  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u24(), 0x040506U);
  EXPECT_EQ(reader.u32(), 0x0708090aU);
  EXPECT_EQ(reader.u64(), 0x0b0c0d0e0f101112U);
  EXPECT_EQ(to_vector(reader.rest()), hex("aabb"));
  EXPECT_EQ(to_vector(reader.bytes(2)), hex("aabb"));
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, FailsForEachWidthOnEveryTruncation) {
  const auto bytes = hex("0102030405060708");
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Bytes cut = Bytes(bytes).first(size);
    const auto fits = [cut](auto read) {
      ByteReader reader(cut);
      read(reader);
      return reader.ok();
    };
    EXPECT_EQ(fits([](ByteReader& r) { r.u8(); }), size >= 1) << size;
    EXPECT_EQ(fits([](ByteReader& r) { r.u16(); }), size >= 2) << size;
    EXPECT_EQ(fits([](ByteReader& r) { r.u24(); }), size >= 3) << size;
    EXPECT_EQ(fits([](ByteReader& r) { r.u32(); }), size >= 4) << size;
    EXPECT_EQ(fits([](ByteReader& r) { r.u64(); }), size >= 8) << size;
    EXPECT_EQ(fits([](ByteReader& r) { r.skip(7); }), size >= 7) << size;
  }
}

TEST(ByteReader, StaysFailedAndEmpty) {
  const auto bytes = hex("0102");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_TRUE(reader.bytes(0).empty());
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, ASizeNearTheLargestDoesNotWrap) {
  const auto bytes = hex("01020304");
  ByteReader reader(bytes);
  reader.skip(1);
  reader.skip(static_cast<std::size_t>(-1));
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesWhatAReaderReads) {
  std::array<std::byte, 32> buffer{};
  ByteWriter writer(buffer);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u24(0x040506);
  writer.u32(0x0708090a);
  writer.u64(0x0b0c0d0e0f101112);
  writer.bytes(hex("aabb"));
  writer.zeros(2);

  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.room(), 10U);
  EXPECT_EQ(to_vector(writer.written()), hex("01 0203 040506 0708090a 0b0c0d0e0f101112 aabb 0000"));
}

TEST(ByteWriter, AFieldThatDoesNotFitLeavesTheBufferAloneAndFails) {
  for (std::size_t room = 0; room < 8; ++room) {
    std::array<std::byte, 8> buffer{};
    ByteWriter writer(std::span<std::byte>(buffer).first(room));
    writer.u64(0xffffffffffffffff);
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(writer.size(), 0U);
    EXPECT_EQ(buffer[0], std::byte{0});
  }
}

TEST(ByteWriter, StaysFailed) {
  std::array<std::byte, 2> buffer{};
  ByteWriter writer(buffer);
  writer.u32(1);
  writer.u8(1);
  writer.bytes({});
  writer.zeros(0);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 0U);
}

TEST(ByteWriter, ExactlyFullIsNotAFailure) {
  std::array<std::byte, 4> buffer{};
  ByteWriter writer(buffer);
  writer.u32(0x01020304);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.room(), 0U);
  writer.u8(0);
  EXPECT_FALSE(writer.ok());
}

TEST(ByteWriter, PatchesOnlyWhatWasWritten) {
  std::array<std::byte, 4> buffer{};
  ByteWriter writer(buffer);
  writer.u24(0);
  writer.patch_u16(1, 0xabcd);
  EXPECT_EQ(to_vector(writer.written()), hex("00abcd"));
  EXPECT_TRUE(writer.ok());
  writer.patch_u16(2, 0xabcd);
  EXPECT_FALSE(writer.ok());
}

TEST(Bytes, TextAndBytesAreTheSameMemory) {
  const std::string_view text = "petrel";
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(as_bytes(text).data(), as_bytes(text).data());
  EXPECT_EQ(as_unsigned(as_bytes(text))[0], 'p');
}

TEST(Bytes, AreEqualByContentAndSize) {
  EXPECT_TRUE(equal({}, {}));
  EXPECT_TRUE(equal(as_bytes("ab"), as_bytes("ab")));
  EXPECT_FALSE(equal(as_bytes("ab"), as_bytes("abc")));
  EXPECT_FALSE(equal(as_bytes("ab"), as_bytes("aB")));
}

}  // namespace
}  // namespace petrel::inline v0
