#include "petrel/rtp/pacing/pacer.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

TEST(PassThroughPacer, ReleasesAtOnceInOrder) {
  PassThroughPacer pacer;
  for (std::uint16_t i = 0; i < 100; ++i) pacer.enqueue(TimePoint{}, {.media = MediaId{1}, .sequence = i});
  EXPECT_EQ(pacer.size(), 100U);

  for (std::uint16_t i = 0; i < 100; ++i) EXPECT_EQ(pacer.release(TimePoint{})->sequence, i);

  EXPECT_EQ(pacer.release(TimePoint{}), std::nullopt);
  EXPECT_EQ(pacer.next_timeout(), std::nullopt);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
