#include "petrel/base/strong.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>
#include <unordered_set>

namespace petrel::inline v0 {
namespace {

using Ssrc = Strong<std::uint32_t, struct SsrcTag>;
using Port = Strong<std::uint32_t, struct PortTag>;

static_assert(!std::is_convertible_v<Ssrc, Port>);
static_assert(!std::is_convertible_v<Ssrc, std::uint32_t>);
static_assert(sizeof(Ssrc) == sizeof(std::uint32_t));

TEST(Strong, ComparesByValue) {
  EXPECT_EQ(Ssrc{1}, Ssrc{1});
  EXPECT_LT(Ssrc{1}, Ssrc{2});
  EXPECT_EQ(Ssrc{}.value, 0U);
}

TEST(Strong, IsAKeyOfHashTables) {
  const std::unordered_set<Ssrc> set{{1}, {2}, {1}};
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.contains(Ssrc{2}));
}

}  // namespace
}  // namespace petrel::inline v0
