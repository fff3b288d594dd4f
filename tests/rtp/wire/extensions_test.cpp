#include "petrel/rtp/wire/extensions.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using testing::hex;
using testing::to_vector;

struct Element {
  int id;
  std::vector<std::byte> value;
  friend bool operator==(const Element&, const Element&) = default;
};

std::vector<Element> elements(const ExtensionsView& view) {
  std::vector<Element> all;
  for (const auto& element : view) all.push_back({element.id, to_vector(element.value)});
  return all;
}

std::vector<Element> elements(std::uint16_t profile, std::string_view block) {
  const auto bytes = hex(block);
  return elements(ExtensionsView(profile, bytes));
}

TEST(Extensions, OfTheOneByteFormAreReadInOrder) {
  // RFC 8285 4.2's layout: lengths less one, padding anywhere.
  const std::vector<Element> expected{
      {1, hex("aa")}, {5, hex("0102")}, {14, hex("00112233445566778899aabbccddeeff")}};
  EXPECT_EQ(elements(0xbede, "10aa 0000 510102 00 ef00112233445566778899aabbccddeeff 0000"), expected);
}

TEST(Extensions, OfTheTwoByteFormAreReadInOrder) {
  const std::vector<Element> expected{{1, {}}, {200, hex("0102")}};
  EXPECT_EQ(elements(0x1000, "0100 00 c8020102 00"), expected);
  EXPECT_EQ(elements(0x100f, "0100 00 c8020102 00"), expected);  // The low bits are the application's.
}

TEST(Extensions, EndAtIdentifierFifteen) {
  const std::vector<Element> expected{{1, hex("aa")}};
  EXPECT_EQ(elements(0xbede, "10aa f000 20bb"), expected);
}

TEST(Extensions, EndAtPaddingWithALength) {
  const std::vector<Element> expected{{1, hex("aa")}};
  EXPECT_EQ(elements(0xbede, "10aa 01ffff 20bb"), expected);
}

TEST(Extensions, EndWhereAnElementRunsOverTheBlock) {
  const std::vector<Element> expected{{1, hex("aa")}};
  EXPECT_EQ(elements(0xbede, "10aa 2201"), expected);
  EXPECT_EQ(elements(0x1000, "0101aa 02"), expected);
  EXPECT_EQ(elements(0x1000, "0101aa 0203"), expected);
}

TEST(Extensions, OfAnotherProfileHaveNoElements) {
  EXPECT_TRUE(elements(0x1234, "10aa0000").empty());
  EXPECT_TRUE(ExtensionsView().empty());
  EXPECT_TRUE(elements(0xbede, "00000000").empty());
}

TEST(Extensions, AreFoundByIdentifierTheFirstOneWins) {
  const auto block = hex("10aa 10bb");
  const ExtensionsView view(0xbede, block);
  ASSERT_TRUE(view.find(1));
  EXPECT_EQ(to_vector(*view.find(1)), hex("aa"));
  EXPECT_FALSE(view.find(2));
  EXPECT_FALSE(view.find(0));
}

TEST(Extensions, SurviveEveryTruncation) {
  const auto block = hex("10aa 510102 ef00112233445566778899aabbccddeeff 0000");
  for (const std::uint16_t profile : {std::uint16_t{0xbede}, std::uint16_t{0x1000}}) {
    for (std::size_t size = 0; size < block.size(); ++size) {
      const std::vector<std::byte> cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
      for (const auto& element : ExtensionsView(profile, cut)) {
        EXPECT_GE(element.value.data(), cut.data());
        EXPECT_LE(element.value.data() + element.value.size(), cut.data() + cut.size());
      }
    }
  }
}

TEST(ExtensionBlock, IsWrittenAsItIsRead) {
  for (const auto form : {ExtensionForm::one_byte, ExtensionForm::two_byte}) {
    ExtensionBlock block(form);
    ASSERT_TRUE(block.add(1, hex("aa")));
    ASSERT_TRUE(block.add(14, hex("00112233445566778899aabbccddeeff")));
    const auto packet = write_packet({}, block, hex("77"));
    ASSERT_TRUE(packet);
    const auto view = PacketView::parse(packet->bytes());
    ASSERT_TRUE(view);
    const std::vector<Element> expected{{1, hex("aa")}, {14, hex("00112233445566778899aabbccddeeff")}};
    EXPECT_EQ(elements(view->extensions()), expected);
    EXPECT_EQ(view->header_size(), fixed_header_size + block.wire_size());
    EXPECT_EQ(block.wire_size() % 4, 0u);
  }
}

TEST(ExtensionBlock, RefusesWhatItsFormCannotCarry) {
  const std::vector<std::byte> value(300);
  const auto sized = [&](std::size_t size) { return Bytes(value).first(size); };
  ExtensionBlock one(ExtensionForm::one_byte);
  EXPECT_EQ(one.add(0, sized(1)).error(), Errc::bad_extension);
  EXPECT_EQ(one.add(15, sized(1)).error(), Errc::bad_extension);
  EXPECT_EQ(one.add(1, sized(0)).error(), Errc::bad_extension);
  EXPECT_EQ(one.add(1, sized(17)).error(), Errc::bad_extension);
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(one.wire_size(), 0u);

  ExtensionBlock two(ExtensionForm::two_byte);
  EXPECT_EQ(two.add(0, sized(1)).error(), Errc::bad_extension);
  EXPECT_EQ(two.add(1, sized(256)).error(), Errc::bad_extension);
  EXPECT_EQ(two.add(1, sized(255)).error(), Errc::no_room);
  EXPECT_TRUE(two.empty());
  EXPECT_TRUE(two.add(255, sized(0)));
}

TEST(ExtensionBlock, IsUnchangedByAnElementWithoutRoom) {
  ExtensionBlock block;
  const std::vector<std::byte> value(16);
  while (block.add(1, value)) {
  }
  const std::size_t full = block.wire_size();
  EXPECT_EQ(block.add(2, value).error(), Errc::no_room);
  EXPECT_EQ(block.wire_size(), full);
  EXPECT_TRUE(write_packet({}, block, {}));
}

TEST(OverwriteExtension, StampsAPacketThatIsAlreadyWritten) {
  ExtensionBlock block;
  ASSERT_TRUE(block.add(2, hex("000000")));
  ASSERT_TRUE(block.add(3, hex("0000")));
  auto packet = write_packet({}, block, hex("1122"));
  ASSERT_TRUE(packet);

  EXPECT_TRUE(overwrite_extension(packet->writable(), 3, hex("beef")));

  const auto view = PacketView::parse(packet->bytes());
  ASSERT_TRUE(view);
  EXPECT_EQ(to_vector(*view->extensions().find(2)), hex("000000"));
  EXPECT_EQ(to_vector(*view->extensions().find(3)), hex("beef"));
  EXPECT_EQ(to_vector(view->payload()), hex("1122"));
}

TEST(OverwriteExtension, LeavesAPacketWithoutSuchAnElementAlone) {
  ExtensionBlock block;
  ASSERT_TRUE(block.add(2, hex("000000")));
  auto packet = write_packet({}, block, {});
  ASSERT_TRUE(packet);
  const auto before = to_vector(packet->bytes());
  EXPECT_FALSE(overwrite_extension(packet->writable(), 3, hex("beef")));
  EXPECT_FALSE(overwrite_extension(packet->writable(), 2, hex("beef")));
  EXPECT_EQ(to_vector(packet->bytes()), before);
  auto garbage = hex("00");
  EXPECT_FALSE(overwrite_extension(garbage, 2, hex("beef")));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
