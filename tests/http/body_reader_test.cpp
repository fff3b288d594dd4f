#include "petrel/http/body_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace petrel::inline v0::http {
namespace {

constexpr BodyLimits limits{.body_bytes = 16, .trailer_bytes = 20, .trailers = 1};

TEST(BodyReader, WithoutABodyIsCompleteAtOnce) {
  EXPECT_TRUE(BodyReader().complete());
  EXPECT_TRUE(BodyReader::of_length(0, limits).complete());
}

TEST(BodyReader, TakesNoMoreThanItsLength) {
  BodyReader reader = BodyReader::of_length(3, limits);

  EXPECT_EQ(reader.feed(as_bytes("abcdef")), 3U);

  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.take(), "abc");
}

TEST(BodyReader, RefusesALengthOverTheLimitBeforeTheBodyComes) {
  const BodyReader reader = BodyReader::of_length(17, limits);

  ASSERT_TRUE(reader.fault());
  EXPECT_EQ(reader.fault()->kind, BodyFault::Kind::too_large);
}

TEST(BodyReader, PutsChunksTogetherHoweverTheyAreCut) {
  constexpr std::string_view text = "3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\nX: 1\r\n\r\nnext";
  BodyReader whole = BodyReader::chunked(limits);
  EXPECT_EQ(whole.feed(as_bytes(text)), text.size() - 4);
  EXPECT_EQ(whole.take(), "abc0123456789");

  BodyReader cut = BodyReader::chunked(limits);
  for (const char c : text) cut.feed(as_bytes({&c, 1}));
  EXPECT_TRUE(cut.complete());
  EXPECT_EQ(cut.take(), "abc0123456789");
}

TEST(BodyReader, NoPrefixOfAChunkedBodyIsComplete) {
  constexpr std::string_view text = "3\r\nabc\r\n0\r\nX: 1\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    BodyReader reader = BodyReader::chunked(limits);
    reader.feed(as_bytes(text.substr(0, size)));
    reader.end();
    EXPECT_FALSE(reader.complete()) << size;
    EXPECT_FALSE(reader.fault()) << size;
  }
}

TEST(BodyReader, SaysWhatIsWrongWithChunks) {
  const auto fault_of = [](std::string_view text) {
    BodyReader reader = BodyReader::chunked(limits);
    reader.feed(as_bytes(text));
    return reader.fault();
  };
  for (const std::string_view malformed : {"x\r\n", "\r\n", " 1\r\na\r\n", "123456789\r\n", "1\na",
                                           "1\r\nab\r\n", "1\r\na\n", "0\r\nno colon\r\n\r\n"}) {
    const auto fault = fault_of(malformed);
    ASSERT_TRUE(fault) << malformed;
    EXPECT_EQ(fault->kind, BodyFault::Kind::malformed) << malformed;
  }
  EXPECT_EQ(fault_of("11\r\n")->kind, BodyFault::Kind::too_large);
  EXPECT_EQ(fault_of("f\r\n0123456789abcde\r\n2\r\n")->kind, BodyFault::Kind::too_large);
  EXPECT_EQ(fault_of("0\r\nX: 1\r\nY: 2\r\n")->kind, BodyFault::Kind::trailers_too_large);
  EXPECT_EQ(fault_of("0\r\nX: 12345678901234567890")->kind, BodyFault::Kind::trailers_too_large);
}

TEST(BodyReader, ReadsUntilTheEndWhereThereIsNoLength) {
  BodyReader reader = BodyReader::until_end(limits);
  EXPECT_EQ(reader.feed(as_bytes("abc")), 3U);
  EXPECT_FALSE(reader.complete());

  reader.end();

  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.take(), "abc");
}

TEST(BodyReader, UntilTheEndHasItsLimitToo) {
  BodyReader reader = BodyReader::until_end(limits);

  EXPECT_EQ(reader.feed(as_bytes("0123456789abcdefg")), 16U);

  ASSERT_TRUE(reader.fault());
  EXPECT_EQ(reader.fault()->kind, BodyFault::Kind::too_large);
}

}  // namespace
}  // namespace petrel::inline v0::http
