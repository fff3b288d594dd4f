#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"
#include "petrel/peer/jsep.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

// An offer of ours with sound and picture, in force, and an answer that fits it.
class OfferedCall : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ours_.add_transceiver(sender(Kind::audio, Direction::send_recv)));
    ASSERT_TRUE(ours_.add_transceiver(sender(Kind::video, Direction::send_recv)));
    offer_ = ours_.create_offer(transport()).value().sdp;
    ASSERT_TRUE(ours_.set_local_description({SdpType::offer, offer_}));
    ASSERT_TRUE(theirs_.set_remote_description({SdpType::offer, offer_}));
    answer_ = theirs_.create_answer(transport("them")).value().sdp;
  }

  Negotiation ours_;
  Negotiation theirs_;
  std::string offer_;
  std::string answer_;
};

TEST_F(OfferedCall, IsAgreedOnByAFittingAnswer) {
  const auto changes = ours_.set_remote_description(answer(answer_));

  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_EQ(changes->state, SignalingState::stable);
  EXPECT_EQ(changes->transport->role, DtlsRole::server);
  EXPECT_EQ(changes->transport->ice_ufrag, "them");
  EXPECT_FALSE(changes->transport->restarted);
  ASSERT_EQ(changes->media.size(), 2U);
  EXPECT_EQ(changes->media[1].send_codecs.at(0).codec.name, "H264");
  EXPECT_EQ(changes->media[1].direction, Direction::send_only);  // The other side only receives.
}

TEST_F(OfferedCall, RefusesAnAnswerThatDoesNotMatch) {
  struct Row {
    std::string text;
    std::error_code error;
    std::string detail;
  };
  const std::string video = answer_.substr(answer_.find("m=video"));
  const Row table[] = {
      {answer_.substr(0, answer_.find("m=video")), Errc::malformed_description,
       "a=group:BUNDLE names the mid 1, which no m-line has"},
      {replaced(answer_.substr(0, answer_.find("m=video")), "BUNDLE 0 1", "BUNDLE 0"),
       Errc::answer_does_not_match_offer, "1 m-lines answer 2"},
      {replaced(answer_, "m=video 9", "m=audio 9"), Errc::answer_does_not_match_offer,
       "m-line 1 (video, mid 1): answered as audio"},
      {replaced(replaced(answer_, "a=mid:1", "a=mid:9"), "BUNDLE 0 1", "BUNDLE 0 9"),
       Errc::answer_does_not_match_offer, "m-line 1 (video, mid 1): answered with the mid 9"},
      {replaced(answer_, "m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP"),
       Errc::answer_does_not_match_offer, "m-line 1 (video, mid 1): answered over RTP/AVP"},
      {replaced_all(answer_, "a=rtcp-mux\r\n", ""), Errc::rtcp_mux_required,
       "m-line 0 (audio, mid 0): the answer has no a=rtcp-mux"},
      {replaced(answer_, "opus/48000/2", "silk/48000/2"), Errc::no_common_codec,
       "m-line 0 (audio, mid 0): no common codec; ours: opus/48000/2; theirs: silk/48000/2"},
      {replaced_all(answer_, "a=setup:active", "a=setup:actpass"), Errc::invalid_setup,
       "m-line 0 (audio, mid 0): a=setup:actpass in an answer"},
      {replaced_all(answer_, "a=setup:active", "a=setup:holdconn"), Errc::invalid_setup,
       "m-line 0 (audio, mid 0): a=setup:holdconn"},
      {replaced_all(answer_, "a=ice-ufrag:them\r\n", ""), Errc::missing_ice_credentials,
       "m-line 0 (audio, mid 0): no a=ice-ufrag and a=ice-pwd"},
      {replaced_all(answer_, "a=fingerprint:sha-256 AA:BB\r\n", ""), Errc::missing_fingerprint,
       "m-line 0 (audio, mid 0): no a=fingerprint"},
      {replaced(answer_, "a=rtpmap:", "a=rtpmap:x"), sdp::Errc::malformed_attribute,
       "line 21, column 10: a=rtpmap: not a payload type, an encoding and a clock rate"},
      {replaced(answer_, "a=mid:1", "a=mid:0"), Errc::malformed_description, "two m-lines have the mid 0"},
      {"", sdp::Errc::missing_line, "line 0, column 0: it is empty"},
  };
  for (const Row& row : table) {
    const auto changes = ours_.set_remote_description(answer(row.text));
    ASSERT_FALSE(changes) << row.detail;
    EXPECT_EQ(changes.error(), row.error) << row.detail << " but: " << ours_.detail();
    EXPECT_EQ(ours_.detail(), row.detail);
    EXPECT_EQ(ours_.state(), SignalingState::have_local_offer);
  }
  EXPECT_TRUE(ours_.set_remote_description(answer(answer_))) << "a refused answer must change nothing";
}

TEST_F(OfferedCall, StopsWhatTheAnswerRejects) {
  const std::string rejecting =
      replaced(replaced(answer_, "m=video 9", "m=video 0"), "BUNDLE 0 1", "BUNDLE 0");
  const auto changes = ours_.set_remote_description(answer(rejecting));

  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_TRUE(changes->media[0].accepted);
  EXPECT_FALSE(changes->media[1].accepted);
  EXPECT_EQ(changes->media[1].reason, Errc::rejected_by_peer);
  EXPECT_EQ(changes->stopped, std::vector{changes->media[1].transceiver});
  EXPECT_EQ(ours_.transceivers().size(), 1U);
}

TEST_F(OfferedCall, KeepsOneTransportOfAPeerThatDoesNotBundle) {
  const auto changes = ours_.set_remote_description(answer(replaced(answer_, "a=group:BUNDLE 0 1\r\n", "")));

  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_TRUE(changes->media[0].accepted);
  EXPECT_FALSE(changes->media[1].accepted);
  EXPECT_EQ(changes->media[1].reason, Errc::not_bundled);
  EXPECT_TRUE(ours_.negotiation_needed());
  EXPECT_EQ(parsed(ours_.create_offer(transport()).value().sdp).media[1].port, 0);
}

TEST_F(OfferedCall, GoesOnFromAProvisionalAnswer) {
  const auto early = ours_.set_remote_description({SdpType::pranswer, answer_});
  ASSERT_TRUE(early);
  EXPECT_EQ(early->state, SignalingState::have_remote_pranswer);
  EXPECT_TRUE(early->negotiated);
  EXPECT_EQ(ours_.rollback().error(), Errc::wrong_signaling_state);

  const auto final = ours_.set_remote_description(answer(answer_));
  ASSERT_TRUE(final);
  EXPECT_EQ(final->state, SignalingState::stable);
  EXPECT_TRUE(ours_.current_remote_description());
  EXPECT_FALSE(ours_.pending_remote_description());
}

TEST_F(OfferedCall, IsTakenBackByARollback) {
  const auto changes = ours_.rollback();

  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->rolled_back);
  EXPECT_EQ(ours_.state(), SignalingState::stable);
  EXPECT_FALSE(ours_.local_description());
  EXPECT_EQ(ours_.transceivers().size(), 2U);
  EXPECT_EQ(ours_.transceivers()[0].mid, std::nullopt);
  EXPECT_EQ(ours_.rollback().error(), Errc::wrong_signaling_state);
}

TEST_F(OfferedCall, GivesWayToAnOfferThatCrossesIt) {
  const auto changes = ours_.set_remote_description(offer(captured("chromium_call_offer")));

  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_TRUE(changes->rolled_back);
  EXPECT_EQ(changes->state, SignalingState::have_remote_offer);
  EXPECT_TRUE(changes->created.empty()) << "ours fit the peer's m-lines";
  EXPECT_FALSE(ours_.pending_local_description());
  EXPECT_EQ(ours_.set_local_description({SdpType::offer, offer_}).error(), Errc::wrong_signaling_state);
}

TEST_F(OfferedCall, StandsWhereTheCrossingOfferIsNoOffer) {
  EXPECT_FALSE(ours_.set_remote_description(offer("v=0\r\n")));
  EXPECT_EQ(ours_.state(), SignalingState::have_local_offer);
  EXPECT_TRUE(ours_.set_remote_description(answer(answer_)));
}

TEST(Rollback, RemovesTransceiversThatOnlyTheOfferMade) {
  Negotiation negotiation;
  const auto offered = negotiation.set_remote_description(offer(captured("chromium_call_offer")));
  ASSERT_TRUE(offered);
  ASSERT_EQ(offered->created.size(), 2U);

  const auto changes = negotiation.set_remote_description({SdpType::rollback, ""});

  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->removed, offered->created);
  EXPECT_TRUE(negotiation.transceivers().empty());
  EXPECT_FALSE(negotiation.remote_description());
}

TEST(Rollback, ReturnsToTheLastAgreement) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  exchange(a, b);
  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  ASSERT_TRUE(a.create_offer(transport("aaaa")));
  ASSERT_TRUE(a.set_local_description({SdpType::offer, ""}));
  ASSERT_EQ(a.transceivers()[1].mid, "1");

  ASSERT_TRUE(a.rollback());

  EXPECT_EQ(a.transceivers()[0].mid, "0");
  EXPECT_EQ(a.transceivers()[0].current_direction, Direction::send_only);
  EXPECT_EQ(a.transceivers()[1].mid, std::nullopt);
  EXPECT_TRUE(a.negotiation_needed());
}

TEST(Apply, AllowsEachTypeInItsStatesOnly) {
  // Rows: state; columns: local offer, pranswer, answer, rollback, then remote ones.
  using enum SignalingState;
  struct Row {
    SignalingState state;
    bool local[4];
    bool remote[4];
  };
  const Row table[] = {
      {stable, {true, false, false, false}, {true, false, false, false}},
      {have_local_offer, {true, false, false, true}, {true, true, true, true}},
      {have_remote_offer, {false, true, true, true}, {true, false, false, true}},
      {have_local_pranswer, {false, true, true, false}, {false, false, false, false}},
      {have_remote_pranswer, {false, false, false, false}, {false, true, true, false}},
  };
  const SdpType types[] = {SdpType::offer, SdpType::pranswer, SdpType::answer, SdpType::rollback};
  const auto reach = [](Negotiation& negotiation, SignalingState state) {
    static_cast<void>(negotiation.add_transceiver(sender(Kind::video)).value());
    const std::string plain = description({Line{}});
    if (state == have_local_offer || state == have_remote_pranswer) {
      static_cast<void>(negotiation.create_offer(transport()).value());
      static_cast<void>(negotiation.set_local_description({SdpType::offer, ""}).value());
    }
    if (state == have_remote_offer || state == have_local_pranswer) {
      static_cast<void>(negotiation.set_remote_description(offer(plain)).value());
    }
    if (state == have_local_pranswer) {
      static_cast<void>(negotiation.create_answer(transport()).value());
      static_cast<void>(negotiation.set_local_description({SdpType::pranswer, ""}).value());
    }
    if (state == have_remote_pranswer) {
      static_cast<void>(
          negotiation.set_remote_description({SdpType::pranswer, description({{.setup = "active"}})})
              .value());
    }
    ASSERT_EQ(negotiation.state(), state);
  };
  for (const Row& row : table) {
    for (std::size_t type = 0; type < 4; ++type) {
      Negotiation local;
      reach(local, row.state);
      const bool answers = types[type] == SdpType::answer || types[type] == SdpType::pranswer;
      if (row.local[type] && types[type] == SdpType::offer) {
        ASSERT_TRUE(local.create_offer(transport()));
      }
      if (row.local[type] && answers) {
        ASSERT_TRUE(local.create_answer(transport()));
      }
      const auto set = local.set_local_description({types[type], ""});
      EXPECT_EQ(set.has_value(), row.local[type])
          << to_string(row.state) << " local " << to_string(types[type]);
      if (!set) {
        EXPECT_EQ(set.error(), Errc::wrong_signaling_state);
      }

      Negotiation remote;
      reach(remote, row.state);
      const auto heard = remote.set_remote_description(
          {types[type], description({{.setup = answers ? "active" : "actpass"}})});
      EXPECT_EQ(heard.has_value(), row.remote[type])
          << to_string(row.state) << " remote " << to_string(types[type]);
      if (!heard) {
        EXPECT_EQ(heard.error(), Errc::wrong_signaling_state);
      }
    }
  }
}

TEST(Apply, TakesOnlyTheLocalTextThatWasCreated) {
  Negotiation negotiation;
  EXPECT_EQ(negotiation.set_local_description({SdpType::offer, ""}).error(), Errc::nothing_created);
  ASSERT_TRUE(negotiation.add_transceiver(sender(Kind::video)));
  const std::string text = negotiation.create_offer(transport()).value().sdp;
  EXPECT_EQ(negotiation.set_local_description({SdpType::offer, text + "a=x\r\n"}).error(),
            Errc::modified_description);
  EXPECT_TRUE(negotiation.set_local_description({SdpType::offer, text}));
}

TEST(Apply, RefusesAnOfferThatDropsOrMovesMLines) {
  Negotiation negotiation;
  ASSERT_TRUE(negotiation.set_remote_description(offer(description({{.mid = "a"}, audio_line("b")}))));
  ASSERT_TRUE(negotiation.create_answer(transport()));
  ASSERT_TRUE(negotiation.set_local_description(answer("")));

  for (const auto& lines :
       {std::vector<Line>{{.mid = "a"}}, {audio_line("b"), {.mid = "a"}}, {audio_line("a"), {.mid = "b"}}}) {
    const auto changes = negotiation.set_remote_description(offer(description(lines)));
    ASSERT_FALSE(changes);
    EXPECT_EQ(changes.error(), Errc::offer_does_not_match_session) << negotiation.detail();
  }
  EXPECT_EQ(negotiation.state(), SignalingState::stable);
}

TEST(Apply, TellsAnIceRestart) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  EXPECT_FALSE(exchange(a, b).answerer.transport->restarted);
  EXPECT_FALSE(exchange(a, b).answerer.transport->restarted);

  const auto restart = exchange(a, b, "new1", "new2");
  EXPECT_TRUE(restart.answerer.transport->restarted);
  EXPECT_TRUE(restart.offerer.transport->restarted);
}

TEST(Apply, RefusesAChangedRoleOfADtlsAssociationThatGoesOn) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  exchange(a, b);
  ASSERT_TRUE(a.create_offer(transport("aaaa")));
  ASSERT_TRUE(a.set_local_description({SdpType::offer, ""}));
  ASSERT_TRUE(b.set_remote_description(*a.local_description()));
  const std::string text = b.create_answer(transport("bbbb")).value().sdp;

  EXPECT_EQ(a.set_remote_description(answer(replaced(text, "setup:active", "setup:passive"))).error(),
            Errc::invalid_setup);
  EXPECT_TRUE(a.set_remote_description(answer(text)));
}

}  // namespace
}  // namespace petrel::jsep
