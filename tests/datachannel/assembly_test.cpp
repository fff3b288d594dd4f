#include "datachannel/assembly.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::datachannel {
namespace {

sctp::Incoming piece(Protocol protocol, std::string_view text, bool last = true) {
  return {.protocol = static_cast<std::uint32_t>(protocol),
          .last = last,
          .payload = testing::to_vector(as_bytes(text))};
}

std::string text_of(const std::optional<Assembly::Whole>& whole) {
  return whole ? std::string(as_text(whole->data)) : "(not whole)";
}

TEST(Assembly, TakesAWholeMessageAsItIs) {
  Assembly assembly;
  auto incoming = piece(Protocol::binary, "hello");
  const std::byte* block = incoming.payload.data();
  const auto whole = assembly.add(std::move(incoming));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->data.data(), block);  // No copy.
  EXPECT_EQ(whole->kind, MessageKind::binary);
}

TEST(Assembly, PutsPiecesTogether) {
  Assembly assembly;
  EXPECT_FALSE(assembly.add(piece(Protocol::text, "he", false)));
  EXPECT_FALSE(assembly.add(piece(Protocol::text, "ll", false)));
  EXPECT_EQ(assembly.size(), 4U);
  const auto whole = assembly.add(piece(Protocol::text, "o"));
  EXPECT_EQ(text_of(whole), "hello");
  EXPECT_EQ(whole->kind, MessageKind::text);
  EXPECT_EQ(assembly.size(), 0U);
  EXPECT_EQ(text_of(assembly.add(piece(Protocol::text, "next"))), "next");
}

TEST(Assembly, PutsDeprecatedPartialMessagesTogether) {
  Assembly assembly;
  EXPECT_FALSE(assembly.add(piece(Protocol::binary_partial, "a")));
  EXPECT_FALSE(assembly.add(piece(Protocol::binary_partial, "b")));
  EXPECT_EQ(text_of(assembly.add(piece(Protocol::binary, "c"))), "abc");
  EXPECT_FALSE(assembly.add(piece(Protocol::text_partial, "d")));
  const auto whole = assembly.add(piece(Protocol::text, "e"));
  EXPECT_EQ(text_of(whole), "de");
  EXPECT_EQ(whole->kind, MessageKind::text);
}

TEST(Assembly, DropsWhatEndsAsAnotherKind) {
  Assembly assembly;
  EXPECT_FALSE(assembly.add(piece(Protocol::binary_partial, "lost")));
  EXPECT_EQ(text_of(assembly.add(piece(Protocol::text, "found"))), "found");
}

TEST(Assembly, MakesAnEmptyMessageOfItsByte) {
  Assembly assembly;
  for (const Protocol protocol : {Protocol::text_empty, Protocol::binary_empty}) {
    const auto whole = assembly.add(piece(protocol, "x"));
    ASSERT_TRUE(whole);
    EXPECT_TRUE(whole->data.empty());
    EXPECT_EQ(whole->kind, protocol == Protocol::text_empty ? MessageKind::text : MessageKind::binary);
  }
}

TEST(Assembly, DropsWhatItIsTold) {
  Assembly assembly;
  EXPECT_FALSE(assembly.add(piece(Protocol::text, "abc", false)));
  EXPECT_EQ(assembly.drop(), 3U);
  EXPECT_EQ(text_of(assembly.add(piece(Protocol::text, "d"))), "d");
}

TEST(Assembly, KnowsTheProtocolsOfDataChannels) {
  for (std::uint32_t protocol = 0; protocol < 70; ++protocol) {
    const bool known = protocol >= 50 && protocol <= 57 && protocol != 55;
    EXPECT_EQ(kind_of(protocol).has_value(), known) << protocol;
    EXPECT_EQ(is_empty_message(protocol), protocol == 56 || protocol == 57);
  }
  EXPECT_EQ(protocol_of(MessageKind::control, false), 50U);
  EXPECT_EQ(protocol_of(MessageKind::text, false), 51U);
  EXPECT_EQ(protocol_of(MessageKind::binary, false), 53U);
  EXPECT_EQ(protocol_of(MessageKind::text, true), 56U);
  EXPECT_EQ(protocol_of(MessageKind::binary, true), 57U);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
