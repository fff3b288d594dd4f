#include "petrel/whip/trickle_fragment.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::whip {
namespace {

// As in the example of RFC 9725 4.3.1, with two m-lines.
constexpr std::string_view fragment_text =
    "a=group:BUNDLE 0 1\r\n"
    "a=ice-ufrag:EsAw\r\n"
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:0\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
    "a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw\r\n"
    "a=end-of-candidates\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=mid:1\r\n"
    "a=ice-ufrag:Own0\r\n";

TEST(TrickleFragment, GivesCandidatesByMid) {
  const auto fragment = parse_trickle_fragment(fragment_text);

  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->ufrag, "EsAw");
  EXPECT_EQ(fragment->pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
  ASSERT_EQ(fragment->sections.size(), 2u);
  const TrickleSection& audio = fragment->sections[0];
  EXPECT_EQ(audio.mid, "0");
  EXPECT_EQ(audio.ufrag, "EsAw");
  ASSERT_EQ(audio.candidates.size(), 2u);
  EXPECT_EQ(audio.candidates[0],
            "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw");
  EXPECT_TRUE(audio.end_of_candidates);
  const TrickleSection& video = fragment->sections[1];
  EXPECT_EQ(video.index, 1u);
  EXPECT_EQ(video.ufrag, "Own0");
  EXPECT_EQ(video.pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
  EXPECT_FALSE(video.end_of_candidates);
}

TEST(TrickleFragment, TakesCandidatesWithoutAnMLine) {
  const auto bare = parse_trickle_fragment("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n");
  ASSERT_TRUE(bare);
  ASSERT_EQ(bare->sections.size(), 1u);
  EXPECT_EQ(bare->sections[0].mid, std::nullopt);

  const auto mids = parse_trickle_fragment("a=mid:x\na=candidate:1\na=mid:y\na=end-of-candidates\n");
  ASSERT_TRUE(mids);
  ASSERT_EQ(mids->sections.size(), 2u);
  EXPECT_EQ(mids->sections[0].candidates.size(), 1u);
  EXPECT_EQ(mids->sections[1].mid, "y");
  EXPECT_TRUE(mids->sections[1].end_of_candidates);
}

TEST(TrickleFragment, NamesTheUfragOfASectionWhenThereIsNoOther) {
  const auto fragment =
      parse_trickle_fragment("m=audio 9 x 0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:p\r\n");
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->ufrag, "abcd");
  EXPECT_EQ(fragment->pwd, "p");
}

TEST(TrickleFragment, SkipsAttributesItDoesNotKnow) {
  const auto fragment = parse_trickle_fragment("a=ice-options:trickle\r\na=ice-lite\r\n\r\na=x\r\n");
  ASSERT_TRUE(fragment);
  EXPECT_TRUE(fragment->sections.empty());
}

TEST(TrickleFragment, SaysWhatIsWrong) {
  const auto error_of = [](std::string_view text) { return parse_trickle_fragment(text).error(); };
  EXPECT_EQ(error_of("v=0\r\n"), Errc::unexpected_line);
  EXPECT_EQ(error_of("candidate:1\r\n"), Errc::malformed_line);
  EXPECT_EQ(error_of("a"), Errc::malformed_line);
  EXPECT_EQ(error_of("a=mid:0\r\r\n"), Errc::malformed_line);
  EXPECT_EQ(error_of(std::string_view("a=mid:\0\n", 8)), Errc::malformed_line);
  EXPECT_EQ(error_of("a=mid:\r\n"), Errc::empty_value);
  EXPECT_EQ(error_of("a=mid\r\n"), Errc::empty_value);
  EXPECT_EQ(error_of("a=candidate\r\n"), Errc::empty_value);
  EXPECT_EQ(error_of("a=" + std::string(max_fragment_line - 1, 'x')), Errc::line_too_long);
}

TEST(TrickleFragment, HoldsItsLimits) {
  const auto repeat = [](std::string_view line, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += line;
    return parse_trickle_fragment(text);
  };
  EXPECT_TRUE(repeat("a=candidate:1\n", max_fragment_candidates));
  EXPECT_EQ(repeat("a=candidate:1\n", max_fragment_candidates + 1).error(), Errc::too_many_candidates);
  EXPECT_TRUE(repeat("m=audio\n", max_fragment_sections));
  EXPECT_EQ(repeat("m=audio\n", max_fragment_sections + 1).error(), Errc::too_many_sections);
  EXPECT_TRUE(parse_trickle_fragment("a=" + std::string(max_fragment_line - 2, 'x')));
}

TEST(TrickleFragment, ReadsBackWhatItWrites) {
  const auto fragment = parse_trickle_fragment(fragment_text);
  const std::string once = write(*fragment);
  const auto again = parse_trickle_fragment(once);
  ASSERT_TRUE(again);
  EXPECT_EQ(write(*again), once);
  EXPECT_EQ(again->sections[0].candidates, fragment->sections[0].candidates);
  EXPECT_EQ(again->sections[1].ufrag, "Own0");
}

TEST(TrickleFragment, CutAnywhereGivesABeginningOfItOrSaysWhatIsMissing) {
  const auto whole = parse_trickle_fragment(fragment_text);
  for (std::size_t size = 0; size < fragment_text.size(); ++size) {
    const auto cut = parse_trickle_fragment(fragment_text.substr(0, size));
    if (!cut) {
      EXPECT_NE(fragment_text[size - 1], '\n') << size;
      EXPECT_TRUE(cut.error() == Errc::malformed_line || cut.error() == Errc::empty_value) << size;
      continue;
    }
    ASSERT_LE(cut->sections.size(), whole->sections.size());
    for (std::size_t i = 0; i < cut->sections.size(); ++i) {
      const auto& part = cut->sections[i].candidates;
      ASSERT_LE(part.size(), whole->sections[i].candidates.size());
      for (std::size_t j = 0; j < part.size(); ++j) {
        EXPECT_TRUE(whole->sections[i].candidates[j].starts_with(part[j])) << size;
      }
    }
  }
}

}  // namespace
}  // namespace petrel::inline v0::whip
