#include "stun/attribute_table.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::stun {
namespace {

TEST(AttributeTable, FindsARowByItsType) {
  const AttributeRow* row = find_row(AttributeType::priority);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->name, "PRIORITY");
  EXPECT_EQ(row->min_size, 4U);
  EXPECT_EQ(row->max_size, 4U);
}

TEST(AttributeTable, EveryRowIsFoundUnderItsOwnTypeOnly) {
  std::size_t rows = 0;
  for (unsigned type = 0; type <= 0xffff; ++type) {
    if (const AttributeRow* row = find_row(static_cast<AttributeType>(type))) {
      EXPECT_EQ(static_cast<unsigned>(row->type), type);
      EXPECT_LE(row->min_size, row->max_size) << row->name;
      ++rows;
    }
  }
  EXPECT_EQ(rows, 38U);
}

// RFC 8489 18.3.1 keeps these for what older RFCs had; we do not know them.
TEST(AttributeTable, ReservedTypesAreUnknown) {
  for (const unsigned type : {0x0000U, 0x0002U, 0x0004U, 0x0005U, 0x0007U, 0x000bU, 0x7fffU, 0xffffU}) {
    EXPECT_EQ(find_row(static_cast<AttributeType>(type)), nullptr) << type;
  }
}

TEST(AttributeTable, TheTopBitMakesATypeOptional) {
  EXPECT_TRUE(comprehension_required(AttributeType::use_candidate));
  EXPECT_TRUE(comprehension_required(AttributeType{0x7fff}));
  EXPECT_FALSE(comprehension_required(AttributeType{0x8000}));
  EXPECT_FALSE(comprehension_required(AttributeType::software));
}

}  // namespace
}  // namespace petrel::inline v0::stun
