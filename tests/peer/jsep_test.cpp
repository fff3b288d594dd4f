#include "petrel/peer/jsep.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"
#include "petrel/base/errc.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

TEST(Negotiation, OfTwoOfOursAgrees) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video, Direction::send_recv)));
  ASSERT_TRUE(b.add_transceiver(sender(Kind::video, Direction::send_recv)));

  const auto result = exchange(a, b);

  EXPECT_TRUE(result.answerer.created.empty());
  EXPECT_EQ(result.offerer.media.at(0).direction, Direction::send_recv);
  EXPECT_EQ(result.answerer.media.at(0).direction, Direction::send_recv);
  EXPECT_EQ(result.offerer.media[0].send_codecs, result.answerer.media[0].receive_codecs);
  EXPECT_EQ(result.offerer.media[0].receive_codecs, result.answerer.media[0].send_codecs);
  EXPECT_EQ(result.offerer.transport->role, DtlsRole::server);
  EXPECT_EQ(result.answerer.transport->role, DtlsRole::client);
  EXPECT_EQ(result.offerer.media[0].remote_streams.at(0).rtx_ssrc, 1001U);
  EXPECT_EQ(result.offerer.media[0].remote_streams.at(0).cname, "petrel");
  EXPECT_EQ(result.offerer.media[0].remote_stream_ids, std::vector<std::string>{"camera"});
  EXPECT_EQ(result.offerer.media[0].remote_track_id, "track");
}

TEST(Negotiation, IsNeededUntilItIsDone) {
  Negotiation a;
  Negotiation b;
  EXPECT_FALSE(a.negotiation_needed());
  const auto id = a.add_transceiver(sender(Kind::video)).value();
  EXPECT_TRUE(a.negotiation_needed());
  exchange(a, b);
  EXPECT_FALSE(a.negotiation_needed());

  ASSERT_TRUE(a.set_direction(id, Direction::inactive));
  EXPECT_TRUE(a.negotiation_needed());
  EXPECT_EQ(exchange(a, b).offerer.media[0].direction, Direction::inactive);
  EXPECT_FALSE(a.negotiation_needed());

  ASSERT_TRUE(a.set_direction(id, Direction::send_only));
  exchange(a, b);
  ASSERT_TRUE(a.set_sender(id, {{"other"}, "track", 1, 2}));
  EXPECT_TRUE(a.negotiation_needed());
}

TEST(Negotiation, KeepsWhatIsTrickled) {
  Negotiation negotiation;
  const std::string candidate = "candidate:7 1 udp 1 192.0.2.7 7 typ host";
  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "0", {}, ""}).error(), Errc::wrong_signaling_state);
  ASSERT_TRUE(negotiation.set_remote_description(offer(description({{.mid = "v"}, audio_line("a")}))));

  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "v", {}, ""}).value(), "v");
  EXPECT_EQ(negotiation.add_remote_candidate({"a=" + candidate, "", 1, "peer"}).value(), "a");
  EXPECT_EQ(negotiation.add_remote_candidate({"", "", {}, ""}).value(), "v");

  const auto session = parsed(negotiation.remote_description()->sdp);
  EXPECT_EQ(sdp::value_of(session.media[0].attributes, "candidate"), "7 1 udp 1 192.0.2.7 7 typ host");
  EXPECT_EQ(sdp::value_of(session.media[1].attributes, "candidate"), "7 1 udp 1 192.0.2.7 7 typ host");
  EXPECT_TRUE(sdp::has(session.media[0].attributes, "end-of-candidates"));
}

TEST(Negotiation, RefusesCandidatesByName) {
  Negotiation negotiation;
  ASSERT_TRUE(negotiation.set_remote_description(offer(description({{.mid = "v"}}))));
  const std::string candidate = "candidate:7 1 udp 1 192.0.2.7 7 typ host";

  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "x", {}, ""}).error(), Errc::unknown_media_line);
  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "", 1, ""}).error(), Errc::unknown_media_line);
  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "", {}, ""}).error(), Errc::unknown_media_line);
  EXPECT_EQ(negotiation.add_remote_candidate({candidate, "v", {}, "old"}).error(), Errc::stale_candidate);
  EXPECT_EQ(negotiation.add_remote_candidate({"nonsense", "v", {}, ""}).error(),
            petrel::Errc::invalid_argument);
  EXPECT_EQ(negotiation.add_remote_candidate({candidate + "\r\na=x", "v", {}, ""}).error(),
            petrel::Errc::invalid_argument);
}

TEST(Negotiation, StopsKeepingCandidatesThatNeverEnd) {
  Negotiation negotiation;
  ASSERT_TRUE(negotiation.set_remote_description(offer(description({{.mid = "v"}}))));
  for (int i = 0; i < 256; ++i) {
    ASSERT_TRUE(negotiation.add_remote_candidate({"candidate:" + std::to_string(i), "v", {}, ""})) << i;
  }
  EXPECT_EQ(negotiation.add_remote_candidate({"candidate:x", "v", {}, ""}).error(),
            petrel::Errc::limit_reached);
}

TEST(Negotiation, RefusesWhatCannotStandInALine) {
  Negotiation negotiation;
  auto init = sender(Kind::video);
  init.sender.stream_ids = {"a b"};
  EXPECT_EQ(negotiation.add_transceiver(init).error(), petrel::Errc::invalid_argument);
  init = sender(Kind::video);
  init.codecs = {opus()};
  EXPECT_EQ(negotiation.add_transceiver(init).error(), petrel::Errc::invalid_argument);
  init.codecs = {h264({"42e01f\r\na=x", 1})};
  EXPECT_EQ(negotiation.add_transceiver(init).error(), petrel::Errc::invalid_argument);

  const auto id = negotiation.add_transceiver(sender(Kind::video)).value();
  EXPECT_EQ(negotiation.set_codecs(id, {}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(negotiation.set_sender(id, {{"\n"}, "", {}, {}}).error(), petrel::Errc::invalid_argument);
}

TEST(Negotiation, ForgetsAStoppedTransceiverWithoutAnMLine) {
  Negotiation negotiation;
  const auto id = negotiation.add_transceiver(sender(Kind::video)).value();
  ASSERT_TRUE(negotiation.stop(id));
  EXPECT_FALSE(negotiation.transceiver(id));
  EXPECT_EQ(negotiation.stop(id).error(), Errc::unknown_transceiver);
  EXPECT_EQ(negotiation.set_direction(id, Direction::inactive).error(), Errc::unknown_transceiver);
  EXPECT_FALSE(negotiation.negotiation_needed());
}

TEST(Negotiation, HasALimitOfTransceivers) {
  Negotiation negotiation;
  for (std::size_t i = 0; i < Negotiation::max_media_lines; ++i) {
    ASSERT_TRUE(negotiation.add_transceiver(sender(Kind::video)));
  }
  EXPECT_EQ(negotiation.add_transceiver(sender(Kind::video)).error(), Errc::too_many_transceivers);
}

TEST(Negotiation, OfAsManyMLinesAsThereMayBeAgrees) {
  Negotiation a;
  Negotiation b;
  for (std::size_t i = 0; i < Negotiation::max_media_lines; ++i) {
    ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
    ASSERT_TRUE(b.add_transceiver(sender(Kind::video, Direction::send_recv)));
  }
  EXPECT_EQ(exchange(a, b).offerer.media.size(), Negotiation::max_media_lines);
}

TEST(Negotiation, RefusesAMegabyteByName) {
  Negotiation negotiation;
  std::string text = description({Line{}});
  while (text.size() < 1'000'000) text += "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
  EXPECT_EQ(negotiation.set_remote_description(offer(text)).error(), sdp::Errc::too_long);
  EXPECT_NE(negotiation.detail().find("at most 262144"), std::string::npos);
}

TEST(Negotiation, SurvivesEveryTruncationOfABrowsersOffer) {
  const std::string text = captured("firefox_max_bundle_offer");
  for (std::size_t size = 0; size < text.size(); ++size) {
    Negotiation negotiation;
    if (!negotiation.set_remote_description(offer(text.substr(0, size)))) {
      EXPECT_EQ(negotiation.state(), SignalingState::stable);
      EXPECT_FALSE(negotiation.detail().empty()) << size;
      continue;
    }
    ASSERT_TRUE(negotiation.create_answer(transport())) << size;
    EXPECT_TRUE(negotiation.set_local_description(answer(""))) << size;
  }
}

TEST(Negotiation, SpeaksOfItsStates) {
  EXPECT_EQ(to_string(SignalingState::have_local_pranswer), "have-local-pranswer");
  EXPECT_EQ(to_string(SdpType::rollback), "rollback");
}

}  // namespace
}  // namespace petrel::jsep
