#include "petrel/rtp/payload/h264_nal.hpp"

#include <gtest/gtest.h>

#include "rtp/payload/h264_stream.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

using testing::hex;
using testing::nal_units;

using Units = std::vector<std::vector<std::byte>>;

TEST(NalReader, TakesStartCodesOfThreeAndFourBytes) {
  EXPECT_EQ(nal_units(hex("00000001 6742 000001 68ce 00000001 65")),
            (Units{hex("6742"), hex("68ce"), hex("65")}));
}

TEST(NalReader, LeavesOutWhatIsBeforeTheFirstStartCode) {
  EXPECT_EQ(nal_units(hex("aabb 000001 65")), (Units{hex("65")}));
  EXPECT_TRUE(nal_units(hex("aabb 000002 65")).empty());
  EXPECT_TRUE(nal_units({}).empty());
}

TEST(NalReader, LeavesOutTrailingZeros) {
  EXPECT_EQ(nal_units(hex("000001 6588 000000 000001 41 0000")), (Units{hex("6588"), hex("41")}));
}

TEST(NalReader, PassesOverEmptyUnitsAndCountsThem) {
  const auto stream = hex("000001 00000001 65 000001");
  NalReader reader(stream);
  EXPECT_EQ(testing::to_vector(*reader.next()), hex("65"));
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.empty_units(), 2u);
}

TEST(NalReader, FindsStartCodesAtEveryPlace) {
  for (std::size_t before = 0; before < 9; ++before) {
    for (const char* filling : {"ff", "01", "02"}) {
      std::vector<std::byte> stream = hex("000001 65");
      stream.insert(stream.end(), before, hex(filling)[0]);
      const auto first = std::vector(stream.begin() + 3, stream.end());
      const auto second = hex("000001 41");
      stream.insert(stream.end(), second.begin(), second.end());
      EXPECT_EQ(nal_units(stream), (Units{first, hex("41")})) << before << filling;
    }
  }
}

TEST(NalType, IsTheLowBitsOfTheHeader) {
  EXPECT_EQ(nal_type(std::byte{0x67}), NalType::sps);
  EXPECT_EQ(nal_type(std::byte{0x65}), NalType::idr_slice);
  EXPECT_TRUE(is_reference(std::byte{0x41}));
  EXPECT_FALSE(is_reference(std::byte{0x01}));
}

}  // namespace
}  // namespace petrel::inline v0::rtp::h264
