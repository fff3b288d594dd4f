#include "petrel/mdns/name.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::mdns {
namespace {

using testing::hex;

TEST(Name, IsLabelsWithTheirLengths) {
  const auto name = Name::from_text("printer.local");
  ASSERT_TRUE(name);
  EXPECT_TRUE(equal(name->wire(), hex("07 7072696e746572 05 6c6f63616c 00")));
  EXPECT_EQ(name->to_string(), "printer.local");
  EXPECT_TRUE(equal(Name().wire(), hex("00")));
}

TEST(Name, IsTheSameInAnyCaseAndWithALastDot) {
  EXPECT_EQ(Name::from_text("Printer.LOCAL."), Name::from_text("printer.local"));
  EXPECT_NE(Name::from_text("printer.local"), Name::from_text("printers.local"));
}

TEST(Name, HasNoEmptyLabel) {
  for (const char* text : {"", ".", "..", ".local", "a..local", "a.local.."})
    EXPECT_FALSE(Name::from_text(text)) << text;
}

TEST(Name, HasLabelsOf63OctetsAnd255Together) {
  const std::string label(63, 'a');
  EXPECT_TRUE(Name::from_text(label));
  EXPECT_FALSE(Name::from_text(label + 'a'));
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  ASSERT_TRUE(Name::from_text(longest));
  EXPECT_EQ(Name::from_text(longest)->wire().size(), Name::max_wire_size);
  EXPECT_FALSE(Name::from_text(longest + 'b'));
}

TEST(Name, ShowsWhatIsNoLetterAsANumber) {
  EXPECT_EQ(Name::from_text("a b\x1b\xff.local")->to_string(), "a\\032b\\027\\255.local");
}

TEST(Name, KnowsTheNamesOfCandidates) {
  EXPECT_TRUE(Name::from_text("0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.local")->is_uuid_local());
  EXPECT_TRUE(Name::from_text("0B5D9B6E-3C46-4A59-B1CD-0A1B2C3D4E5F.Local.")->is_uuid_local());
  for (const char* text :
       {"printer.local", "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5.local", "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f",
        "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.example", "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5g.local",
        "0b5d9b6e03c46-4a59-b1cd-0a1b2c3d4e5f.local", "a.0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.local"}) {
    EXPECT_FALSE(Name::from_text(text)->is_uuid_local()) << text;
  }
  EXPECT_FALSE(Name().is_uuid_local());
}

TEST(Name, IsMadeOfARandomUuidOfVersion4) {
  testing::SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Name name = Name::random(random);
    EXPECT_TRUE(name.is_uuid_local());
    const std::string text = name.to_string();
    EXPECT_EQ(text[14], '4') << text;
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace petrel::inline v0::mdns
