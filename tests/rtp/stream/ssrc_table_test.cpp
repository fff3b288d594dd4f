#include "petrel/rtp/stream/ssrc_table.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr MediaId media{1};

TEST(SsrcTable, FindsWhatWasAdded) {
  SsrcTable table;
  for (const std::uint32_t ssrc : {7U, 3U, 5U}) table.add(start, {.ssrc = Ssrc{ssrc}, .media = media});

  EXPECT_EQ(table.find(Ssrc{3})->media, media);
  EXPECT_EQ(table.find(Ssrc{4}), nullptr);
  table.remove(Ssrc{3});
  EXPECT_EQ(table.find(Ssrc{3}), nullptr);
  EXPECT_NE(table.find(Ssrc{5}), nullptr);
}

TEST(SsrcTable, AThousandUnknownSourcesFillOnlyTheirShare) {
  SsrcTable table;
  for (std::uint32_t i = 0; i < 1000; ++i) table.add(start, {.ssrc = Ssrc{i}, .media = media});
  EXPECT_EQ(table.entries().size(), SsrcTable::max_per_media);

  EXPECT_NE(table.add(start, {.ssrc = Ssrc{5000}, .media = MediaId{2}}).entry, nullptr);
}

TEST(SsrcTable, ASilentSourceMakesRoomAfterTenSeconds) {
  SsrcTable table;
  for (std::uint32_t i = 0; i < SsrcTable::max_per_media; ++i) {
    table.add(start + i * 1ms, {.ssrc = Ssrc{100 + i}, .media = media});
  }
  EXPECT_EQ(table.add(start + 10s - 1ns, {.ssrc = Ssrc{1}, .media = media}).entry, nullptr);

  const auto added = table.add(start + 10s, {.ssrc = Ssrc{1}, .media = media});

  EXPECT_EQ(added.replaced, Ssrc{100});
  ASSERT_NE(added.entry, nullptr);
  EXPECT_EQ(added.entry->ssrc, Ssrc{1});
}

TEST(SsrcTable, WhatWasSignalledIsNotReplaced) {
  SsrcTable table;
  for (std::uint32_t i = 0; i < SsrcTable::max_per_media; ++i) {
    table.add(start, {.ssrc = Ssrc{100 + i}, .media = media, .signalled = true});
  }

  EXPECT_EQ(table.add(start + 1h, {.ssrc = Ssrc{1}, .media = media}).entry, nullptr);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
