#include "petrel/turn/stream_deframer.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::turn {
namespace {

using testing::hex;
using testing::to_vector;
using Messages = std::vector<std::vector<std::byte>>;

// A Binding indication with an attribute of four bytes, ChannelData of five bytes with their
// padding, empty ChannelData, an empty Binding indication.
const std::string_view stream_text =
    "0011 0008 2112a442 000102030405060708090a0b 8022 0004 61626364"
    "4001 0005 68656c6c6f 000000"
    "4002 0000"
    "0011 0000 2112a442 000102030405060708090a0b";
const Messages expected{hex("0011 0008 2112a442 000102030405060708090a0b 8022 0004 61626364"),
                        hex("4001 0005 68656c6c6f"), hex("4002 0000"),
                        hex("0011 0000 2112a442 000102030405060708090a0b")};

void take_all(StreamDeframer& deframer, Messages& messages) {
  while (const auto message = deframer.next()) messages.push_back(to_vector(*message));
}

TEST(StreamDeframer, CutsAStreamIntoMessages) {
  StreamDeframer deframer;
  deframer.feed(hex(stream_text));
  Messages messages;
  take_all(deframer, messages);
  EXPECT_EQ(messages, expected);
  EXPECT_EQ(deframer.buffered(), 0U);
}

TEST(StreamDeframer, FindsTheSameWhereverTheStreamIsCut) {
  const auto stream = hex(stream_text);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      StreamDeframer deframer;
      Messages messages;
      for (const Bytes part : {Bytes(stream).first(first), Bytes(stream).subspan(first, second - first),
                               Bytes(stream).subspan(second)}) {
        deframer.feed(part);
        take_all(deframer, messages);
      }
      ASSERT_EQ(messages, expected) << first << " " << second;
    }
  }
}

TEST(StreamDeframer, WaitsForTheRestAtEveryTruncation) {
  const auto stream = hex(stream_text);
  for (std::size_t size = 0; size < stream.size(); ++size) {
    StreamDeframer deframer;
    deframer.feed(Bytes(stream).first(size));
    Messages messages;
    take_all(deframer, messages);
    EXPECT_LT(messages.size(), expected.size());
    EXPECT_FALSE(deframer.broken());
  }
}

TEST(StreamDeframer, MayBeTakenFromLater) {
  StreamDeframer deframer;
  for (const std::byte b : hex(stream_text)) deframer.feed(Bytes(&b, 1));
  Messages messages;
  take_all(deframer, messages);
  EXPECT_EQ(messages, expected);
}

TEST(StreamDeframer, BreaksAtTheFirstByteThatIsNeither) {
  for (const int first : {0x50, 0x7f, 0x80, 0xff}) {
    StreamDeframer deframer;
    deframer.feed(hex("4001 0001 61 000000"));
    const auto byte = static_cast<std::byte>(first);
    deframer.feed(Bytes(&byte, 1));
    EXPECT_TRUE(deframer.next());
    EXPECT_FALSE(deframer.broken());
    EXPECT_FALSE(deframer.next());
    EXPECT_TRUE(deframer.broken());
  }
}

TEST(StreamDeframer, BreaksAtAWrongCookieOrLength) {
  StreamDeframer cookie;
  cookie.feed(hex("0001 0000 2112a441"));
  EXPECT_FALSE(cookie.next());
  EXPECT_TRUE(cookie.broken());
  StreamDeframer length;
  length.feed(hex("0001 0003"));
  EXPECT_FALSE(length.next());
  EXPECT_TRUE(length.broken());
}

TEST(StreamDeframer, StaysBrokenAndHoldsNothing) {
  StreamDeframer deframer;
  deframer.feed(hex("ff"));
  EXPECT_FALSE(deframer.next());
  deframer.feed(hex(stream_text));
  EXPECT_FALSE(deframer.next());
  EXPECT_TRUE(deframer.broken());
  EXPECT_EQ(deframer.buffered(), 0U);
}

TEST(StreamDeframer, TakesTheLongestMessageThereIs) {
  std::vector<std::byte> stream = hex("4000 ffff");
  stream.resize(4 + 65'536);
  StreamDeframer deframer;
  deframer.feed(Bytes(stream).first(stream.size() - 1));
  EXPECT_FALSE(deframer.next());
  deframer.feed(Bytes(stream).last(1));
  const auto message = deframer.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->size(), 4U + 65'535);
}

TEST(StreamDeframer, GivesUpWhatItHoldsForAStreamThatTurnsIntoSomethingElse) {
  StreamDeframer deframer;
  const auto message = testing::hex("4000 0004 01020304");
  auto bytes = message;
  for (const char c : std::string("raw")) bytes.push_back(static_cast<std::byte>(c));
  deframer.feed(bytes);
  ASSERT_TRUE(deframer.next());
  EXPECT_EQ(as_text(deframer.take_rest()), "raw");
  EXPECT_EQ(deframer.buffered(), 0u);
  EXPECT_TRUE(deframer.take_rest().empty());
}

}  // namespace
}  // namespace petrel::inline v0::turn
