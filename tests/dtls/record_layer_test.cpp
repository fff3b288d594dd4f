#include "dtls/record_layer.hpp"

#include <gtest/gtest.h>

#include <set>

#include "petrel/base/errc.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::dtls {
namespace {

using testing::hex;

constexpr std::array all_aeads{Aead::aes_128_gcm, Aead::aes_256_gcm, Aead::chacha20_poly1305};

TrafficKey key_of(Aead aead, std::uint8_t fill) {
  const bool salted = aead != Aead::chacha20_poly1305;
  const std::vector<std::byte> key(aead == Aead::aes_128_gcm ? 16 : 32, std::byte{fill});
  const std::vector<std::byte> iv(salted ? 4 : 12, std::byte{static_cast<std::uint8_t>(fill + 1)});
  return {crypto::Secret(key), crypto::Secret(iv)};
}

struct Pair {
  std::unique_ptr<RecordLayer> left;
  std::unique_ptr<RecordLayer> right;

  explicit Pair(Aead aead, SealedRecord last = {})
      : left(RecordLayer::make(aead, key_of(aead, 1), key_of(aead, 7), last)),
        right(RecordLayer::make(aead, key_of(aead, 7), key_of(aead, 1), last)) {}

  PacketBuffer sealed(std::string_view text) {
    return left->seal(ContentType::application_data, as_bytes(text)).value();
  }
};

TEST(RecordLayer, OpensWhatTheOtherSideSealed) {
  for (const Aead aead : all_aeads) {
    Pair pair(aead);
    ASSERT_TRUE(pair.left && pair.right);
    for (const std::size_t size : {1u, 16u, 75u, 1163u}) {
      const std::vector<std::byte> content(size, std::byte{0x5a});
      const PacketBuffer packet = pair.left->seal(ContentType::application_data, content).value();
      EXPECT_EQ(packet.size(), size + pair.left->overhead());
      const auto record = pair.right->open(packet.bytes());
      ASSERT_TRUE(record);
      EXPECT_EQ(record->type, ContentType::application_data);
      EXPECT_TRUE(equal(record->content.bytes(), content));
    }
  }
}

// RFC 6347 4.1 and RFC 5288 3: type, version, epoch 1, the next number, length, the next nonce.
TEST(RecordLayer, CountsOnFromTheLastRecordOfTheHandshake) {
  Pair pair(Aead::aes_128_gcm, {.sequence = 4, .nonce = 0x1122334455667788});
  const PacketBuffer packet = pair.sealed("hello");
  EXPECT_TRUE(equal(packet.bytes().first(21), hex("17 fefd 0001 000000000005 001d 1122334455667789")));
  EXPECT_TRUE(
      equal(pair.sealed("hello").bytes().first(21), hex("17 fefd 0001 000000000006 001d 112233445566778a")));
}

TEST(RecordLayer, RefusesEveryDamagedBitAndEveryTruncation) {
  for (const Aead aead : all_aeads) {
    Pair pair(aead);
    const PacketBuffer packet = pair.sealed("hello");
    for (std::size_t at = 0; at < packet.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        auto damaged = testing::to_vector(packet.bytes());
        damaged[at] ^= static_cast<std::byte>(1 << bit);
        EXPECT_FALSE(pair.right->open(damaged)) << at;
      }
      EXPECT_FALSE(pair.right->open(packet.bytes().first(at))) << at;
    }
    EXPECT_TRUE(pair.right->open(packet.bytes()));  // None of them has done any harm.
  }
}

TEST(RecordLayer, OpensEachRecordOnceInAnyOrderOfSixtyFour) {
  Pair pair(Aead::aes_128_gcm);
  std::vector<PacketBuffer> packets;
  for (int i = 0; i < 200; ++i) packets.push_back(pair.sealed("x"));
  EXPECT_TRUE(pair.right->open(packets[100].bytes()));
  EXPECT_FALSE(pair.right->open(packets[100].bytes()));
  EXPECT_FALSE(pair.right->open(packets[36].bytes()));  // 64 behind.
  for (std::size_t i = 37; i < 100; ++i) EXPECT_TRUE(pair.right->open(packets[i].bytes())) << i;
  for (std::size_t i = 37; i <= 100; ++i) EXPECT_FALSE(pair.right->open(packets[i].bytes())) << i;
  EXPECT_TRUE(pair.right->open(packets[199].bytes()));
  EXPECT_FALSE(pair.right->open(packets[101].bytes()));
  EXPECT_TRUE(pair.right->open(packets[136].bytes()));
}

TEST(RecordLayer, AForgedRecordDoesNotMoveTheWindow) {
  Pair pair(Aead::chacha20_poly1305);
  const PacketBuffer first = pair.sealed("first");
  auto forged = testing::to_vector(first.bytes());
  forged[5] = std::byte{0x7f};  // A number far ahead.
  EXPECT_FALSE(pair.right->open(forged));
  EXPECT_TRUE(pair.right->open(first.bytes()));
}

TEST(RecordLayer, RefusesOtherEpochsAndItsOwnRecords) {
  Pair pair(Aead::aes_128_gcm);
  const PacketBuffer packet = pair.sealed("hello");
  for (const std::byte epoch : {std::byte{0}, std::byte{2}}) {
    auto other = testing::to_vector(packet.bytes());
    other[4] = epoch;
    EXPECT_FALSE(pair.right->open(other));
  }
  EXPECT_FALSE(pair.left->open(packet.bytes()));
}

TEST(RecordLayer, RefusesToSealTooMuchOrTooOften) {
  Pair pair(Aead::aes_128_gcm);
  const std::vector<std::byte> more(PacketBuffer::capacity - pair.left->overhead() + 1);
  EXPECT_EQ(pair.left->seal(ContentType::application_data, more).error(), petrel::Errc::too_long);
  Pair last(Aead::aes_128_gcm, {.sequence = (std::uint64_t{1} << 48) - 2});
  EXPECT_TRUE(last.left->seal(ContentType::application_data, as_bytes("x")));
  EXPECT_EQ(last.left->seal(ContentType::application_data, as_bytes("x")).error(), Errc::library_failure);
}

TEST(RecordLayer, NeverUsesANonceTwice) {
  for (const Aead aead : all_aeads) {
    Pair pair(aead, {.sequence = 0, .nonce = ~std::uint64_t{0} - 5});
    std::set<std::vector<std::byte>> sealed;
    for (int i = 0; i < 1000; ++i) {
      const PacketBuffer packet = pair.sealed("the same words");
      // Behind the header, which is never the same.
      EXPECT_TRUE(sealed.insert(testing::to_vector(packet.bytes().subspan(13))).second);
    }
  }
}

}  // namespace
}  // namespace petrel::inline v0::dtls
