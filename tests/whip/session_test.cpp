#include "whip/session.hpp"

#include <gtest/gtest.h>

#include <set>

#include "petrel/base/errc.hpp"
#include "petrel/http/errc.hpp"
#include "session_bench.hpp"

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;
using http::Method;

constexpr const char* host_candidate = "candidate:2 1 udp 2 192.0.2.2 5000 typ host";
constexpr const char* late_candidate = "candidate:3 1 udp 3 192.0.2.3 5000 typ host";

TEST(Session, AsksForIceServersThenOffersAndIsAnswered) {
  Bench bench({.bearer_token = "token"});
  ASSERT_EQ(bench.last().request.method, Method::options);
  EXPECT_EQ(bench.last().url.query, "key=hidden");
  bench.answer(status(204, {{"Link", "<stun:stun.example>; rel=ice-server"}}));
  ASSERT_TRUE(bench.event<OfferWanted>());
  EXPECT_FALSE(bench.event<OfferWanted>()->complete);
  EXPECT_EQ(bench.session.ice_servers().at(0).url, "stun:stun.example");

  bench.offer();
  EXPECT_EQ(bench.last().request.method, Method::post);
  EXPECT_EQ(bench.last().request.body, an_offer);
  EXPECT_EQ(bench.header("Content-Type"), "application/sdp");
  EXPECT_EQ(bench.header("Authorization"), "Bearer token");
  bench.answer(created());
  ASSERT_TRUE(bench.event<Answered>());
  EXPECT_EQ(bench.event<Answered>()->sdp, an_answer);
  EXPECT_TRUE(bench.session.established());
  EXPECT_EQ(bench.session.next_timeout(), std::nullopt);
}

TEST(Session, OffersAtOnceWhereItNeedNotAsk) {
  Bench bench({.wait_for_candidates = true, .ask_for_ice_servers = false});
  EXPECT_TRUE(bench.calls.empty());
  ASSERT_TRUE(bench.event<OfferWanted>());
  EXPECT_TRUE(bench.event<OfferWanted>()->complete);
}

TEST(Session, ARefusedQuestionForIceServersDoesNoHarm) {
  for (const unsigned code : {200u, 401u, 404u, 405u, 500u}) {
    Bench bench;
    bench.answer(status(code));
    EXPECT_TRUE(bench.event<OfferWanted>()) << code;
  }
}

TEST(Session, TakesTheIceServersOfTheAnswer) {
  Bench bench;
  auto response = created();
  response.headers.add("Link", "<turn:t>; rel=ice-server; username=u; credential=p");
  bench.establish(response);
  ASSERT_EQ(bench.session.ice_servers().size(), 1u);
  EXPECT_EQ(bench.session.ice_servers()[0].credential.reveal(), "p");
}

TEST(Session, KeepsCandidatesForTheAnswerAndSendsThemInOneFragment) {
  Bench bench;
  bench.answer(status(204));
  bench.candidate(host_candidate);
  bench.candidate("candidate:1 1 udp 1 192.0.2.1 5000 typ host");  // The offer has it.
  bench.offer();
  bench.candidate(late_candidate);
  bench.candidate("");
  EXPECT_EQ(bench.calls.size(), 2u);
  bench.answer(created("https://media.example/s/1"));

  ASSERT_EQ(bench.calls.size(), 3u);
  EXPECT_EQ(bench.last().request.method, Method::patch);
  EXPECT_EQ(http::to_string(bench.last().url), "https://media.example/s/1");
  EXPECT_EQ(bench.header("If-Match"), "\"g1\"");
  EXPECT_EQ(bench.header("Content-Type"), "application/trickle-ice-sdpfrag");
  const auto fragment = parse_trickle_fragment(bench.last().request.body);
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->ufrag, "our1");
  ASSERT_EQ(fragment->sections.size(), 1u);
  EXPECT_EQ(fragment->sections[0].mid, "0");
  EXPECT_EQ(fragment->sections[0].candidates, (std::vector<std::string>{host_candidate, late_candidate}));
  EXPECT_TRUE(fragment->sections[0].end_of_candidates);
}

TEST(Session, SendsOneFragmentAtATime) {
  Bench bench;
  bench.establish();
  bench.candidate(host_candidate);
  bench.candidate(late_candidate);
  bench.candidate("");
  EXPECT_EQ(bench.open.size(), 1u);
  bench.answer(status(204));
  EXPECT_EQ(bench.open.size(), 1u);
  EXPECT_EQ(parse_trickle_fragment(bench.last().request.body)->sections.at(0).candidates.size(), 1u);
  bench.answer(status(204));
  EXPECT_TRUE(bench.open.empty());
}

TEST(Session, DropsCandidatesOfAnotherGenerationAndBoundsTheirNumber) {
  Bench bench;
  bench.establish();
  bench.candidate(host_candidate, "else");
  EXPECT_TRUE(bench.open.empty());
  EXPECT_EQ(bench.session.send_candidate(bench.now, {"candidate:\n"}).error(),
            petrel::Errc::invalid_argument);
  for (std::size_t i = 0; i < max_fragment_candidates; ++i) {
    bench.candidate("candidate:" + std::to_string(100 + i), "our1");
  }
  EXPECT_EQ(bench.session.send_candidate(bench.now, {"candidate:7"}).error(), petrel::Errc::limit_reached);
}

TEST(Session, RemembersAServerThatTakesNoCandidates) {
  for (const unsigned code : {405u, 501u, 415u, 422u}) {
    Bench bench;
    bench.establish();
    bench.candidate(host_candidate);
    bench.answer(status(code));
    EXPECT_FALSE(bench.session.trickles()) << code;
    EXPECT_TRUE(bench.session.established());
    bench.candidate(late_candidate);
    EXPECT_TRUE(bench.open.empty());
    EXPECT_EQ(bench.session.restarts(), code == 415 || code == 422);

    bench.session.abandon(bench.now, make_error_code(Errc::not_connected), "no way");
    bench.take();
    bench.wait(5s);
    bench.answer(status(204));
    ASSERT_TRUE(bench.event<OfferWanted>());
    EXPECT_TRUE(bench.event<OfferWanted>()->complete);
  }
}

TEST(Session, StopsTricklingWhereItIsRefusedAndSaysSo) {
  for (const unsigned code : {400u, 401u, 403u, 412u, 428u}) {
    Bench bench;
    bench.establish();
    bench.candidate(host_candidate);
    bench.answer(status(code));
    ASSERT_TRUE(bench.event<Warning>()) << code;
    EXPECT_NE(bench.event<Warning>()->detail.find(std::to_string(code)), std::string::npos);
    bench.candidate(late_candidate);
    EXPECT_TRUE(bench.open.empty());
    EXPECT_TRUE(bench.session.established());
  }
}

TEST(Session, RestartsIce) {
  Bench bench;
  bench.establish();
  bench.restart();
  EXPECT_EQ(bench.last().request.method, Method::patch);
  EXPECT_EQ(bench.header("If-Match"), "*");
  EXPECT_TRUE(bench.last().request.body.starts_with("a=ice-options:trickle ice2\r\n"));
  EXPECT_EQ(parse_trickle_fragment(bench.last().request.body)->ufrag, "our2");
  bench.candidate(host_candidate, "our2");  // Waits for the new ETag.
  EXPECT_EQ(bench.open.size(), 1u);
  bench.answer(status(200, {{"ETag", "\"g2\""}, {"Content-Type", "application/trickle-ice-sdpfrag"}},
                      "a=ice-ufrag:srv2\r\na=ice-pwd:newpasswordnewpassword\r\nm=video 9 x 0\r\na=mid:0\r\n"
                      "a=candidate:8 1 udp 1 192.0.2.8 5000 typ host\r\n"));

  const auto* restarted = std::get_if<Restarted>(&bench.events.at(0));
  ASSERT_TRUE(restarted);
  EXPECT_NE(restarted->sdp.find("a=ice-ufrag:srv2"), std::string::npos);
  EXPECT_EQ(restarted->sdp.find("candidate"), std::string::npos);
  EXPECT_EQ(restarted->candidates.sections.at(0).candidates.size(), 1u);
  EXPECT_EQ(bench.header("If-Match"), "\"g2\"");
  EXPECT_EQ(parse_trickle_fragment(bench.last().request.body)->ufrag, "our2");
}

TEST(Session, ARestartTakesTheTurnOfAFragmentUnderWay) {
  Bench bench;
  bench.establish();
  bench.candidate(host_candidate);
  bench.restart();
  EXPECT_EQ(bench.cancelled.size(), 1u);
  EXPECT_EQ(bench.open.size(), 1u);
  bench.restart();
  EXPECT_EQ(bench.cancelled.size(), 2u);
}

TEST(Session, ARefusedRestartLeavesTheSession) {
  struct Row {
    http::Response response;
    std::error_code error;
    bool forever;
  };
  const std::vector<Row> rows{
      {status(405), make_error_code(Errc::no_restart), true},
      {status(422), make_error_code(Errc::no_restart), true},
      {status(501), make_error_code(Errc::no_restart), true},
      {status(400), make_error_code(Errc::bad_request), false},
      {status(428), make_error_code(Errc::precondition_required), false},
      {status(204), make_error_code(Errc::bad_answer), false},
      {status(200, {}, "a=ice-ufrag:x\r\n"), make_error_code(Errc::bad_answer), false},
      {status(200, {}, "nonsense"), make_error_code(Errc::bad_answer), false},
  };
  for (const Row& row : rows) {
    Bench bench;
    bench.establish();
    bench.restart();
    bench.answer(row.response);
    ASSERT_TRUE(bench.event<RestartRefused>());
    EXPECT_EQ(bench.event<RestartRefused>()->error, row.error);
    EXPECT_TRUE(bench.session.established());
    EXPECT_EQ(bench.session.restarts(), !row.forever);
    const auto again = bench.session.restart_ice(bench.now, another_offer);
    EXPECT_EQ(again.has_value(), !row.forever);
    if (row.forever) {
      EXPECT_EQ(again.error(), Errc::no_restart);
    }
  }
}

TEST(Session, ASessionThatHasEndedAtTheServerIsFollowedByAnother) {
  for (const bool is_restart : {false, true}) {
    for (const unsigned code : {404u, 410u}) {
      Bench bench;
      bench.establish();
      is_restart ? bench.restart() : bench.candidate(host_candidate);
      bench.answer(status(code));
      ASSERT_TRUE(bench.event<Interrupted>());
      EXPECT_EQ(bench.event<Interrupted>()->error, Errc::session_gone);
      EXPECT_TRUE(bench.open.empty()) << "there is nothing to end";
      bench.wait(5s);
      EXPECT_EQ(bench.last().request.method, Method::options);
      bench.establish();
    }
  }
}

TEST(Session, ALostConnectionEndsItsSessionAndBeginsAnother) {
  Bench bench;
  bench.establish();
  bench.session.abandon(bench.now, make_error_code(Errc::not_connected), "no pair worked");
  bench.take();
  EXPECT_EQ(bench.last().request.method, Method::delete_);
  EXPECT_EQ(bench.last().url.path, "/session/1");
  ASSERT_TRUE(bench.event<Interrupted>());
  EXPECT_EQ(bench.event<Interrupted>()->detail, "no pair worked");
  bench.answer(status(200));
  bench.wait(5s);
  EXPECT_EQ(bench.last().request.method, Method::options);
}

TEST(Session, WaitsLongerAfterEachFailureWithJitterAndShortAgainAfterAGoodOne) {
  std::set<Duration> first;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Bench bench({.ask_for_ice_servers = false}, seed);
    Duration ceiling = Session::first_wait;
    for (int i = 0; i < 12; ++i) {
      bench.offer();
      bench.fail();
      ASSERT_TRUE(bench.event<Interrupted>());
      const Duration wait = bench.event<Interrupted>()->retry_in;
      if (i == 0) first.insert(wait);
      EXPECT_GE(wait, Session::least_wait);
      EXPECT_LE(wait, ceiling);
      ceiling = std::min(ceiling * 2, Session::longest_wait);
      bench.wait(Session::longest_wait);
      ASSERT_TRUE(bench.event<OfferWanted>());
    }
    bench.offer();
    bench.answer(created());
    bench.session.handle_connected(bench.now);
    bench.wait(Session::stable_after);
    bench.session.abandon(bench.now, make_error_code(Errc::not_connected), "");
    bench.take();
    EXPECT_LE(bench.event<Interrupted>()->retry_in, Session::first_wait);
  }
  EXPECT_GT(first.size(), 10u);
}

TEST(Session, AConnectionThatFallsAtOnceIsNoGoodOne) {
  Bench bench({.ask_for_ice_servers = false});
  Duration longest{};
  for (int i = 0; i < 12; ++i) {
    bench.offer();
    bench.answer(created());
    bench.session.handle_connected(bench.now);
    bench.wait(1s);
    bench.session.abandon(bench.now, make_error_code(Errc::not_connected), "");
    bench.take();
    longest = std::max(longest, bench.event<Interrupted>()->retry_in);
    bench.wait(Session::longest_wait);
  }
  EXPECT_GT(longest, Session::first_wait);
}

TEST(Session, RefusesAnAnswerThatIsNone) {
  struct Row {
    http::Response response;
    std::error_code error;
    bool ends_session;
  };
  auto counter = created();
  counter.body = an_offer;
  auto refused_with_offer = counter;
  refused_with_offer.status = http::Status::not_acceptable;
  const std::vector<Row> rows{
      {status(201, {{"Location", "/s"}}), make_error_code(Errc::bad_answer), true},
      {status(200, {{"Content-Type", "text/html"}}, "<html>"), make_error_code(Errc::bad_answer), false},
      {counter, make_error_code(Errc::counter_offer), true},
      {refused_with_offer, make_error_code(Errc::counter_offer), true},
  };
  for (const Row& row : rows) {
    Bench bench;
    bench.answer(status(204));
    bench.offer();
    bench.answer(row.response);
    ASSERT_TRUE(bench.event<Failed>());
    EXPECT_EQ(bench.event<Failed>()->error, row.error);
    EXPECT_TRUE(bench.session.over());
    EXPECT_EQ(bench.last().request.method == Method::delete_, row.ends_session);
    EXPECT_EQ(bench.session.next_timeout(), std::nullopt);
  }
}

TEST(Session, ASessionWithoutUrlIsUsedAsFarAsItGoes) {
  for (const std::string location : {"", "mailto:a", "http://"}) {
    Bench bench;
    bench.answer(status(204));
    bench.offer();
    auto response = created(location, "");
    if (location.empty()) response.headers = {{"Content-Type", "application/sdp"}};
    bench.answer(response);
    EXPECT_EQ(bench.count<Answered>(), 1u);
    EXPECT_EQ(bench.count<Warning>(), 1u);
    bench.candidate(host_candidate);
    EXPECT_TRUE(bench.open.empty());
    EXPECT_EQ(bench.session.restart_ice(bench.now, another_offer).error(), petrel::Errc::wrong_state);
    bench.session.close(bench.now);
    bench.take();
    EXPECT_TRUE(bench.event<Closed>());
  }
}

TEST(Session, ClosesInOrder) {
  Bench bench({.bearer_token = "t"});
  bench.establish();
  bench.candidate(host_candidate);
  bench.session.close(bench.now);
  bench.take();
  EXPECT_EQ(bench.last().request.method, Method::delete_);
  EXPECT_EQ(bench.header("Authorization"), "Bearer t");
  EXPECT_EQ(bench.header("If-Match"), "-");
  EXPECT_EQ(bench.count<Closed>(), 0u);
  bench.answer(status(200));
  EXPECT_EQ(bench.count<Closed>(), 1u);
  EXPECT_TRUE(bench.session.over());
  EXPECT_EQ(bench.session.send_offer(bench.now, "v=0").error(), petrel::Errc::closed);
  EXPECT_EQ(bench.session.send_candidate(bench.now, {}).error(), petrel::Errc::closed);
  EXPECT_EQ(bench.session.restart_ice(bench.now, "").error(), petrel::Errc::closed);
  bench.session.close(bench.now);
  bench.take();
  EXPECT_EQ(bench.count<Closed>(), 1u);
}

TEST(Session, DoesNotWaitForeverForItsLastWord) {
  Bench bench;
  bench.establish();
  bench.session.close(bench.now);
  bench.take();
  bench.wait(SessionConfig{}.close_limit - 1ms);
  EXPECT_EQ(bench.count<Closed>(), 0u);
  bench.wait(1ms);
  EXPECT_EQ(bench.count<Closed>(), 1u);
  EXPECT_TRUE(bench.open.empty());
}

TEST(Session, ClosedWhileItsOfferIsUnderWayItEndsWhatComesOfIt) {
  Bench bench;
  bench.answer(status(204));
  bench.offer();
  bench.session.close(bench.now);
  bench.take();
  EXPECT_EQ(bench.count<Closed>(), 0u);
  bench.answer(created());
  EXPECT_EQ(bench.count<Answered>(), 0u);
  EXPECT_EQ(bench.last().request.method, Method::delete_);
  bench.fail();
  EXPECT_EQ(bench.count<Closed>(), 1u);
}

TEST(Session, ClosedBeforeAnythingItIsOverAtOnce) {
  Bench bench;
  bench.session.close(bench.now);
  bench.take();
  EXPECT_TRUE(bench.event<Closed>());
  EXPECT_TRUE(bench.open.empty());
}

TEST(Session, MisuseIsTold) {
  Bench bench;
  EXPECT_EQ(bench.session.send_offer(bench.now, "v=0").error(), petrel::Errc::wrong_state);
  EXPECT_EQ(bench.session.restart_ice(bench.now, another_offer).error(), petrel::Errc::wrong_state);
  bench.establish();
  EXPECT_EQ(bench.session.restart_ice(bench.now, "v=0").error(), petrel::Errc::invalid_argument);
}

TEST(Session, ChecksItsConfiguration) {
  EXPECT_TRUE(check({.url = "http://a"}));
  EXPECT_EQ(check({.url = "ws://a"}).error(), Errc::bad_url);
  EXPECT_EQ(check({.url = "a"}).error(), http::Errc::malformed_url);
  EXPECT_EQ(check({.url = "http://a", .bearer_token = "a\r\nb"}).error(), Errc::bad_token);
  EXPECT_EQ(check({.url = "http://a", .bearer_token = "a b"}).error(), Errc::bad_token);
  EXPECT_TRUE(check({.url = "http://a", .bearer_token = "eyJ0.e-_~+/=="}));
}

}  // namespace
}  // namespace petrel::inline v0::whip
