#include "ice/ports.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using petrel::testing::SeededRandom;

TEST(Ports, AreTheSystemsChoiceWithoutARange) {
  SeededRandom random(1);
  std::uint16_t start = 0;
  unsigned tried = 0;
  EXPECT_EQ(next_port({}, start, tried, random), 0);
  EXPECT_EQ(ports_to_try({}), 0u);
}

TEST(Ports, AreEachTriedOnceFromAPlaceOfChance) {
  std::set<std::uint16_t> starts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    const PortRange range{65530, 65535};
    std::uint16_t start = 0;
    unsigned tried = 0;
    std::set<std::uint16_t> ports;
    starts.insert(next_port(range, start, tried, random));
    tried = 0;
    while (tried < ports_to_try(range)) ports.insert(next_port(range, start, tried, random));
    EXPECT_EQ(ports.size(), 6u);
    EXPECT_EQ(*ports.begin(), 65530);
  }
  EXPECT_GT(starts.size(), 3u);
  EXPECT_EQ(ports_to_try(PortRange{1, 65535}), 1000u);
}

}  // namespace
}  // namespace petrel::inline v0::ice
