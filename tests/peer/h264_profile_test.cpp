#include "peer/h264_profile.hpp"

#include <gtest/gtest.h>

namespace petrel {
namespace {

TEST(H264Profile, IsDecodedAsTable5OfRfc6184Says) {
  struct Row {
    const char* text;
    H264Profile profile;
  };
  const Row table[] = {
      {"42e01f", H264Profile::constrained_baseline},
      {"42c01f", H264Profile::constrained_baseline},
      {"42401f", H264Profile::constrained_baseline},
      {"42F01F", H264Profile::constrained_baseline},
      {"4d801f", H264Profile::constrained_baseline},
      {"58c01f", H264Profile::constrained_baseline},
      {"42001f", H264Profile::baseline},
      {"42a01f", H264Profile::baseline},
      {"58801f", H264Profile::baseline},
      {"4d001f", H264Profile::main},
      {"4d401f", H264Profile::main},
      {"58001f", H264Profile::extended},
      {"64001f", H264Profile::high},
      {"640c1f", H264Profile::constrained_high},
      {"6e001f", H264Profile::high_10},
      {"7a001f", H264Profile::high_422},
      {"f4001f", H264Profile::high_444},
      {"6e101f", H264Profile::high_10_intra},
      {"7a101f", H264Profile::high_422_intra},
      {"f4101f", H264Profile::high_444_intra},
      {"2c101f", H264Profile::cavlc_444_intra},
  };
  for (const Row& row : table) {
    const auto decoded = parse_profile_level_id(row.text);
    ASSERT_TRUE(decoded) << row.text;
    EXPECT_EQ(decoded->profile, row.profile) << row.text;
    EXPECT_EQ(decoded->level_idc, 31) << row.text;
  }
}

TEST(H264Profile, IsNotReadFromAnythingElse) {
  for (const char* text :
       {"", "42e01", "42e01f0", "42e01g", "0x42e0", "ff001f", "64041f", "42e11f", "-2e01f"}) {
    EXPECT_FALSE(parse_profile_level_id(text)) << text;
  }
}

TEST(H264Profile, KnowsLevel1bInBothSpellings) {
  EXPECT_EQ(parse_profile_level_id("42f00b"),
            (H264ProfileLevel{H264Profile::constrained_baseline, 11, true}));
  EXPECT_EQ(parse_profile_level_id("42e00b"),
            (H264ProfileLevel{H264Profile::constrained_baseline, 11, false}));
  EXPECT_EQ(parse_profile_level_id("640009"), (H264ProfileLevel{H264Profile::high, 11, true}));
}

TEST(H264Profile, OrdersLevelsWith1bBetween1And11) {
  const auto level = [](const char* text) { return *parse_profile_level_id(text); };
  EXPECT_TRUE(has_lower_level(level("42e00a"), level("42f00b")));
  EXPECT_TRUE(has_lower_level(level("42f00b"), level("42e00b")));
  EXPECT_TRUE(has_lower_level(level("42e01f"), level("42e028")));
  EXPECT_FALSE(has_lower_level(level("42e01f"), level("42c01f")));
}

TEST(H264Profile, IsKeptWhenTheLevelChanges) {
  EXPECT_EQ(with_level("42001f", *parse_profile_level_id("42e028")), "420028");
  EXPECT_EQ(with_level("42e01f", *parse_profile_level_id("640009")), "42f00b");
  EXPECT_EQ(with_level("64001f", *parse_profile_level_id("42f00b")), "640009");
  EXPECT_EQ(with_level("42f00b", *parse_profile_level_id("42e01f")), "42e01f");
}

}  // namespace
}  // namespace petrel
