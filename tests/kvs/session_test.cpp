#include "kvs/session.hpp"

#include <gtest/gtest.h>

#include "kvs/session_bench.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {
namespace {

TEST(SessionConfig, IsCheckedBeforeAnythingIsTried) {
  const auto refused = [](auto change) {
    SessionConfig config = viewer_config();
    change(config);
    const auto checked = check(config);
    return checked ? std::error_code() : checked.error();
  };
  EXPECT_FALSE(refused([](SessionConfig&) {}));
  EXPECT_EQ(refused([](SessionConfig& c) { c.channel = ""; }), Errc::bad_channel);
  EXPECT_EQ(refused([](SessionConfig& c) { c.channel = "front door"; }), Errc::bad_channel);
  EXPECT_EQ(refused([](SessionConfig& c) { c.region = ""; }), Errc::bad_region);
  EXPECT_EQ(refused([](SessionConfig& c) { c.region = "evil.example/"; }), Errc::bad_region);
  EXPECT_EQ(refused([](SessionConfig& c) { c.client_id = "aws_me"; }), Errc::bad_client_id);
  EXPECT_EQ(refused([](SessionConfig& c) { c.role = Role::master; }), Errc::bad_client_id);
  EXPECT_EQ(refused([](SessionConfig& c) { c.endpoint_url = "x"; }), http::Errc::malformed_url);
  EXPECT_EQ(refused([](SessionConfig& c) { c.endpoint_url = "ws://x"; }), http::Errc::unsupported_scheme);
  EXPECT_FALSE(refused([](SessionConfig& c) {
    c.channel = test_arn;
    c.region = "";
  }));
}

TEST(Session, AMasterConnectsByFourCallsAndOneSocket) {
  Bench bench;

  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.count<Connected>(), 1U);
  ASSERT_EQ(bench.requests.size(), 3U);
  EXPECT_EQ(bench.requests[0].path, "/describeSignalingChannel");
  EXPECT_EQ(bench.requests[0].host, "control.example");
  EXPECT_TRUE(bench.requests[0].headers.get("Authorization"));
  EXPECT_EQ(bench.requests[2].host, "r.example");
  ASSERT_EQ(bench.socket_urls.size(), 1U);
  EXPECT_EQ(bench.socket_urls[0].host, "m.example");
  EXPECT_NE(bench.socket_urls[0].query.find("X-Amz-ChannelARN=arn%3Aaws"), std::string::npos);
  EXPECT_EQ(bench.socket_urls[0].query.find("X-Amz-ClientId"), std::string::npos);
  const auto& servers = bench.session.ice_servers();
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[0].urls[0], "stun:stun.kinesisvideo.eu-west-1.amazonaws.com:443");
  EXPECT_EQ(servers[1].credential.reveal(), "p");
}

TEST(Session, AViewerGivesItsIdAndNeverCreates) {
  Bench bench(viewer_config());
  ASSERT_EQ(bench.socket_urls.size(), 1U);
  EXPECT_NE(bench.socket_urls[0].query.find("X-Amz-ClientId=viewer-1"), std::string::npos);

  SessionConfig nameless = viewer_config();
  nameless.client_id.clear();
  Bench other(nameless);
  EXPECT_TRUE(is_client_id(other.session.client_id()));
}

TEST(Session, AnArnNeedsNoDescribing) {
  SessionConfig config = master_config();
  config.channel = test_arn;
  config.region.clear();
  Bench bench(config);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.calls("/describeSignalingChannel"), 0U);
}

TEST(Session, AMasterMakesTheChannelThatIsMissing) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {
      Bench::error(404, "ResourceNotFoundException"), Bench::ok(Bench::channel("CREATING")),
      Bench::ok(Bench::channel("CREATING")), Bench::ok(Bench::channel("ACTIVE"))};
  bench.go();
  EXPECT_FALSE(bench.session.connected());
  bench.wait(2s);
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.calls("/createSignalingChannel"), 1U);
  EXPECT_EQ(bench.calls("/describeSignalingChannel"), 4U);
}

TEST(Session, AChannelThatSomebodyElseMadeIsAsGood) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {Bench::error(404, "ResourceNotFoundException"),
                                                Bench::ok(Bench::channel("ACTIVE"))};
  bench.answers["/createSignalingChannel"] = {Bench::error(400, "ResourceInUseException")};
  bench.go();
  EXPECT_TRUE(bench.session.connected());
}

TEST(Session, AServiceThatCannotMakeUpItsMindIsNotAskedForEver) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {Bench::error(404, "ResourceNotFoundException")};
  bench.answers["/createSignalingChannel"] = {Bench::error(400, "ResourceInUseException")};
  bench.go();
  EXPECT_LT(bench.requests.size(), 20U);
  EXPECT_EQ(bench.count<Interrupted>(), 1U);
}

TEST(Session, AViewerOfNoChannelSaysSo) {
  Scripted bench(viewer_config());
  bench.answers["/describeSignalingChannel"] = {Bench::error(404, "ResourceNotFoundException")};
  bench.go();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  const SessionFailed failed = bench.all<SessionFailed>()[0];
  EXPECT_EQ(failed.error, Errc::channel_not_found);
  EXPECT_NE(failed.detail.find("'front-door' in region eu-west-1"), std::string::npos) << failed.detail;
  EXPECT_TRUE(bench.session.over());
  EXPECT_FALSE(bench.session.next_timeout());
}

TEST(Session, AChannelThatIsBeingDeletedIsNotWaitedFor) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {Bench::ok(Bench::channel("DELETING"))};
  bench.go();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  EXPECT_EQ(bench.all<SessionFailed>()[0].error, Errc::channel_being_deleted);
}

TEST(Session, WhatIamDoesNotAllowIsNamed) {
  Scripted bench;
  bench.answers["/getSignalingChannelEndpoint"] = {Bench::error(401, "AccessDeniedException")};
  bench.go();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  EXPECT_EQ(bench.all<SessionFailed>()[0].error, Errc::access_denied);
  EXPECT_NE(bench.all<SessionFailed>()[0].detail.find("kinesisvideo:GetSignalingChannelEndpoint"),
            std::string::npos);
  EXPECT_EQ(bench.wanted, 2U);  // Once more, in case there are better ones by now.
}

TEST(Session, WhatIamDoesNotAllowOnTheSocketIsNamedToo) {
  Scripted bench;
  bench.refusals = {Bench::error(403, "AccessDeniedException"), Bench::error(403, "AccessDeniedException")};
  bench.go();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  EXPECT_NE(bench.all<SessionFailed>()[0].detail.find("kinesisvideo:ConnectAsMaster"), std::string::npos);
}

TEST(Session, AWrongClockIsPutRightByTheServices) {
  Scripted bench;
  http::Response late =
      Bench::error(403, "InvalidSignatureException",
                   "Signature expired: 20240115T103045Z is now earlier than 20240115T112545Z");
  late.headers.add("Date", http::to_date(wall_start + 3600));
  bench.answers["/describeSignalingChannel"] = {late, Bench::ok(Bench::channel("ACTIVE"))};
  bench.go();
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.requests[0].headers.get("X-Amz-Date"), "20240115T103045Z");
  EXPECT_EQ(bench.requests[1].headers.get("X-Amz-Date"), "20240115T113045Z");
  EXPECT_NE(bench.socket_urls[0].query.find("X-Amz-Date=20240115T113045Z"), std::string::npos);
  EXPECT_EQ(bench.session.stats().clock_corrections, 1U);
}

TEST(Session, AClockThatStaysWrongIsSaid) {
  Scripted bench;
  http::Response late =
      Bench::error(403, "InvalidSignatureException", "Signature not yet current: x is still later");
  late.headers.add("Date", http::to_date(wall_start - 7200));
  bench.answers["/describeSignalingChannel"] = {late};
  bench.go();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  EXPECT_NE(bench.all<SessionFailed>()[0].detail.find("7200 s fast"), std::string::npos)
      << bench.all<SessionFailed>()[0].detail;
}

TEST(Session, SettingTheClockVoidsTheCorrection) {
  Scripted bench;
  http::Response late = Bench::error(403, "", "Signature expired");
  late.headers.add("Date", http::to_date(wall_start + 3600));
  bench.answers["/describeSignalingChannel"] = {late, Bench::ok(Bench::channel("ACTIVE"))};
  bench.go();
  bench.session.set_unix_time(bench.now, wall_start + 3600);  // NTP has come up.
  bench.drop_socket();
  bench.wait(1s);
  EXPECT_NE(bench.socket_urls.back().query.find("X-Amz-Date=20240115T11304"), std::string::npos)
      << bench.socket_urls.back().query;
}

TEST(Session, ExpiredCredentialsAreRenewed) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {Bench::error(403, "ExpiredTokenException"),
                                                Bench::ok(Bench::channel("ACTIVE"))};
  bench.go();
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.wanted, 2U);
}

TEST(Session, CredentialsAreRenewedBeforeTheyExpire) {
  Scripted bench;
  bench.credentials.expires_at = wall_start + 600;
  bench.go();
  EXPECT_EQ(bench.wanted, 1U);
  bench.credentials.expires_at = wall_start + 7200;
  bench.wait(15min);  // TURN servers are asked for meanwhile.
  EXPECT_EQ(bench.wanted, 2U);
  EXPECT_EQ(bench.count<SessionFailed>(), 0U);
}

TEST(Session, CredentialsThatLookExpiredGetTheirChance) {
  Scripted bench;
  bench.credentials.expires_at = wall_start - 3600;  // Or is our clock fast?
  bench.go();
  EXPECT_TRUE(bench.session.connected());
  EXPECT_EQ(bench.wanted, 1U);

  Scripted expired;
  expired.credentials.expires_at = wall_start - 3600;
  expired.answers["/describeSignalingChannel"] = {Bench::error(403, "ExpiredTokenException")};
  expired.go();
  ASSERT_EQ(expired.count<SessionFailed>(), 1U);
  EXPECT_EQ(expired.all<SessionFailed>()[0].error, Errc::credentials_expired);
}

TEST(Session, WithoutCredentialsItSaysSo) {
  Scripted bench;
  bench.session.handle_no_credentials(bench.now, make_error_code(Errc::no_credentials),
                                      "set AWS_ACCESS_KEY_ID", false);
  bench.run();
  ASSERT_EQ(bench.count<SessionFailed>(), 1U);
  EXPECT_EQ(bench.all<SessionFailed>()[0].detail, "set AWS_ACCESS_KEY_ID");
}

TEST(Session, ThrottlingIsWaitedOut) {
  Scripted bench;
  bench.answers["/describeSignalingChannel"] = {Bench::error(400, "ClientLimitExceededException"),
                                                Bench::error(503, "ServiceUnavailable"),
                                                Bench::ok(Bench::channel("ACTIVE"))};
  bench.go();
  EXPECT_FALSE(bench.session.connected());
  bench.wait(2s);
  EXPECT_TRUE(bench.session.connected());
}

TEST(Session, StartsBeforeTheNetworkDoes) {
  Scripted bench;
  bench.network = false;
  bench.go();
  bench.wait(10min);
  EXPECT_FALSE(bench.session.over());
  EXPECT_GT(bench.count<Interrupted>(), 3U);
  // With waits of up to ten seconds: no storm, and no sleep.
  EXPECT_LT(bench.requests.size(), 600U);
  EXPECT_GT(bench.requests.size(), 60U);

  bench.network = true;
  bench.wait(11s);
  EXPECT_TRUE(bench.session.connected());
}

TEST(Session, NothingIsHeldAfterClose) {
  Bench bench;
  bench.session.close(bench.now);
  bench.run();
  EXPECT_TRUE(bench.session.over());
  EXPECT_EQ(bench.closed.size(), 1U);
  EXPECT_FALSE(bench.session.next_timeout());
  EXPECT_EQ(bench.session.send_candidate(bench.now, "a", {"candidate:1"}).error(), petrel::Errc::closed);
}

TEST(Session, NoSecretIsEverSaid) {
  for (int status : {400, 401, 403, 404, 429, 500}) {
    Scripted bench;
    bench.credentials = {"AKID", "the-secret-key", "the-session-token"};
    bench.answers["/describeSignalingChannel"] = {Bench::error(
        status, "InvalidSignatureException",
        "The request signature we calculated does not match. The Canonical String should have been "
        "x-amz-security-token:the-session-token")};
    bench.go();
    bench.wait(1min);
    for (const Event& event : bench.events) {
      std::visit(
          [](const auto& each) {
            if constexpr (requires { each.detail; }) {
              EXPECT_EQ(each.detail.find("the-se"), std::string::npos) << each.detail;
            }
          },
          event);
    }
  }
}

}  // namespace
}  // namespace petrel::inline v0::kvs
