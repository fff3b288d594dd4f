#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "kvs/session_bench.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {
namespace {

TEST(SessionSocket, OffersAndCandidatesComeInOrder) {
  Bench bench;
  bench.give(candidate_frame("candidate:early", "viewer-1"));
  bench.give(candidate_frame("candidate:other", "viewer-2"));
  EXPECT_EQ(bench.count<Candidate>(), 0U);
  bench.give(offer_frame("v=0", "viewer-1"));
  bench.give(candidate_frame("candidate:late", "viewer-1"));

  ASSERT_EQ(bench.count<Offer>(), 1U);
  EXPECT_EQ(bench.all<Offer>()[0].peer, "viewer-1");
  EXPECT_EQ(bench.all<Offer>()[0].sdp, "v=0");
  const auto candidates = bench.all<Candidate>();
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].candidate.candidate, "candidate:early");
  EXPECT_EQ(candidates[1].candidate.candidate, "candidate:late");
  EXPECT_EQ(candidates[1].candidate.sdp_mid, "0");
}

TEST(SessionSocket, AViewerCallsAndIsAnswered) {
  Bench bench(viewer_config());
  ASSERT_TRUE(bench.session.send_description(bench.now, {}, {DescriptionType::offer, "v=0"}));
  ASSERT_TRUE(bench.session.send_candidate(bench.now, {}, {"candidate:1", "0", 0}));
  bench.run();
  ASSERT_EQ(bench.sent.size(), 2U);
  const auto offer = nlohmann::json::parse(bench.sent[0]);
  EXPECT_EQ(offer["action"], "SDP_OFFER");
  EXPECT_FALSE(offer.contains("recipientClientId"));
  EXPECT_EQ(offer["correlationId"], "petrel-1");

  bench.give(candidate_frame("candidate:m"));
  bench.give(answer_frame("v=1"));
  ASSERT_EQ(bench.count<Answer>(), 1U);
  EXPECT_EQ(bench.all<Answer>()[0].sdp, "v=1");
  EXPECT_EQ(bench.count<Candidate>(), 1U);
}

TEST(SessionSocket, WhatIsSentWhileThereIsNoConnectionWaits) {
  Scripted bench(viewer_config());
  ASSERT_TRUE(bench.session.send_description(bench.now, {}, {DescriptionType::offer, "v=0"}));
  EXPECT_TRUE(bench.sent.empty());
  bench.go();
  EXPECT_EQ(bench.sent.size(), 1U);
}

TEST(SessionSocket, WhatHasWaitedTooLongIsNotSent) {
  Scripted bench(viewer_config());
  bench.network = false;
  bench.go();
  ASSERT_TRUE(bench.session.send_description(bench.now, {}, {DescriptionType::offer, "v=0"}));
  bench.wait(61s);
  bench.network = true;
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.session.stats().dropped, 1U);
}

TEST(SessionSocket, KeepsToTheServicesRates) {
  Bench bench;
  for (int peer = 0; peer < 10; ++peer) {
    const std::string id = "viewer-" + std::to_string(peer);
    ASSERT_TRUE(bench.session.send_description(bench.now, id, {DescriptionType::answer, "v=0"}));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(bench.session.send_candidate(bench.now, id, {"candidate:1"}));
  }
  bench.run();
  EXPECT_LE(bench.sent.size(), 25U);
  bench.wait(10s);
  EXPECT_EQ(bench.sent.size(), 90U);
  // No candidate goes before its peer's answer.
  std::set<std::string> answered;
  for (const std::string& text : bench.sent) {
    const auto message = nlohmann::json::parse(text);
    const std::string peer = message["recipientClientId"];
    if (message["action"] == "SDP_ANSWER") answered.insert(peer);
    EXPECT_TRUE(answered.contains(peer));
  }
}

TEST(SessionSocket, ThrottledMessagesAreSentAgain) {
  Bench bench;
  ASSERT_TRUE(bench.session.send_description(bench.now, "viewer-1", {DescriptionType::answer, "v=0"}));
  bench.run();
  const std::string status =
      R"({"messageType":"STATUS_RESPONSE","statusResponse":{"correlationId":"petrel-1","errorType":"ClientLimitExceededException","statusCode":"400"}})";
  bench.give(status);
  EXPECT_EQ(bench.sent.size(), 2U);
  bench.give(status);
  bench.give(status);
  EXPECT_EQ(bench.sent.size(), 3U);
  ASSERT_EQ(bench.count<MessageRefused>(), 1U);
  EXPECT_EQ(bench.all<MessageRefused>()[0].error, Errc::throttled);
}

TEST(SessionSocket, ARefusedMessageIsTold) {
  Bench bench;
  ASSERT_TRUE(bench.session.send_description(bench.now, "viewer-1", {DescriptionType::answer, "v=0"}));
  bench.run();
  bench.give(
      R"({"messageType":"STATUS_RESPONSE","statusResponse":{"correlationId":"petrel-1","errorType":"InvalidArgumentException","statusCode":"400","success":false,"description":"bad\nbase64"}})");
  ASSERT_EQ(bench.count<MessageRefused>(), 1U);
  EXPECT_EQ(bench.all<MessageRefused>()[0].peer, "viewer-1");
  EXPECT_EQ(bench.all<MessageRefused>()[0].detail,
            "the service did not deliver a message (400 InvalidArgumentException: bad base64)");
  bench.give(
      R"({"messageType":"STATUS_RESPONSE","statusResponse":{"correlationId":"unknown","statusCode":"500"}})");
  EXPECT_EQ(bench.count<MessageRefused>(), 1U);
}

TEST(SessionSocket, NonsenseIsCountedAndDropped) {
  Bench bench;
  for (const std::string_view text :
       {"{", "[]", "{}", R"({"messageType":"SDP_OFFER","messagePayload":"%"})"}) {
    bench.give(text);
  }
  bench.give("");  // Empty frames are legal.
  bench.give(R"({"messageType":"SOMETHING_NEW"})");
  bench.give(answer_frame("v=0"));     // Nobody was called.
  bench.give(offer_frame("v=0", ""));  // Nobody calls.
  EXPECT_EQ(bench.session.stats().malformed, 4U);
  EXPECT_EQ(bench.session.stats().unexpected, 3U);
  EXPECT_EQ(bench.count<Offer>(), 0U);
}

TEST(SessionSocket, ALostConnectionComesBackWithAFreshUrl) {
  Bench bench;
  bench.wait(30s);
  bench.drop_socket("1001 Going away");
  ASSERT_EQ(bench.count<Interrupted>(), 1U);
  EXPECT_LE(bench.all<Interrupted>()[0].retry_in, 100ms);
  bench.wait(1s);
  EXPECT_EQ(bench.count<Connected>(), 2U);
  ASSERT_EQ(bench.socket_urls.size(), 2U);
  EXPECT_NE(bench.socket_urls[0].query, bench.socket_urls[1].query);
  EXPECT_EQ(bench.calls("/getSignalingChannelEndpoint"), 1U);
}

TEST(SessionSocket, AfterThreeFailuresAnotherHostIsAskedFor) {
  Bench bench;
  bench.wait(30s);
  bench.refusals = {Bench::error(500, ""), Bench::error(500, ""), Bench::error(500, "")};
  bench.drop_socket();
  bench.wait(5s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_GE(bench.calls("/getSignalingChannelEndpoint"), 2U);
}

TEST(SessionSocket, ASocketThatClosesAtOnceIsNoStorm) {
  Bench bench;
  for (int i = 0; i < 200 && bench.now < TimePoint{} + 60s; ++i) {
    bench.wait(10ms);
    if (bench.socket != 0) bench.drop_socket();
    bench.wait(100ms);
  }
  EXPECT_LT(bench.session.stats().connections, 30U);
}

TEST(SessionSocket, GoAwayMakesANewConnectionBeforeTheOldOneBreaks) {
  Bench bench;
  bench.wait(15s);
  bench.give(offer_frame("v=0", "viewer-1"));
  const std::uint32_t old = bench.socket;
  bench.give(R"({"messageType":"GO_AWAY"})");

  EXPECT_NE(bench.socket, old);
  EXPECT_EQ(bench.calls("/getSignalingChannelEndpoint"), 2U);
  EXPECT_EQ(bench.closed, std::vector<std::uint32_t>{old});
  EXPECT_EQ(bench.count<Interrupted>(), 0U);
  // What was on its way on the old one still arrives, but nothing of it starts over.
  bench.session.handle_text(bench.now, old, candidate_frame("candidate:late", "viewer-1"));
  bench.session.handle_text(bench.now, old, R"({"messageType":"GO_AWAY"})");
  bench.run();
  EXPECT_EQ(bench.count<Candidate>(), 1U);
  EXPECT_EQ(bench.session.stats().connections, 2U);
  bench.session.handle_socket_closed(bench.now, old, {}, "bye");
  bench.run();
  EXPECT_TRUE(bench.session.connected());
}

TEST(SessionSocket, GoAwayToEverybodyIsNoStorm) {
  Bench bench;
  std::uint32_t told = 0;
  while (bench.now < TimePoint{} + 60s) {
    if (bench.socket != told) {
      told = bench.socket;
      bench.give(R"({"messageType":"GO_AWAY"})");
    }
    bench.wait(100ms);
  }
  EXPECT_LE(bench.session.stats().connections, 8U);
  EXPECT_EQ(bench.count<Interrupted>(), 0U);
}

TEST(SessionSocket, GoAwayWithoutAnotherHostKeepsTheOldOneUntilItEnds) {
  Bench bench;
  bench.wait(20s);
  bench.network = false;
  bench.give(R"({"messageType":"GO_AWAY"})");
  bench.wait(30s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.count<Interrupted>(), 0U);
  bench.drop_socket();
  EXPECT_FALSE(bench.session.connected());
  EXPECT_EQ(bench.count<Interrupted>(), 1U);
  bench.network = true;
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.count<Connected>(), 2U);
}

TEST(SessionSocket, IsReplacedBeforeTheHour) {
  Bench bench;
  bench.wait(51min);
  EXPECT_EQ(bench.session.stats().connections, 1U);
  bench.wait(4min);
  EXPECT_EQ(bench.session.stats().connections, 2U);
  EXPECT_EQ(bench.count<Interrupted>(), 0U);
  EXPECT_EQ(bench.count<Connected>(), 1U);
}

TEST(SessionSocket, PingsAndNoticesSilence) {
  Bench bench;
  bench.wait(100s);
  EXPECT_EQ(bench.pings, 5U);
  bench.pongs = false;
  bench.wait(36s);
  EXPECT_EQ(bench.count<Interrupted>(), 1U);
  bench.pongs = true;
  bench.wait(1s);
  EXPECT_TRUE(bench.session.connected());
}

TEST(SessionSocket, ANetworkThatChangedIsConnectedByAnew) {
  Bench bench;
  bench.session.handle_network_change(bench.now);
  bench.run();
  EXPECT_EQ(bench.session.stats().connections, 2U);
  EXPECT_EQ(bench.count<Interrupted>(), 0U);
}

TEST(SessionSocket, AChannelThatWasDeletedAndMadeAgainIsFoundAgain) {
  Bench bench;
  bench.wait(20s);
  bench.refusals = {Bench::error(404, "ResourceNotFoundException")};
  bench.answers["/describeSignalingChannel"] = {Bench::error(404, "ResourceNotFoundException"),
                                                Bench::ok(Bench::channel("ACTIVE"))};
  bench.drop_socket();
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.calls("/createSignalingChannel"), 1U);
}

TEST(SessionSocket, APolicyThatIsTakenAwayLaterIsWaitedFor) {
  Bench bench;
  bench.wait(20s);
  bench.refusals = {Bench::error(403, "AccessDeniedException"), Bench::error(403, "AccessDeniedException")};
  bench.drop_socket();
  bench.wait(10s);
  EXPECT_FALSE(bench.session.over());
  EXPECT_FALSE(bench.session.connected());
  bench.wait(60s);
  EXPECT_TRUE(bench.session.connected());
}

TEST(SessionSocket, TextsThatComeBeforeTheTurnServersAreHeld) {
  Scripted bench;
  bench.answers["/v1/get-ice-server-config"] = {Bench::error(503, "ServiceUnavailable"),
                                                Bench::error(503, "ServiceUnavailable"), Bench::ok("{}")};
  bench.go();
  EXPECT_FALSE(bench.session.connected());
  bench.give(offer_frame("v=0", "viewer-1"));
  EXPECT_EQ(bench.count<Offer>(), 0U);
  bench.wait(5s);
  ASSERT_EQ(bench.count<Offer>(), 1U);
  EXPECT_LT(bench.events.size(), 10U);
}

TEST(SessionSocket, MisuseIsTold) {
  Bench bench;
  const std::string long_sdp(max_description_bytes + 1, 'x');
  EXPECT_EQ(bench.session.send_description(bench.now, "v", {DescriptionType::answer, long_sdp}).error(),
            petrel::Errc::too_long);
  EXPECT_EQ(bench.session.send_description(bench.now, "v v", {DescriptionType::answer, "x"}).error(),
            Errc::bad_client_id);
}

// Whatever happens, and in whatever order: the session comes back once all is well, keeps to its bounds, and
// never asks to be woken without end.
TEST(SessionSocket, SurvivesWhateverComes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Bench bench(seed % 2 == 0 ? master_config() : viewer_config(), seed);
    testing::SeededRandom dice(seed);
    for (int i = 0; i < 100; ++i) {
      switch (dice.between(0, 9)) {
        case 0:
          bench.network = !bench.network;
          break;
        case 1:
          if (bench.socket != 0) bench.drop_socket();
          break;
        case 2:
          if (bench.socket != 0) bench.give(R"({"messageType":"GO_AWAY"})");
          break;
        case 3:
          if (bench.socket != 0) bench.give(R"({"messageType":"RECONNECT_ICE_SERVER"})");
          break;
        case 4:
          bench.refusals.push_back(Bench::error(static_cast<int>(400 + dice.between(0, 4) * 50), ""));
          break;
        case 5:
          bench.pongs = !bench.pongs;
          break;
        case 6:
          static_cast<void>(bench.session.send_description(bench.now, "", {DescriptionType::answer, "v=0"}));
          break;
        case 7:
          bench.session.handle_network_change(bench.now);
          break;
        case 8:
          bench.answers["/v1/get-ice-server-config"] = {Bench::error(503, ""), Bench::ok("{}")};
          break;
        default:
          break;
      }
      bench.run();
      bench.wait(std::chrono::milliseconds(dice.between(0, 60'000)));
    }
    bench.network = true;
    bench.pongs = true;
    bench.refusals.clear();
    bench.answers.clear();
    bench.wait(2min);
    EXPECT_TRUE(bench.session.connected()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace petrel::inline v0::kvs
