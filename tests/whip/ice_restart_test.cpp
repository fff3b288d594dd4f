#include "petrel/whip/ice_restart.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::whip {
namespace {

constexpr std::string_view description =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldo\r\n"
    "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldo\r\n";

TEST(IceRestart, ReplacesCredentialsEverywhereAndDropsCandidates) {
  const std::string restarted = with_ice_credentials(description, "new2", "newnewnewnewnewnewnewn");
  EXPECT_EQ(restarted.find("old"), std::string::npos);
  EXPECT_EQ(restarted.find("candidate"), std::string::npos);
  EXPECT_NE(restarted.find("a=mid:0\r\na=ice-ufrag:new2\r\na=ice-pwd:newnewnewnewnewnewnewn\r\nm=audio"),
            std::string::npos);
  EXPECT_EQ(with_ice_credentials(restarted, "new2", "newnewnewnewnewnewnewn"), restarted);
}

TEST(IceRestart, TellsWhatADescriptionSaysAboutIce) {
  const TrickleFragment fragment = ice_fragment_of(description);
  EXPECT_EQ(fragment.ufrag, "old1");
  EXPECT_EQ(fragment.pwd, "oldoldoldoldoldoldoldo");
  ASSERT_EQ(fragment.sections.size(), 1u) << "the one with candidates";
  EXPECT_EQ(fragment.sections[0].mid, "0");
  EXPECT_EQ(fragment.sections[0].candidates,
            std::vector<std::string>{"candidate:1 1 udp 1 192.0.2.1 5000 typ host"});
  EXPECT_TRUE(fragment.sections[0].end_of_candidates);

  const auto read_back = parse_trickle_fragment(write(fragment));
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->ufrag, "old1");
}

TEST(IceRestart, ReadsWhateverItIsGiven) {
  for (std::size_t length = 0; length <= description.size(); ++length) {
    const TrickleFragment fragment = ice_fragment_of(description.substr(0, length));
    EXPECT_LE(fragment.sections.size(), 1u);
    EXPECT_LE(with_ice_credentials(description.substr(0, length), "u", "p").size(), length + 4);
  }
  EXPECT_TRUE(ice_fragment_of("").sections.empty());
}

}  // namespace
}  // namespace petrel::inline v0::whip
