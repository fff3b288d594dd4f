#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"
#include "petrel/base/base64.hpp"
#include "petrel/peer/jsep.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

struct Answered {
  Changes offered;
  std::string text;
  Changes agreed;
};

Answered answer_to(Negotiation& negotiation, const std::string& text) {
  Answered result;
  result.offered = negotiation.set_remote_description(offer(text)).value();
  result.text = negotiation.create_answer(transport()).value().sdp;
  result.agreed = negotiation.set_local_description(answer("")).value();
  return result;
}

Line data_line(std::string mid = "d") {
  Line line;
  line.mid = std::move(mid);
  line.media = "application 9 UDP/DTLS/SCTP webrtc-datachannel";
  line.codecs = "a=sctp-port:5000\na=max-message-size:262144\n";
  return line;
}

Line legacy_line(std::string mid = "d") {
  Line line = data_line(std::move(mid));
  line.media = "application 9 DTLS/SCTP 5000";
  line.codecs = "a=sctpmap:5000 webrtc-datachannel 65535\na=max-message-size:65536\n";
  return line;
}

Negotiation with_data_channels(NegotiationConfig config = {}) {
  Negotiation negotiation(std::move(config));
  negotiation.add_data_channels();
  return negotiation;
}

TEST(JsepDataChannels, AloneAreOfferedLikeThisToTheLine) {
  Negotiation negotiation = with_data_channels({.session_id = 7});
  auto local = transport();
  local.candidates = {"candidate:1 1 udp 1 192.0.2.9 9 typ host"};

  EXPECT_EQ(negotiation.create_offer(local).value().sdp,
            "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
            "a=ice-options:trickle ice2\r\na=msid-semantic: WMS *\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
            "a=ice-ufrag:ours\r\na=ice-pwd:ourPasswordIsTwentyTwoL\r\na=fingerprint:sha-256 AA:BB\r\n"
            "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
            "a=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\n");
}

TEST(JsepDataChannels, AreAnsweredToABrowserLikeThisToTheLine) {
  Negotiation negotiation({.session_id = 7, .max_message_size = 100'000});

  const auto result = answer_to(negotiation, captured("chromium_data_offer"));

  EXPECT_EQ(result.text,
            "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
            "a=ice-options:trickle ice2\r\na=msid-semantic: WMS *\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
            "a=ice-ufrag:ours\r\na=ice-pwd:ourPasswordIsTwentyTwoL\r\na=fingerprint:sha-256 AA:BB\r\n"
            "a=setup:active\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:100000\r\n");
  ASSERT_TRUE(result.agreed.data_channels);
  EXPECT_TRUE(result.agreed.data_channels->accepted);
  EXPECT_EQ(result.agreed.data_channels->mid, "0");
  EXPECT_EQ(result.agreed.data_channels->sctp_port, 5000);
  EXPECT_EQ(result.agreed.data_channels->max_message_size, 262144U);
  EXPECT_EQ(result.agreed.transport->role, DtlsRole::client);
  EXPECT_EQ(result.agreed.transport->ice_ufrag, "wDhk");
  EXPECT_TRUE(result.agreed.media.empty());
  EXPECT_FALSE(negotiation.negotiation_needed());
}

TEST(JsepDataChannels, OfFirefoxKeepItsOwnLimit) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, captured("firefox_data_offer"));
  EXPECT_TRUE(result.agreed.data_channels->accepted);
  EXPECT_EQ(result.agreed.data_channels->max_message_size, 1'073'741'823U);
}

TEST(JsepDataChannels, OfACallAreBundledWithItsMedia) {
  for (const char* name : {"chromium_call_offer", "firefox_call_offer"}) {
    Negotiation negotiation;
    const auto result = answer_to(negotiation, captured(name));
    const sdp::Session session = parsed(result.text);

    EXPECT_EQ(sdp::value_of(session.attributes, "group"), "BUNDLE 0 1 2") << name;
    ASSERT_EQ(session.media.size(), 3U) << name;
    EXPECT_EQ(session.media[2].port, 9) << name;
    EXPECT_EQ(result.agreed.media.size(), 2U) << name;
    EXPECT_EQ(result.agreed.data_channels->media_line, 2U) << name;
    EXPECT_TRUE(result.agreed.data_channels->accepted) << name;
  }
}

// RFC 9429 7.2: the first offer has sound, picture and data; data comes last.
TEST(JsepDataChannels, ComeAfterTheMediaOfTheFirstOffer) {
  Negotiation a = with_data_channels();
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));

  const auto result = exchange(a, b);

  const auto session = parsed(result.offer);
  ASSERT_EQ(session.media.size(), 3U);
  EXPECT_EQ(session.media[2].media, "application");
  EXPECT_EQ(sdp::value_of(session.attributes, "group"), "BUNDLE 0 1 2");
  EXPECT_TRUE(result.offerer.data_channels->accepted);
  EXPECT_TRUE(result.answerer.data_channels->accepted);
  EXPECT_EQ(result.offerer.transport->mid, "0");
}

// RFC 9429 7.1 the other way round: data first, media by a later offer.
TEST(JsepDataChannels, KeepTheirPlaceWhenMediaJoins) {
  Negotiation a = with_data_channels();
  Negotiation b;
  const auto first = exchange(a, b);
  ASSERT_TRUE(b.add_transceiver(sender(Kind::video)));
  ASSERT_TRUE(b.negotiation_needed());

  const auto second = exchange(b, a, "bbbb", "aaaa");

  const auto session = parsed(second.offer);
  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[0].media, "application");
  EXPECT_EQ(session.media[0].formats, parsed(first.offer).media[0].formats);
  EXPECT_EQ(second.offerer.transport->mid, "0");
  EXPECT_TRUE(second.offerer.data_channels->accepted);
  EXPECT_TRUE(second.offerer.media.at(0).accepted);
  EXPECT_FALSE(second.offerer.transport->restarted);
}

TEST(JsepDataChannels, JoinACallByALaterOffer) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  exchange(a, b);
  EXPECT_FALSE(b.negotiation_needed());
  b.add_data_channels();
  EXPECT_TRUE(b.negotiation_needed());

  const auto second = exchange(b, a);

  EXPECT_EQ(parsed(second.offer).media[1].media, "application");
  EXPECT_TRUE(second.answerer.data_channels->accepted);
  EXPECT_FALSE(b.negotiation_needed());
  EXPECT_FALSE(a.negotiation_needed());
}

TEST(JsepDataChannels, AreOfferedFirstWhereTheyAlwaysAre) {
  Negotiation a({.always_negotiate_data_channels = true});
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  const auto session = parsed(a.create_offer(transport()).value().sdp);

  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[0].media, "application");

  Negotiation idle({.always_negotiate_data_channels = true});
  EXPECT_FALSE(idle.negotiation_needed()) << "a wish about the first offer, no reason to make one";
}

TEST(JsepDataChannels, OfAiortcAreAnsweredInItsOwnForm) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({audio_line("0"), legacy_line("1")}));

  EXPECT_NE(result.text.find("m=application 9 DTLS/SCTP 5000\r\n"), std::string::npos);
  EXPECT_NE(result.text.find("a=mid:1\r\na=sctpmap:5000 webrtc-datachannel 65535\r\na=max-message-size:"),
            std::string::npos);
  EXPECT_EQ(result.text.find("a=sctp-port"), std::string::npos);
  EXPECT_TRUE(result.agreed.data_channels->accepted);
  EXPECT_EQ(result.agreed.data_channels->max_message_size, 65536U);

  const auto again = parsed(negotiation.create_offer(transport()).value().sdp);
  EXPECT_EQ(again.media[1].protocol, "DTLS/SCTP") << "the form stays for as long as the place does";
  EXPECT_EQ(again.media[1].formats, std::vector<std::string>{"5000"});
}

TEST(JsepDataChannels, ReadPortAndLimitByTheirDefaults) {
  struct Row {
    std::string media;
    std::string attributes;
    std::uint16_t port;
    std::uint64_t limit;
  };
  const std::string plain = "application 9 UDP/DTLS/SCTP webrtc-datachannel";
  const Row table[] = {
      {plain, "a=sctp-port:5001\n", 5001, 65536},
      {plain, "a=sctp-port:5000\na=max-message-size:0\n", 5000, 0},
      {plain, "", 5000, 65536},
      {"application 9 TCP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:7\n", 7, 65536},
      {"application 9 DTLS/SCTP 5003", "a=sctpmap:5003 webrtc-datachannel\n", 5003, 65536},
      {"application 9 DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000\n", 5000, 65536},
  };
  for (const Row& row : table) {
    Line line = data_line();
    line.media = row.media;
    line.codecs = row.attributes;
    Negotiation negotiation;
    const auto result = answer_to(negotiation, description({line}));
    ASSERT_TRUE(result.agreed.data_channels) << line.text();
    EXPECT_TRUE(result.agreed.data_channels->accepted) << result.agreed.data_channels->detail;
    EXPECT_EQ(result.agreed.data_channels->sctp_port, row.port) << line.text();
    EXPECT_EQ(result.agreed.data_channels->max_message_size, row.limit) << line.text();
  }
}

TEST(JsepDataChannels, AreRefusedByNameWhereTheyCannotBe) {
  struct Row {
    std::string media;
    std::string attributes;
    Errc reason;
    std::string detail;
    bool known;  // As an m-line for data channels.
  };
  const Row table[] = {
      {"application 9 UDP/DTLS/SCTP other", "a=sctp-port:5000\n", Errc::unsupported_media,
       "m-line 0 (application, mid d): not for the application webrtc-datachannel", false},
      {"application 9 DTLS/SCTP 5000", "a=sctpmap:5000 other\n", Errc::unsupported_media,
       "m-line 0 (application, mid d): not for the application webrtc-datachannel", false},
      {"application 9 UDP/BFCP *", "", Errc::unsupported_media,
       "m-line 0 (application, mid d): not for the application webrtc-datachannel", false},
      {"application 9 UDP/TLS/RTP/SAVPF webrtc-datachannel", "a=sctp-port:5000\n", Errc::unsupported_protocol,
       "m-line 0 (application, mid d): UDP/TLS/RTP/SAVPF is not SCTP over DTLS", true},
      {"application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:0\n", Errc::rejected_by_peer,
       "m-line 0 (application, mid d): a=sctp-port:0", true},
      {"text 9 UDP/TLS/RTP/SAVPF 99", "", Errc::unsupported_media,
       "m-line 0 (text, mid d): neither audio nor video nor data", false},
  };
  for (const Row& row : table) {
    Line line = data_line();
    line.media = row.media;
    line.codecs = row.attributes;
    Negotiation negotiation;
    const auto result = answer_to(negotiation, description({line, {.mid = "v"}}));
    EXPECT_EQ(parsed(result.text).media[0].port, 0) << row.detail;
    EXPECT_EQ(sdp::value_of(parsed(result.text).attributes, "group"), "BUNDLE v") << row.detail;
    for (const Changes* changes : {&result.offered, &result.agreed}) {
      if (row.known) {
        ASSERT_TRUE(changes->data_channels) << row.detail;
        EXPECT_FALSE(changes->data_channels->accepted) << row.detail;
        EXPECT_EQ(changes->data_channels->reason, row.reason) << row.detail;
        EXPECT_EQ(changes->data_channels->detail, row.detail);
      } else {
        EXPECT_FALSE(changes->data_channels) << row.detail;
        ASSERT_EQ(changes->refused.size(), 1U) << row.detail;
        EXPECT_EQ(changes->refused[0].reason, row.reason) << row.detail;
        EXPECT_EQ(changes->refused[0].detail, row.detail);
      }
    }
    EXPECT_FALSE(negotiation.negotiation_needed()) << row.detail;
  }
}

TEST(JsepDataChannels, HaveOneMLineAndASecondIsRefusedByName) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({data_line("a"), data_line("b"), {.mid = "v"}}));

  const auto session = parsed(result.text);
  EXPECT_EQ(session.media[0].port, 9);
  EXPECT_EQ(session.media[1].port, 0);
  EXPECT_EQ(sdp::value_of(session.attributes, "group"), "BUNDLE a v");
  EXPECT_EQ(result.agreed.data_channels->mid, "a");
  ASSERT_EQ(result.agreed.refused.size(), 1U);
  EXPECT_EQ(result.agreed.refused[0].reason, Errc::second_data_section);
  EXPECT_EQ(result.agreed.refused[0].detail,
            "m-line 1 (application, mid b): another m-line carries the data channels already");
}

TEST(JsepDataChannels, StayOnTheirMLineWhereAnEarlierPlaceIsOfferedAgain) {
  Negotiation negotiation;
  Line gone;
  gone.mid = "v";
  gone.media = "video 0 UDP/TLS/RTP/SAVPF 96";
  answer_to(negotiation, description({gone, data_line("d")}, " d"));

  const auto again = answer_to(negotiation, description({data_line("e"), data_line("d")}));

  EXPECT_EQ(again.agreed.data_channels->mid, "d");
  EXPECT_TRUE(again.agreed.data_channels->accepted);
  EXPECT_EQ(again.agreed.refused.at(0).reason, Errc::second_data_section);
}

TEST(JsepDataChannels, AcceptAnMLineInAnyOrderAndInAnyOrderOfTheGroup) {
  for (const char* group : {" a d v", " d a v", " v d a", " a v d"}) {
    const std::vector<std::vector<Line>> orders = {{data_line(), audio_line("a"), {.mid = "v"}},
                                                   {audio_line("a"), data_line(), {.mid = "v"}},
                                                   {audio_line("a"), {.mid = "v"}, data_line()}};
    for (const auto& lines : orders) {
      Negotiation negotiation;
      const auto result = answer_to(negotiation, description(lines, group));
      EXPECT_TRUE(result.agreed.data_channels->accepted) << group;
      EXPECT_EQ(result.agreed.media.size(), 2U);
      for (const MediaChange& media : result.agreed.media) EXPECT_TRUE(media.accepted) << media.detail;
      EXPECT_EQ(sdp::value_of(parsed(result.text).attributes, "group"), "BUNDLE" + std::string(group));
      EXPECT_EQ(result.agreed.transport->mid, std::string(1, group[1]));
    }
  }
}

TEST(JsepDataChannels, OnATransportOfTheirOwnAreNotTaken) {
  Negotiation media_first;
  const auto second = answer_to(media_first, description({audio_line("a"), data_line()}, ""));
  EXPECT_FALSE(second.agreed.data_channels->accepted);
  EXPECT_EQ(second.agreed.data_channels->reason, Errc::not_bundled);
  EXPECT_TRUE(second.agreed.media[0].accepted);

  Negotiation data_first;
  const auto first = answer_to(data_first, description({data_line(), audio_line("a")}, ""));
  EXPECT_TRUE(first.agreed.data_channels->accepted);
  EXPECT_EQ(first.agreed.media.at(0).reason, Errc::not_bundled);
}

// An offer of ours with media and data in force, and an answer that fits it.
class OfferedData : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ours_.add_transceiver(sender(Kind::video)));
    ours_.add_data_channels();
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

TEST_F(OfferedData, EndUpNowhereWhereTheAnswerRejectsThem) {
  const std::string rejecting =
      replaced(replaced(answer_, "m=application 9", "m=application 0"), "BUNDLE 0 1", "BUNDLE 0");
  const auto changes = ours_.set_remote_description(answer(rejecting));

  ASSERT_TRUE(changes) << ours_.detail();
  ASSERT_TRUE(changes->data_channels);
  EXPECT_FALSE(changes->data_channels->accepted);
  EXPECT_EQ(changes->data_channels->reason, Errc::rejected_by_peer);
  EXPECT_EQ(changes->data_channels->detail, "m-line 1 (application, mid 1): rejected by the peer");
  EXPECT_FALSE(ours_.negotiation_needed()) << "the peer has said no";

  ours_.add_data_channels();
  EXPECT_TRUE(ours_.negotiation_needed()) << "and may be asked again";
  const auto session = parsed(ours_.create_offer(transport()).value().sdp);
  ASSERT_EQ(session.media.size(), 2U) << "on the place that is free now";
  EXPECT_EQ(session.media[1].media, "application");
  EXPECT_EQ(session.media[1].port, 9);
  EXPECT_EQ(sdp::value_of(session.media[1].attributes, "mid"), "2");
}

TEST_F(OfferedData, AreTakenOffAnMLineThatTheAnswerDoesNotBundle) {
  const auto changes = ours_.set_remote_description(answer(replaced(answer_, "BUNDLE 0 1", "BUNDLE 0")));

  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_EQ(changes->data_channels->reason, Errc::not_bundled);
  EXPECT_TRUE(ours_.negotiation_needed());
  const auto session = parsed(ours_.create_offer(transport()).value().sdp);
  EXPECT_EQ(session.media[1].media, "application");
  EXPECT_EQ(session.media[1].port, 0);
}

TEST_F(OfferedData, WantNoAssociationWhereTheAnswerHasPortZero) {
  const auto changes =
      ours_.set_remote_description(answer(replaced(answer_, "a=sctp-port:5000", "a=sctp-port:0")));
  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_EQ(changes->data_channels->detail, "m-line 1 (application, mid 1): a=sctp-port:0");
  EXPECT_TRUE(ours_.negotiation_needed()) << "our side of the m-line is still to be rejected";
}

TEST_F(OfferedData, AreRefusedInAnAnswerOfAnotherKind) {
  struct Row {
    std::string text;
    std::string detail;
  };
  const Row table[] = {
      {replaced(answer_, "m=application 9 UDP/DTLS/SCTP", "m=application 9 UDP/BFCP"),
       "m-line 1 (application, mid 1): answered over UDP/BFCP"},
      {replaced(answer_, "m=application 9", "m=video 9"), "m-line 1 (application, mid 1): answered as video"},
      {replaced(answer_, "SCTP webrtc-datachannel", "SCTP other"),
       "m-line 1 (application, mid 1): answered for another application"},
  };
  for (const Row& row : table) {
    const auto changes = ours_.set_remote_description(answer(row.text));
    ASSERT_FALSE(changes) << row.detail;
    EXPECT_EQ(changes.error(), Errc::answer_does_not_match_offer) << row.detail;
    EXPECT_EQ(ours_.detail(), row.detail);
  }
  EXPECT_TRUE(ours_.set_remote_description(answer(answer_)));
}

TEST_F(OfferedData, MayBeAnsweredInTheFormBeforeTheRfc) {
  const std::string legacy = replaced(replaced(answer_, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5002"),
                                      "a=sctp-port:5000", "a=sctpmap:5002 webrtc-datachannel 1024");
  const auto changes = ours_.set_remote_description(answer(legacy));
  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_TRUE(changes->data_channels->accepted);
  EXPECT_EQ(changes->data_channels->sctp_port, 5002);
}

TEST_F(OfferedData, AreOfferedAgainAfterARollback) {
  ASSERT_TRUE(ours_.rollback());
  EXPECT_TRUE(ours_.negotiation_needed());
  EXPECT_EQ(parsed(ours_.create_offer(transport()).value().sdp).media[1].media, "application");
}

TEST_F(OfferedData, MoveToThePeersMLineWhereItsOfferCrossesOurs) {
  const auto changes = ours_.set_remote_description(offer(captured("chromium_data_offer")));
  ASSERT_TRUE(changes) << ours_.detail();
  EXPECT_TRUE(changes->rolled_back);
  EXPECT_EQ(changes->data_channels->mid, "0");
  ASSERT_TRUE(ours_.create_answer(transport()));
  ASSERT_TRUE(ours_.set_local_description(answer("")));

  const auto session = parsed(ours_.create_offer(transport()).value().sdp);
  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[0].media, "application");
  EXPECT_EQ(session.media[1].media, "video");
}

TEST(JsepDataChannels, AreForgottenWithARemoteOfferThatIsRolledBack) {
  Negotiation negotiation;
  ASSERT_TRUE(negotiation.set_remote_description(offer(captured("chromium_data_offer"))));
  ASSERT_TRUE(negotiation.rollback());
  ASSERT_TRUE(negotiation.add_transceiver(sender(Kind::video)));

  const auto session = parsed(negotiation.create_offer(transport()).value().sdp);
  ASSERT_EQ(session.media.size(), 1U);
  EXPECT_EQ(session.media[0].media, "video");
}

TEST(JsepDataChannels, AreGoneWhenThePeerTakesTheirMLineAway) {
  Negotiation negotiation;
  negotiation.add_data_channels();
  answer_to(negotiation, description({audio_line("a"), data_line("d")}));
  Line gone = data_line("d");
  gone.media = "application 0 UDP/DTLS/SCTP webrtc-datachannel";

  const auto removed = answer_to(negotiation, description({audio_line("a"), gone}, " a"));
  EXPECT_FALSE(removed.agreed.data_channels);
  EXPECT_EQ(parsed(removed.text).media[1].port, 0);
  EXPECT_FALSE(negotiation.negotiation_needed());

  // RFC 9429 5.2.2: the place may be used again, by data channels too.
  const auto back = answer_to(negotiation, description({audio_line("a"), data_line("e")}));
  EXPECT_TRUE(back.agreed.data_channels->accepted);
  EXPECT_EQ(back.agreed.data_channels->mid, "e");
  EXPECT_EQ(back.agreed.data_channels->media_line, 1U);
}

TEST(JsepDataChannels, GiveTheirPlaceToMediaOnceTheyWereRejected) {
  Negotiation a = with_data_channels();
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  const std::string offered = a.create_offer(transport()).value().sdp;
  ASSERT_TRUE(a.set_local_description(offer(offered)));
  ASSERT_TRUE(b.set_remote_description(offer(offered)));
  const std::string answered = b.create_answer(transport("them")).value().sdp;
  ASSERT_TRUE(a.set_remote_description(
      answer(replaced(replaced(answered, "m=application 9", "m=application 0"), "BUNDLE 0 1", "BUNDLE 0"))));
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));

  const auto session = parsed(a.create_offer(transport()).value().sdp);

  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[1].media, "video");
}

TEST(JsepDataChannels, WithoutAMidAreAnsweredWithoutOne) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({data_line("")}, ""));
  EXPECT_EQ(result.text.find("a=mid"), std::string::npos);
  EXPECT_TRUE(result.agreed.data_channels->accepted);
  EXPECT_FALSE(result.agreed.data_channels->mid.empty());
}

// draft-hancke-tsvwg-snap, at the end of the application's m-line.
const std::vector<std::byte> our_init(20, std::byte{1});
const std::vector<std::byte> their_init(24, std::byte{2});

LocalTransport with_init(std::vector<std::byte> init) {
  LocalTransport local = transport();
  local.sctp_init = std::move(init);
  return local;
}

TEST(JsepSctpInit, IsOfferedAndAgreedOnWhereTheAnswerHasItsOwn) {
  Negotiation negotiation = with_data_channels();
  EXPECT_TRUE(negotiation.has_place_for_sctp_init());
  const std::string offered = negotiation.create_offer(with_init(our_init)).value().sdp;
  EXPECT_NE(offered.find("a=sctp-port:5000\r\na=sctp-init:" + base64_encode(our_init) + "\r\n"),
            std::string::npos);
  negotiation.set_local_description(offer("")).value();

  Line line = data_line("0");
  line.setup = "active";
  line.codecs += "a=sctp-init:" + base64_encode(their_init) + "\n";
  const Changes agreed = negotiation.set_remote_description(answer(description({line}))).value();
  EXPECT_EQ(agreed.data_channels->sctp_init, their_init);
}

TEST(JsepSctpInit, IsAnsweredToOneThatWasOfferedOnly) {
  for (const bool offered : {true, false}) {
    Negotiation negotiation;
    EXPECT_FALSE(negotiation.has_place_for_sctp_init());
    Line line = data_line();
    if (offered) line.codecs += "a=sctp-init:" + base64_encode(their_init) + "\n";
    ASSERT_TRUE(negotiation.set_remote_description(offer(description({line}))));
    EXPECT_EQ(negotiation.has_place_for_sctp_init(), offered);
    const std::string text = negotiation.create_answer(with_init(our_init)).value().sdp;
    EXPECT_EQ(text.find("a=sctp-init:" + base64_encode(our_init) + "\r\n") != std::string::npos, offered);
    const Changes agreed = negotiation.set_local_description(answer("")).value();
    EXPECT_EQ(agreed.data_channels->sctp_init, offered ? their_init : std::vector<std::byte>());
  }
}

TEST(JsepSctpInit, OfOneSideAloneIsNotAgreedOn) {
  Negotiation answering;
  Line line = data_line();
  line.codecs += "a=sctp-init:" + base64_encode(their_init) + "\n";
  ASSERT_TRUE(answering.set_remote_description(offer(description({line}))));
  ASSERT_EQ(answering.create_answer(transport()).value().sdp.find("sctp-init"), std::string::npos);
  EXPECT_TRUE(answering.set_local_description(answer("")).value().data_channels->sctp_init.empty());

  Negotiation offering = with_data_channels();
  ASSERT_TRUE(offering.create_offer(transport()));
  ASSERT_TRUE(offering.set_local_description(offer("")));
  line.mid = "0";
  line.setup = "active";
  const Changes agreed = offering.set_remote_description(answer(description({line}))).value();
  EXPECT_TRUE(agreed.data_channels->accepted);
  EXPECT_TRUE(agreed.data_channels->sctp_init.empty());
}

TEST(JsepSctpInit, ThatNobodyCanReadIsAsNone) {
  for (const char* broken : {"a=sctp-init\n", "a=sctp-init:\n", "a=sctp-init:A\n", "a=sctp-init:!!!!\n"}) {
    Negotiation negotiation;
    Line line = data_line();
    line.codecs += broken;
    const auto result = answer_to(negotiation, description({line}));
    EXPECT_EQ(result.text.find("sctp-init"), std::string::npos);
    EXPECT_TRUE(result.agreed.data_channels->accepted);
  }
}

}  // namespace
}  // namespace petrel::jsep
