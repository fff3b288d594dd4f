#include "kvs/api_call.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::kvs {
namespace {

using Verdict = ApiCall::Verdict;

struct Bench {
  testing::SeededRandom random{1};
  ApiCall call{describe_channel("a"), *http::parse_url("http://127.0.0.1:8080")};

  Verdict answer(int status, std::string type = {}, std::string message = {}, bool dated = false) {
    http::Response response{static_cast<http::Status>(status), {}, R"({"message":")" + message + "\"}"};
    if (!type.empty()) response.headers.add("x-amzn-ErrorType", std::move(type));
    if (dated) response.headers.add("Date", "Mon, 15 Jan 2024 11:30:45 GMT");
    return call.judge(response, random);
  }
};

TEST(ApiCall, IsSignedForWhereItGoes) {
  const Bench bench;
  const auto request = bench.call.signed_request({"AKID", "secret"}, "eu-west-1", 1'705'314'645, "petrel");
  EXPECT_EQ(request.host, "127.0.0.1:8080");
  EXPECT_EQ(request.path, "/describeSignalingChannel");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
  EXPECT_NE(request.headers.get("Authorization")->find("SignedHeaders=content-type;host;x-amz-date,"),
            std::string_view::npos);
  EXPECT_EQ(to_string(bench.call.url()), "http://127.0.0.1:8080/describeSignalingChannel");
  const ApiCall deeper(describe_channel("a"), *http::parse_url("http://h/base/"));
  EXPECT_EQ(to_string(deeper.url()), "http://h/base/describeSignalingChannel");
}

TEST(ApiCall, IsDoneWithAnAnswer) {
  Bench bench;
  EXPECT_EQ(bench.answer(200), Verdict::done);
  EXPECT_EQ(bench.call.body(), R"({"message":""})");
}

TEST(ApiCall, WaitsOutWhatPasses) {
  Bench bench;
  for (unsigned i = 1; i < ApiCall::max_attempts; ++i) {
    EXPECT_EQ(bench.answer(i % 2 == 0 ? 503 : 429), Verdict::again_later);
    EXPECT_GT(bench.call.delay(), Duration(0));
  }
  EXPECT_EQ(bench.answer(503), Verdict::failed);
}

TEST(ApiCall, CorrectsTheClockOnce) {
  Bench bench;
  EXPECT_EQ(bench.answer(403, "", "Signature expired", true), Verdict::again_now);
  EXPECT_EQ(bench.answer(403, "", "Signature expired", true), Verdict::failed);
  Bench undated;
  EXPECT_EQ(undated.answer(403, "", "Signature expired"), Verdict::failed);
}

TEST(ApiCall, AsksForOtherCredentialsOnce) {
  Bench bench;
  EXPECT_EQ(bench.answer(401, "AccessDeniedException"), Verdict::new_credentials);
  EXPECT_EQ(bench.answer(403, "ExpiredTokenException"), Verdict::failed);
  EXPECT_EQ(bench.call.error().error, Errc::credentials_expired);
}

TEST(ApiCall, DoesNotRepeatWhatIsWrong) {
  Bench bench;
  EXPECT_EQ(bench.answer(400, "InvalidArgumentException"), Verdict::failed);
  EXPECT_EQ(Bench().answer(404), Verdict::failed);
}

TEST(ApiCall, TriesAgainWhereNothingAnswered) {
  Bench bench;
  const auto error = std::make_error_code(std::errc::network_unreachable);
  EXPECT_EQ(bench.call.judge_failure(error, "no network", bench.random), Verdict::again_later);
  EXPECT_EQ(bench.call.failure_detail(), "no network");
  EXPECT_EQ(bench.answer(404), Verdict::failed);
  EXPECT_EQ(bench.call.failure_detail(), "");
}

}  // namespace
}  // namespace petrel::inline v0::kvs
