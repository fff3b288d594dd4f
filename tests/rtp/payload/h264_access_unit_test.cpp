#include "petrel/rtp/payload/h264_access_unit.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/coded_frame.hpp"
#include "rtp/payload/h264_stream.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

using testing::access_units;
using testing::captured_file;
using testing::hex;

std::vector<std::size_t> sizes(const std::vector<AccessUnit>& units) {
  std::vector<std::size_t> all;
  for (const auto& unit : units) all.push_back(unit.bytes.size());
  return all;
}

// What ffprobe says of the same files.
const std::vector<std::size_t> baseline_sizes{2819, 502, 586, 448, 2476, 504, 417, 555};
const std::vector<std::size_t> high_b_sizes{2510, 418, 237, 335, 2012, 487, 242, 178};

TEST(AccessUnitSplitter, CutsAFileWhereFfmpegDoes) {
  const auto units = access_units(captured_file("x264_baseline.h264"), 100'000);
  EXPECT_EQ(sizes(units), baseline_sizes);
  for (std::size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].key_frame, i % 4 == 0) << i;
    EXPECT_EQ(units[i].has_parameters, i % 4 == 0) << i;
    EXPECT_FALSE(units[i].has_b_slices);
  }
}

TEST(AccessUnitSplitter, KeepsTheSlicesOfAPictureTogether) {
  const auto units = access_units(captured_file("x264_high_b.h264"), 100'000);
  EXPECT_EQ(sizes(units), high_b_sizes);
  EXPECT_TRUE(std::ranges::any_of(units, &AccessUnit::has_b_slices));
}

TEST(AccessUnitSplitter, DoesNotMindHowTheStreamComes) {
  for (const std::size_t chunk_size : {1u, 2u, 3u, 7u, 100u, 1000u}) {
    EXPECT_EQ(sizes(access_units(captured_file("x264_baseline.h264"), chunk_size)), baseline_sizes)
        << chunk_size;
    EXPECT_EQ(sizes(access_units(captured_file("x264_high_b.h264"), chunk_size)), high_b_sizes) << chunk_size;
  }
}

TEST(AccessUnitSplitter, GivesAFrameWhenTheStreamPauses) {
  const auto file = captured_file("x264_baseline.h264");
  AccessUnitSplitter splitter;
  std::vector<AccessUnit> units;
  std::size_t at = 0;
  for (const std::size_t size : baseline_sizes) {
    splitter.push(Bytes(file).subspan(at, size));
    at += size;
    EXPECT_FALSE(*splitter.next());
    splitter.pause();
    auto unit = splitter.next();
    ASSERT_TRUE(unit && *unit);
    units.push_back(std::move(**unit));
    splitter.pause();  // Nothing is left.
    EXPECT_FALSE(*splitter.next());
  }
  EXPECT_EQ(sizes(units), baseline_sizes);
  EXPECT_TRUE(units[4].key_frame);
}

TEST(AccessUnitSplitter, GivesBothFramesThatCameBeforeAPause) {
  const auto file = captured_file("x264_baseline.h264");
  AccessUnitSplitter splitter;
  splitter.push(Bytes(file).first(2819 + 502));
  splitter.pause();
  EXPECT_EQ((*splitter.next()).value().bytes.size(), 2819u);
  EXPECT_EQ((*splitter.next()).value().bytes.size(), 502u);
  EXPECT_FALSE(*splitter.next());
  splitter.push(Bytes(file).subspan(2819 + 502, 300));  // The pause is over.
  EXPECT_FALSE(*splitter.next());
}

TEST(AccessUnitSplitter, WaitsForThePictureThatParameterSetsAnnounce) {
  const auto file = captured_file("x264_baseline.h264");
  AccessUnitSplitter splitter;
  std::size_t at = 0;
  for (; at < 30; ++at) {  // In the middle of the SPS, and then of the SEI.
    splitter.push(Bytes(file).subspan(at, 1));
    splitter.pause();
    EXPECT_FALSE(*splitter.next());
  }
  splitter.push(Bytes(file).subspan(at, 2819 - at));
  splitter.pause();
  const auto unit = splitter.next();
  ASSERT_TRUE(unit && *unit);
  EXPECT_EQ((*unit)->bytes.size(), 2819u);
  EXPECT_TRUE((*unit)->has_parameters);
}

TEST(AccessUnitSplitter, LosesWhatComesOfAPictureAfterAPause) {
  const auto file = captured_file("x264_baseline.h264");
  AccessUnitSplitter splitter;
  splitter.push(Bytes(file).first(2000));
  splitter.pause();
  EXPECT_EQ((*splitter.next()).value().bytes.size(), 2000u);
  splitter.push(Bytes(file).subspan(2000, 819 + 502));
  splitter.pause();
  const auto next = splitter.next();
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->bytes, std::vector(file.begin() + 2819, file.begin() + 2819 + 502));
}

TEST(AccessUnitSplitter, GivesAFrameAsSoonAsTheNextOneBegins) {
  const auto file = captured_file("x264_baseline.h264");
  AccessUnitSplitter splitter;
  splitter.push(Bytes(file).first(2819));
  EXPECT_FALSE(*splitter.next());
  splitter.push(Bytes(file).subspan(2819, 60));
  const auto unit = splitter.next();
  ASSERT_TRUE(unit && *unit);
  EXPECT_EQ((*unit)->bytes.size(), 2819u);
  EXPECT_EQ(splitter.parameters().value().width, 178u);
}

TEST(AccessUnitSplitter, CutsAtEachDifferenceOfPictures) {
  // Slices of macroblock 1 (010), type 0 (1), parameter set 0 (1) or 1 (010): 0101 1… and 0101 010….
  const auto count = [](const char* stream) { return access_units(hex(stream), 1000).size(); };
  EXPECT_EQ(count("000001 415c 000001 415c"), 1u);
  EXPECT_EQ(count("000001 415c 000001 015c"), 2u);  // Reference or not.
  EXPECT_EQ(count("000001 415c 000001 655c"), 2u);  // IDR or not.
  EXPECT_EQ(count("000001 415c 000001 4155"), 2u);  // Parameter set.
  EXPECT_EQ(count("000001 415c 000001 41e0"), 2u);  // Macroblock 0.
  EXPECT_EQ(count("000001 415c 000001 0910 000001 415c"), 2u);
  EXPECT_EQ(count("000001 0910 000001 0600 000001 415c"), 1u);
  EXPECT_EQ(count("000001 415c 000001 0cff"), 1u);  // Filler ends what it follows.
}

TEST(AccessUnitSplitter, LeavesOutWhatHasNoPicture) {
  EXPECT_TRUE(access_units(hex("000001 6742"), 1000).empty());
  EXPECT_TRUE(access_units(hex("aabbcc"), 1000).empty());
  EXPECT_TRUE(access_units({}, 1000).empty());
}

TEST(AccessUnitSplitter, SkipsAFrameAboveTheLimitAndGoesOn) {
  AccessUnitSplitter splitter;
  splitter.push(hex("000001 41e0"));
  const std::vector<std::byte> much(1 << 20, std::byte{0xff});
  int refusals = 0;
  for (std::size_t pushed = 0; pushed < 3 * max_frame_size; pushed += much.size()) {
    splitter.push(much);
    const auto unit = splitter.next();
    if (unit) {
      EXPECT_FALSE(*unit);
    } else {
      EXPECT_EQ(unit.error(), Errc::frame_too_large);
      ++refusals;
    }
  }
  EXPECT_EQ(refusals, 1);
  splitter.push(hex("000001 65e0 000001 41e1"));
  splitter.finish();
  const auto first = splitter.next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->bytes, hex("000001 65e0"));
  EXPECT_TRUE((*first)->key_frame);
  const auto second = splitter.next();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->bytes, hex("000001 41e1"));
}

}  // namespace
}  // namespace petrel::inline v0::rtp::h264
