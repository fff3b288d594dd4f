#include "turn_server/relay_ports.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using Kind = RelayPorts::Kind;

struct RelayPortsTest : ::testing::Test {
  testing::SeededRandom random{1};
  RelayPorts ports{{50001, 50010}};
};

TEST_F(RelayPortsTest, GivesEachPortOnceUntilThereIsNoMore) {
  std::set<std::uint16_t> taken;
  for (int i = 0; i < 10; ++i) taken.insert(ports.take(Kind::any, random).value());
  EXPECT_EQ(taken.size(), 10u);
  EXPECT_EQ(*taken.begin(), 50001);
  EXPECT_EQ(*taken.rbegin(), 50010);
  EXPECT_FALSE(ports.take(Kind::any, random));
  ports.give_back(50004);
  EXPECT_FALSE(ports.in_use(50004));
  EXPECT_EQ(ports.take(Kind::any, random), 50004);
}

TEST_F(RelayPortsTest, GivesEvenPortsOnly) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ports.take(Kind::even, random).value() % 2, 0);
  EXPECT_FALSE(ports.take(Kind::even, random));
  EXPECT_EQ(ports.count(), 5u);
}

TEST_F(RelayPortsTest, GivesPairsInsideTheRange) {
  // 50002 to 50008 have a next port; 50010 is the last.
  for (int i = 0; i < 4; ++i) {
    const std::uint16_t even = ports.take(Kind::even_with_next, random).value();
    EXPECT_EQ(even % 2, 0);
    EXPECT_TRUE(ports.in_use(static_cast<std::uint16_t>(even + 1)));
  }
  EXPECT_FALSE(ports.take(Kind::even_with_next, random));
  EXPECT_EQ(ports.count(), 8u);
}

TEST_F(RelayPortsTest, KnowsNoPortsOutside) {
  EXPECT_FALSE(ports.in_use(50000));
  EXPECT_FALSE(ports.in_use(50011));
  EXPECT_FALSE(ports.in_use(0));
  EXPECT_FALSE(ports.in_use(65535));
}

TEST(RelayPorts, ReachTheLastPortThereIs) {
  testing::SeededRandom random(1);
  RelayPorts ports({65534, 65535});
  EXPECT_EQ(ports.take(Kind::even_with_next, random), 65534);
  EXPECT_TRUE(ports.in_use(65535));
  RelayPorts last({65535, 65535});
  EXPECT_FALSE(last.take(Kind::even, random));
  EXPECT_EQ(last.take(Kind::any, random), 65535);
}

TEST(RelayPorts, AreDrawnByChance) {
  std::set<std::uint16_t> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    testing::SeededRandom random(seed);
    first.insert(RelayPorts({49152, 65535}).take(Kind::any, random).value());
  }
  EXPECT_GT(first.size(), 15u);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
