#include <gtest/gtest.h>

#include "kvs/session_bench.hpp"

namespace petrel::inline v0::kvs {
namespace {

constexpr const char* ice_path = "/v1/get-ice-server-config";

TEST(SessionIce, TurnServersAreRenewedAheadOfTheirEnd) {
  Bench bench;
  EXPECT_EQ(bench.calls(ice_path), 1U);
  bench.wait(200s);
  EXPECT_EQ(bench.calls(ice_path), 1U);
  bench.wait(71s);  // 270 s: 30 s before they expire.
  EXPECT_EQ(bench.calls(ice_path), 2U);
  ASSERT_EQ(bench.count<IceServersChanged>(), 1U);
  EXPECT_FALSE(bench.all<IceServersChanged>()[0].restart);
}

TEST(SessionIce, AShortLifeIsHalvedNotOverrun) {
  Scripted bench;
  bench.ttl = 31;
  bench.go();
  bench.wait(60s);
  EXPECT_GE(bench.calls(ice_path), 4U);
  EXPECT_LE(bench.calls(ice_path), 6U);
}

TEST(SessionIce, WithoutTurnServersItWorksAndSaysSo) {
  Scripted bench;
  bench.answers[ice_path] = {Bench::error(401, "AccessDeniedException")};
  bench.go();
  EXPECT_TRUE(bench.session.connected());
  ASSERT_EQ(bench.count<Warning>(), 1U);
  EXPECT_NE(bench.all<Warning>()[0].detail.find("kinesisvideo:GetIceServerConfig"), std::string::npos);
  EXPECT_EQ(bench.session.ice_servers().size(), 1U);
  bench.wait(11min);
  EXPECT_EQ(bench.count<Warning>(), 1U);  // Said once.
  EXPECT_GE(bench.calls(ice_path), 4U);   // Tried again.
}

TEST(SessionIce, AreNotWaitedForForEver) {
  Scripted bench;
  bench.hangs = ice_path;
  bench.go();
  bench.wait(4s);
  EXPECT_FALSE(bench.session.connected());
  bench.wait(1s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.session.ice_servers().size(), 1U);
}

TEST(SessionIce, AnUnreadableAnswerIsAskedForAgain) {
  Scripted bench;
  bench.answers[ice_path] = {Bench::ok("{}"), Bench::ok("[]"),
                             Bench::ok(R"({"IceServerList":[{"Uris":["turn:t:443"],"Ttl":300}]})")};
  bench.go();
  bench.wait(5s);
  EXPECT_EQ(bench.session.ice_servers().size(), 2U);
  EXPECT_EQ(bench.count<Connected>(), 1U);
}

TEST(SessionIce, ReconnectIceServerAsksForARestart) {
  Bench bench;
  bench.give(R"({"messageType":"RECONNECT_ICE_SERVER"})");
  EXPECT_EQ(bench.calls(ice_path), 2U);
  ASSERT_EQ(bench.count<IceServersChanged>(), 1U);
  EXPECT_TRUE(bench.all<IceServersChanged>()[0].restart);
}

TEST(SessionIce, TheSmallestTtlCounts) {
  Scripted bench;
  bench.answers[ice_path] = {Bench::ok(
      R"({"IceServerList":[{"Uris":["turn:a:443"],"Ttl":86400},{"Uris":["turn:b:443"],"Ttl":100}]})")};
  bench.go();
  EXPECT_EQ(bench.session.ice_servers().size(), 3U);
  bench.wait(71s);
  EXPECT_EQ(bench.calls(ice_path), 2U);
}

TEST(SessionStorage, JoinsAndAnswersTheServicesOffer) {
  SessionConfig config = master_config();
  config.storage_session = true;
  Bench bench(config);
  bench.wait(0s);
  EXPECT_EQ(bench.calls("/joinStorageSession"), 1U);
  EXPECT_EQ(bench.requests.back().host, "w.example");
  EXPECT_EQ(bench.requests.back().body, R"({"channelArn":")" + std::string(test_arn) + "\"}");

  bench.wait(6s);
  EXPECT_EQ(bench.calls("/joinStorageSession"), 2U);  // No offer came.

  bench.give(candidate_frame("candidate:1"));
  bench.give(offer_frame("v=0", ""));
  ASSERT_EQ(bench.count<Offer>(), 1U);
  EXPECT_EQ(bench.all<Offer>()[0].peer, "");
  EXPECT_EQ(bench.count<Candidate>(), 1U);
  bench.wait(1min);
  EXPECT_EQ(bench.calls("/joinStorageSession"), 2U);
}

TEST(SessionStorage, AViewerJoinsByItsOwnPath) {
  SessionConfig config = viewer_config();
  config.storage_session = true;
  Bench bench(config);
  bench.wait(0s);
  EXPECT_EQ(bench.calls("/joinStorageSessionAsViewer"), 1U);
  EXPECT_EQ(bench.calls("/joinStorageSession"), 0U);
}

TEST(SessionCalls, AGarbledAnswerIsNoEnd) {
  Scripted bench;
  bench.answers["/getSignalingChannelEndpoint"] = {Bench::ok("<html>"), Bench::ok("{}")};
  bench.go();
  EXPECT_EQ(bench.count<Interrupted>(), 1U);
  bench.answers.erase("/getSignalingChannelEndpoint");
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
}

TEST(SessionCalls, AnEndpointThatIsNoUrlIsNoEnd) {
  Scripted bench;
  bench.answers["/getSignalingChannelEndpoint"] = {Bench::ok(
      R"({"ResourceEndpointList":[{"Protocol":"HTTPS","ResourceEndpoint":"x"},{"Protocol":"WSS","ResourceEndpoint":"y"}]})")};
  bench.go();
  bench.wait(1min);
  EXPECT_FALSE(bench.session.over());
  bench.answers.clear();
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
}

}  // namespace
}  // namespace petrel::inline v0::kvs
