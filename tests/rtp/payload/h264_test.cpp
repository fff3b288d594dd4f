#include "petrel/rtp/payload/h264.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "rtp/payload/h264_stream.hpp"
#include "rtp/payload/slice_copy.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

using testing::access_units;
using testing::captured_file;
using testing::copied;
using testing::hex;
using testing::nal_units;

constexpr auto mode0 = PacketizationMode::single_nal_unit;
constexpr auto mode1 = PacketizationMode::non_interleaved;

std::vector<std::vector<std::byte>> payloads(Bytes access_unit, std::size_t max_payload,
                                             PacketizationMode mode) {
  std::vector<std::vector<std::byte>> all;
  const auto packets = packetize(access_unit, max_payload, mode);
  EXPECT_TRUE(packets);
  if (packets) {
    for (const PayloadSlice& slice : packets->slices) all.push_back(copied(slice));
  }
  return all;
}

using Payloads = std::vector<std::vector<std::byte>>;

TEST(H264Packetizer, SendsOneNalUnitAsItIs) {
  const auto frame = hex("00000001 41e0aabb");
  EXPECT_EQ(payloads(frame, 100, mode1), (Payloads{hex("41e0aabb")}));
}

TEST(H264Packetizer, PutsSmallNalUnitsIntoOnePacket) {
  // RFC 6184 5.7.1: the header has the highest NRI, and each unit its size.
  const auto frame = hex("00000001 2742 000001 68ce01 00000001 0605");
  EXPECT_EQ(payloads(frame, 100, mode1), (Payloads{hex("78 0002 2742 0003 68ce01 0002 0605")}));
}

TEST(H264Packetizer, FillsAPacketToTheLastByte) {
  const auto frame = hex("00000001 6742 000001 68ce01");
  EXPECT_EQ(payloads(frame, 10, mode1).size(), 1u);
  EXPECT_EQ(payloads(frame, 9, mode1), (Payloads{hex("6742"), hex("68ce01")}));
}

TEST(H264Packetizer, CutsALargeNalUnitIntoEqualPieces) {
  const auto frame = hex("000001 65 0102030405060708090a");
  EXPECT_EQ(payloads(frame, 8, mode1), (Payloads{hex("7c85 0102030405"), hex("7c45 060708090a")}));
  EXPECT_EQ(payloads(frame, 6, mode1),
            (Payloads{hex("7c85 01020304"), hex("7c05 050607"), hex("7c45 08090a")}));
  EXPECT_EQ(payloads(frame, 11, mode1), (Payloads{hex("65 0102030405060708090a")}));
}

TEST(H264Packetizer, MarksTheLastPacketOnly) {
  const auto frame = hex("000001 6742 000001 65 0102030405060708090a");
  const auto packets = packetize(frame, 6, mode1);
  ASSERT_TRUE(packets);
  for (const auto& slice : packets->slices) EXPECT_EQ(slice.marker(), &slice == &packets->slices.back());
}

TEST(H264Packetizer, LeavesOutDelimitersAndFiller) {
  EXPECT_EQ(payloads(hex("000001 09f0 000001 0cff 000001 41e0"), 100, mode1), (Payloads{hex("41e0")}));
}

TEST(H264Packetizer, CountsNalUnitsOfNoBytes) {
  const auto packets = packetize(hex("000001 000001 41e0"), 100, mode1);
  ASSERT_TRUE(packets);
  EXPECT_EQ(packets->empty_units, 1u);
  EXPECT_EQ(packets->slices.size(), 1u);
}

TEST(H264Packetizer, InModeZeroNeitherCutsNorJoins) {
  EXPECT_EQ(payloads(hex("000001 6742 000001 68ce"), 100, mode0), (Payloads{hex("6742"), hex("68ce")}));
  EXPECT_EQ(packetize(hex("000001 6742"), 1, mode0).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(packetize(hex("000001 65010203"), 3, mode0).error(), Errc::unpacketizable);
}

TEST(H264Packetizer, NamesWhatItCannotSend) {
  EXPECT_EQ(packetize({}, 100, mode1).error(), Errc::empty_frame);
  EXPECT_EQ(packetize(hex("aabbccdd"), 100, mode1).error(), Errc::empty_frame);
  EXPECT_EQ(packetize(hex("000001 09f0"), 100, mode1).error(), Errc::empty_frame);
  EXPECT_EQ(packetize(hex("000001 7c85ff"), 100, mode1).error(), Errc::unpacketizable);
  EXPECT_EQ(packetize(hex("000001 00ff"), 100, mode1).error(), Errc::unpacketizable);
  EXPECT_EQ(packetize(std::vector<std::byte>(max_frame_size + 1), 100, mode1).error(), Errc::frame_too_large);
}

TEST(H264Packetizer, BringsEveryFrameThroughAtEverySize) {
  for (const char* name : {"x264_baseline.h264", "x264_high_b.h264"}) {
    for (const AccessUnit& unit : access_units(captured_file(name), 100'000)) {
      auto expected = nal_units(unit.bytes);
      std::erase_if(expected,
                    [](const auto& nal) { return nal_type(nal[0]) == NalType::access_unit_delimiter; });
      for (std::size_t max_payload = 32; max_payload < 1500; max_payload += 13) {
        Depacketizer depacketizer;
        for (const auto& payload : payloads(unit.bytes, max_payload, mode1)) {
          ASSERT_LE(payload.size(), max_payload);
          ASSERT_TRUE(depacketizer.append(payload));
        }
        const auto frame = depacketizer.take();
        ASSERT_TRUE(frame);
        ASSERT_EQ(nal_units(frame->bytes), expected) << name << max_payload;
        ASSERT_EQ(frame->key_frame, unit.key_frame);
      }
    }
  }
}

}  // namespace
}  // namespace petrel::inline v0::rtp::h264
