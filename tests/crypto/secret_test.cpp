#include "petrel/crypto/secret.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::crypto {
namespace {

using testing::hex;
using testing::to_vector;

TEST(Secret, KeepsACopyOfItsContent) {
  auto content = hex("0102030405");
  const Secret secret(content);
  content[0] = std::byte{0xff};
  EXPECT_EQ(to_vector(secret.bytes()), hex("0102030405"));
  EXPECT_EQ(secret.size(), 5U);
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, TakesItsLargestSizeAndNoMore) {
  const std::vector<std::byte> largest(Secret::max_size, std::byte{1});
  EXPECT_EQ(to_vector(Secret(largest).bytes()), largest);
  const std::vector<std::byte> larger(Secret::max_size + 1);
  EXPECT_DEATH(Secret{larger}, "broken invariant");
}

TEST(Secret, LeavesNothingBehindWhenMovedOrCleared) {
  Secret secret(hex("0102030405"));
  const std::byte* memory = secret.bytes().data();
  Secret moved = std::move(secret);
  EXPECT_EQ(memory[0], std::byte{0});
  EXPECT_EQ(to_vector(moved.bytes()), hex("0102030405"));

  Secret assigned(hex("ffff"));
  memory = moved.bytes().data();
  assigned = std::move(moved);
  EXPECT_EQ(memory[4], std::byte{0});
  EXPECT_EQ(to_vector(assigned.bytes()), hex("0102030405"));

  memory = assigned.bytes().data();
  assigned.clear();
  EXPECT_EQ(memory[0], std::byte{0});
  EXPECT_TRUE(assigned.empty());
}

TEST(Secret, CleanseOverwritesMemory) {
  auto memory = hex("010203");
  cleanse(memory);
  EXPECT_EQ(memory, hex("000000"));
}

}  // namespace
}  // namespace petrel::inline v0::crypto
