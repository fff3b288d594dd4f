#include "peer/jsep_verdict.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"

namespace petrel::jsep {
namespace {

using petrel::testing::Line;

Description described(const std::vector<Line>& lines, std::optional<std::string> bundle = std::nullopt) {
  std::string detail;
  return read_description({SdpType::offer, petrel::testing::description(lines, std::move(bundle))}, detail)
      .value();
}

TEST(Verdict, RefusesWhatIsNotBundledWithTheFirstAccepted) {
  const auto offer =
      described({{.mid = "a", .codecs = ""}, {.mid = "b"}, {.mid = "c"}, {.mid = "d"}}, " b d");
  Transceivers transceivers;
  transceivers.take_offer(offer, {});

  const auto verdicts = judge_offer(offer, transceivers);

  EXPECT_EQ(verdicts[0].refusal, Errc::no_common_codec);
  EXPECT_TRUE(verdicts[1].accepted());
  EXPECT_EQ(verdicts[2].refusal, Errc::not_bundled);
  EXPECT_TRUE(verdicts[3].accepted());
  EXPECT_EQ(tagged(offer, verdicts), 1U);
}

TEST(Verdict, KeepsTheOffersOrderUnlessAnotherWasChosen) {
  const auto offer = described({{.media = "video 9 UDP/TLS/RTP/SAVPF 96 97",
                                 .codecs = "a=rtpmap:96 VP8/90000\na=rtpmap:97 H264/90000\n"
                                           "a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\n"}});
  Transceivers transceivers;
  transceivers.take_offer(offer, {});

  auto verdicts = judge_offer(offer, transceivers);
  ASSERT_EQ(verdicts.at(0).codecs.size(), 2U);
  EXPECT_EQ(verdicts[0].codecs[0].payload_type, 96);
  EXPECT_EQ(verdicts[0].codecs[1].payload_type, 97);

  const TransceiverId id = transceivers.on_line(0)->state.id;
  transceivers.find(id)->state.codecs_chosen = true;  // The configuration's order: H.264 first.
  verdicts = judge_offer(offer, transceivers);
  EXPECT_EQ(verdicts.at(0).codecs.at(0).payload_type, 97);
  EXPECT_EQ(verdicts[0].codecs[1].payload_type, 96);
}

TEST(Verdict, LooksForCredentialsInTheWholeGroup) {
  auto offer = described({{.mid = "a"}, {.mid = "b"}});
  offer.media[1].ice_ufrag.clear();
  EXPECT_EQ(transport_section(offer, 1), &offer.media[0]);
  offer.bundles.clear();
  EXPECT_EQ(transport_section(offer, 1), nullptr);
}

TEST(Verdict, ChecksTheTransportOfAnOffer) {
  std::string detail;
  auto offer = described({Line{}});
  EXPECT_TRUE(check_transport(offer, 0, detail));
  offer.media[0].setup = sdp::Setup::Role::holdconn;
  EXPECT_EQ(check_transport(offer, 0, detail).error(), Errc::invalid_setup);
  offer.media[0].fingerprints.clear();
  EXPECT_EQ(check_transport(offer, 0, detail).error(), Errc::missing_fingerprint);
  offer.media[0].ice_pwd.clear();
  EXPECT_EQ(check_transport(offer, 0, detail).error(), Errc::missing_ice_credentials);
}

}  // namespace
}  // namespace petrel::jsep
