#include "petrel/rtp/payload/h264_parameters.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "rtp/payload/bit_reader.hpp"
#include "rtp/payload/h264_stream.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

using testing::captured_file;
using testing::hex;
using testing::nal_units;

std::vector<std::byte> first_sps(const char* name) {
  for (const auto& nal : nal_units(captured_file(name))) {
    if (nal_type(nal[0]) == NalType::sps) return nal;
  }
  return {};
}

TEST(BitReader, ReadsExponentialGolomb) {
  // H.264 table 9-2: 1 → 0, 010 → 1, 011 → 2, 00100 → 3; and 9-3: → 0, 1, -1, 2.
  const auto bits = hex("a6 42 98 e4 80");  // 1 010 011 00100 | 0 010100110001110010010…
  BitReader reader(bits);
  EXPECT_EQ(reader.exp_golomb(), 0u);
  EXPECT_EQ(reader.exp_golomb(), 1u);
  EXPECT_EQ(reader.exp_golomb(), 2u);
  EXPECT_EQ(reader.exp_golomb(), 3u);
  const auto sign = hex("a6 40");
  BitReader signed_reader(sign);
  EXPECT_EQ(signed_reader.signed_exp_golomb(), 0);
  EXPECT_EQ(signed_reader.signed_exp_golomb(), 1);
  EXPECT_EQ(signed_reader.signed_exp_golomb(), -1);
  EXPECT_EQ(signed_reader.signed_exp_golomb(), 2);
}

TEST(BitReader, LeavesOutEmulationPrevention) {
  const auto bytes = hex("000003 01 000003 03");
  BitReader reader(bytes);
  EXPECT_EQ(reader.bits(24), 0x000001u);
  EXPECT_EQ(reader.bits(24), 0x000003u);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.bits(1), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST(BitReader, FailsOnACodeOfMoreThanThirtyOneZeros) {
  const auto longest = hex("00000001 ffffffff");
  BitReader ok(longest);
  EXPECT_EQ(ok.exp_golomb(), 0xfffffffeu);
  const auto longer = hex("00000000 80000000 00");
  BitReader bad(longer);
  bad.exp_golomb();
  EXPECT_FALSE(bad.ok());
}

TEST(SequenceParameters, OfBaselineAreRead) {
  const auto sps = parse_sequence_parameters(first_sps("x264_baseline.h264"));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->profile_idc, 66);
  EXPECT_EQ(sps->constraint_flags & 0x40, 0x40);  // Constrained Baseline.
  EXPECT_EQ(sps->level_idc, 11);
  EXPECT_EQ(sps->width, 178u);
  EXPECT_EQ(sps->height, 98u);
  EXPECT_FALSE(sps->interlaced);
  ASSERT_TRUE(sps->timing);
  EXPECT_DOUBLE_EQ(sps->timing->frames_per_second(), 25);
  EXPECT_FALSE(sps->may_reorder());
}

TEST(SequenceParameters, OfHighWithBFramesMayReorder) {
  const auto sps = parse_sequence_parameters(first_sps("x264_high_b.h264"));
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->profile_idc, 100);
  EXPECT_EQ(sps->width, 178u);
  EXPECT_EQ(sps->height, 98u);
  ASSERT_TRUE(sps->max_num_reorder_frames);
  EXPECT_EQ(*sps->max_num_reorder_frames, 2u);
  EXPECT_TRUE(sps->may_reorder());
}

TEST(SequenceParameters, PromiseOrderInFourWays) {
  SequenceParameters sps;
  sps.profile_idc = 100;
  EXPECT_TRUE(sps.may_reorder());
  sps.max_num_reorder_frames = 0;
  EXPECT_FALSE(sps.may_reorder());
  sps.max_num_reorder_frames = 1;
  EXPECT_TRUE(sps.may_reorder());
  sps.pic_order_cnt_type = 2;
  EXPECT_FALSE(sps.may_reorder());

  SequenceParameters intra;
  intra.profile_idc = 110;
  intra.constraint_flags = 0x10;
  EXPECT_FALSE(intra.may_reorder());
}

TEST(SequenceParameters, AreRefusedInEveryTruncation) {
  for (const char* name : {"x264_baseline.h264", "x264_high_b.h264"}) {
    auto sps = first_sps(name);
    if (sps.back() == std::byte{0x80}) sps.pop_back();  // Only the stop bit, which is not looked at.
    for (std::size_t size = 0; size < sps.size(); ++size) {
      EXPECT_FALSE(parse_sequence_parameters(Bytes(sps).first(size))) << name << size;
    }
  }
}

TEST(SequenceParameters, OfAForbiddenValueAreRefused) {
  // Baseline, level 1.1, then: identifier 32 | frame number of 17 bits.
  EXPECT_EQ(parse_sequence_parameters(hex("6742c00b 0420 ffffffff")).error(), Errc::malformed_bitstream);
  EXPECT_EQ(parse_sequence_parameters(hex("6742c00b 8e ffffffff")).error(), Errc::malformed_bitstream);
  EXPECT_EQ(parse_sequence_parameters(hex("68ce")).error(), Errc::unsupported_payload);
}

TEST(SliceHeader, TellsTypeAndPlace) {
  std::vector<SliceType> types;
  for (const auto& nal : nal_units(captured_file("x264_high_b.h264"))) {
    if (!is_picture_data(nal_type(nal[0]))) continue;
    const auto slice = parse_slice_header(nal);
    ASSERT_TRUE(slice);
    if (slice->first_macroblock == 0) types.push_back(slice->type);
  }
  ASSERT_EQ(types.size(), 8u);
  EXPECT_EQ(types[0], SliceType::i);
  EXPECT_EQ(std::ranges::count(types, SliceType::i), 2);
  EXPECT_GE(std::ranges::count(types, SliceType::b), 2);
}

TEST(SliceHeader, HasAFrameNumberOnceTheParametersAreKnown) {
  const auto sps = parse_sequence_parameters(first_sps("x264_baseline.h264"));
  ASSERT_TRUE(sps);
  std::vector<std::uint32_t> numbers;
  for (const auto& nal : nal_units(captured_file("x264_baseline.h264"))) {
    if (!is_picture_data(nal_type(nal[0]))) continue;
    EXPECT_FALSE(parse_slice_header(nal)->frame_number);
    numbers.push_back(parse_slice_header(nal, &*sps)->frame_number.value());
  }
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{0, 1, 2, 3, 0, 1, 2, 3}));
}

TEST(SliceHeader, IsOfASliceAndWhole) {
  EXPECT_EQ(parse_slice_header(hex("67ff")).error(), Errc::unsupported_payload);
  EXPECT_EQ(parse_slice_header({}).error(), Errc::truncated);
  EXPECT_EQ(parse_slice_header(hex("65")).error(), Errc::truncated);
  EXPECT_EQ(parse_slice_header(hex("65 8b ff")).error(), Errc::malformed_bitstream);  // Slice type 10.
}

}  // namespace
}  // namespace petrel::inline v0::rtp::h264
