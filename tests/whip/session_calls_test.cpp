// How requests are redirected, repeated and judged.

#include <gtest/gtest.h>

#include "petrel/http/url.hpp"
#include "session_bench.hpp"
#include "whip/refusal.hpp"

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;

constexpr const char* host_candidate = "candidate:2 1 udp 2 192.0.2.2 5000 typ host";

Bench offered(SessionConfig config = {}) {
  config.ask_for_ice_servers = false;
  Bench bench(std::move(config));
  bench.offer();
  return bench;
}
http::Response redirect(unsigned code, std::string to) { return status(code, {{"Location", std::move(to)}}); }

TEST(SessionCalls, EveryRefusalOfAnOfferIsAnErrorOfItsOwnWithAdvice) {
  for (const unsigned code : {400u, 401u, 403u, 404u, 405u, 406u, 409u, 410u, 412u, 415u, 422u, 428u, 429u,
                              500u, 501u, 503u, 302u, 418u}) {
    Bench bench = offered();
    bench.answer(status(code, {{"Content-Type", "text/plain"}}, "the server's words"));
    const Refusal refusal = code == 302 ? Refusal{Errc::bad_redirect, "loses the offer", false}
                                        : refusal_of(static_cast<http::Status>(code), false);
    ASSERT_FALSE(bench.events.empty()) << code;
    const auto check = [&](const auto* told) {
      ASSERT_TRUE(told) << code;
      EXPECT_EQ(told->error, refusal.error) << code;
      EXPECT_NE(told->detail.find(refusal.advice), std::string::npos) << told->detail;
      EXPECT_NE(told->detail.find("https://server.example/whip/live"), std::string::npos) << told->detail;
      EXPECT_EQ(told->detail.find("hidden"), std::string::npos) << told->detail;
      if (code != 302) {
        EXPECT_NE(told->detail.find(std::to_string(code)), std::string::npos) << told->detail;
        EXPECT_NE(told->detail.find("the server's words"), std::string::npos) << told->detail;
      }
    };
    refusal.transient ? check(bench.event<Interrupted>()) : check(bench.event<Failed>());
  }
}

TEST(SessionCalls, ARefusalDoesNotEndWhatHasWorkedBefore) {
  Bench bench = offered();
  bench.answer(created());
  bench.session.abandon(bench.now, make_error_code(Errc::not_connected), "");
  bench.take();
  bench.wait(5s);
  bench.offer();
  bench.answer(status(403));
  ASSERT_TRUE(bench.event<Interrupted>());
  EXPECT_EQ(bench.event<Interrupted>()->error, Errc::forbidden);
}

TEST(SessionCalls, WaitsAsLongAsTheServerSays) {
  for (const unsigned code : {409u, 429u, 503u}) {
    Bench bench = offered();
    bench.answer(status(code, {{"Retry-After", "20"}}));
    ASSERT_TRUE(bench.event<Interrupted>());
    EXPECT_GE(bench.event<Interrupted>()->retry_in, Duration(20s));
    bench.wait(20s);
    EXPECT_FALSE(bench.event<OfferWanted>());
    bench.wait(Session::first_wait);
    EXPECT_TRUE(bench.event<OfferWanted>());
  }
}

TEST(SessionCalls, FollowsARedirectWithTheOffer) {
  for (const unsigned code : {307u, 308u}) {
    Bench bench = offered({.bearer_token = "token"});
    bench.answer(redirect(code, "../other/live"));
    EXPECT_EQ(http::to_string(bench.last().url), "https://server.example/other/live");
    EXPECT_EQ(bench.last().request.method, http::Method::post);
    EXPECT_EQ(bench.last().request.body, an_offer);
    EXPECT_EQ(bench.header("Authorization"), "Bearer token");
    bench.answer(created("s/1"));
    bench.candidate(host_candidate);
    EXPECT_EQ(http::to_string(bench.last().url), "https://server.example/other/s/1");
  }
}

TEST(SessionCalls, TheTokenStaysAtItsOrigin) {
  Bench bench = offered({.bearer_token = "token"});
  for (const std::string place :
       {"https://other.example/whip", "https://server.example:444/whip", "https://server.example.evil/"}) {
    bench.answer(redirect(307, place));
    EXPECT_EQ(bench.header("Authorization"), "-") << place;
  }
  bench.answer(redirect(307, "https://server.example/again"));
  EXPECT_EQ(bench.header("Authorization"), "Bearer token");
  bench.answer(created("https://media.example/s/1"));
  bench.candidate(host_candidate);
  EXPECT_EQ(bench.header("Authorization"), "-");
  bench.answer(status(204));
  bench.session.close(bench.now);
  bench.take();
  EXPECT_EQ(bench.header("Authorization"), "-");
}

TEST(SessionCalls, SaysThatTheTokenWasNotSentAlong) {
  Bench bench = offered({.bearer_token = "token"});
  bench.answer(redirect(307, "https://other.example/whip"));
  bench.answer(status(401, {{"Content-Type", "text/plain"}}, "token token"));
  ASSERT_TRUE(bench.event<Failed>());
  EXPECT_NE(bench.event<Failed>()->detail.find("not sent to where that redirects"), std::string::npos);
  EXPECT_NE(bench.event<Failed>()->detail.find("(it says: * *)"), std::string::npos)
      << bench.event<Failed>()->detail;
}

TEST(SessionCalls, RedirectsThatCannotBeFollowedAreTold) {
  struct Row {
    http::Response response;
    Errc error;
  };
  const std::vector<Row> rows{{redirect(301, "/a"), Errc::bad_redirect},
                              {redirect(303, "/a"), Errc::bad_redirect},
                              {status(307), Errc::bad_redirect},
                              {redirect(307, "ws://server.example/"), Errc::bad_redirect},
                              {redirect(307, "mailto:a"), Errc::bad_redirect},
                              {redirect(307, "http://server.example/whip"), Errc::insecure_redirect}};
  for (const Row& row : rows) {
    Bench bench = offered();
    bench.answer(row.response);
    ASSERT_TRUE(bench.event<Failed>());
    EXPECT_EQ(bench.event<Failed>()->error, row.error);
    EXPECT_TRUE(bench.open.empty());
  }
}

TEST(SessionCalls, RedirectsEndSomewhere) {
  Bench bench = offered();
  for (unsigned i = 0; i < Session::max_redirects; ++i) {
    bench.answer(redirect(307, "/again"));
    EXPECT_FALSE(bench.event<Failed>());
  }
  bench.answer(redirect(307, "/again"));
  ASSERT_TRUE(bench.event<Failed>());
  EXPECT_EQ(bench.event<Failed>()->error, Errc::too_many_redirects);
}

TEST(SessionCalls, ARedirectedQuestionForIceServersIsFollowedOrForgotten) {
  Bench bench;
  bench.answer(redirect(307, "/there"));
  EXPECT_EQ(bench.last().request.method, http::Method::options);
  bench.answer(status(302));
  EXPECT_TRUE(bench.event<OfferWanted>());
}

TEST(SessionCalls, AFragmentThatFindsNoAnswerIsRepeatedThenGivenUp) {
  for (const bool is_restart : {false, true}) {
    Bench bench;
    bench.establish();
    is_restart ? bench.restart() : bench.candidate(host_candidate);
    const std::string body = bench.last().request.body;
    for (unsigned i = 0; i < Session::max_repeats; ++i) {
      i % 2 == 0 ? bench.fail() : bench.answer(status(503));
      EXPECT_TRUE(bench.open.empty());
      bench.wait(10s);
      ASSERT_EQ(bench.open.size(), 1u) << i;
      EXPECT_EQ(bench.last().request.body, body);
    }
    bench.fail();
    EXPECT_EQ(bench.count<Warning>(), is_restart ? 0u : 1u);
    EXPECT_EQ(bench.count<RestartRefused>(), is_restart ? 1u : 0u);
    EXPECT_TRUE(bench.session.established());
    EXPECT_EQ(bench.session.next_timeout(), std::nullopt);
  }
}

TEST(SessionCalls, ARepeatWaitsAsLongAsTheServerSays) {
  Bench bench;
  bench.establish();
  bench.candidate(host_candidate);
  bench.answer(status(429, {{"Retry-After", "7"}}));
  bench.wait(7s - 1ms);
  EXPECT_TRUE(bench.open.empty());
  bench.wait(1ms);
  EXPECT_EQ(bench.open.size(), 1u);
}

TEST(SessionCalls, RedirectsOfPatchesThatCannotBeFollowedCostThePatchOnly) {
  for (const bool is_restart : {false, true}) {
    Bench bench;
    bench.establish();
    is_restart ? bench.restart() : bench.candidate(host_candidate);
    bench.answer(status(302));
    EXPECT_EQ(bench.count<Warning>(), is_restart ? 0u : 1u);
    EXPECT_EQ(bench.count<RestartRefused>(), is_restart ? 1u : 0u);
    EXPECT_TRUE(bench.session.established());
  }
}

TEST(SessionCalls, AnswersToWhatIsOverCountForNothing) {
  Bench bench;
  const auto id = bench.last().id;
  bench.answer(status(204));
  const std::size_t told = bench.events.size();
  bench.session.handle_response(bench.now, id, created());
  bench.session.handle_response(bench.now, 999, created());
  bench.session.handle_call_failed(bench.now, 999, {}, "");
  bench.take();
  EXPECT_EQ(bench.events.size(), told);
}

}  // namespace
}  // namespace petrel::inline v0::whip
