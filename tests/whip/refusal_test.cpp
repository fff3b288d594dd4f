#include "whip/refusal.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;
using http::Status;

TEST(Refusal, SaysForEachStatusWhatItIsAndWhatToDo) {
  struct Row {
    unsigned status;
    Errc error;
    bool transient;
  };
  const std::vector<Row> rows{{400, Errc::bad_request, false},      {401, Errc::unauthorized, false},
                              {403, Errc::forbidden, false},        {404, Errc::no_endpoint, true},
                              {405, Errc::not_an_endpoint, false},  {406, Errc::not_acceptable, false},
                              {408, Errc::too_many_requests, true}, {409, Errc::conflict, true},
                              {410, Errc::no_endpoint, true},       {412, Errc::stale_generation, true},
                              {415, Errc::wrong_type, false},       {418, Errc::unexpected_status, false},
                              {422, Errc::offer_refused, false},    {428, Errc::precondition_required, false},
                              {429, Errc::too_many_requests, true}, {500, Errc::server_error, true},
                              {501, Errc::not_an_endpoint, false},  {503, Errc::unavailable, true}};
  for (const Row& row : rows) {
    const Refusal refusal = refusal_of(static_cast<Status>(row.status), true);
    EXPECT_EQ(refusal.error, row.error) << row.status;
    EXPECT_EQ(refusal.transient, row.transient) << row.status;
    EXPECT_NE(refusal.advice.find(": "), std::string_view::npos) << refusal.advice;
    EXPECT_FALSE(refusal.advice.ends_with('.')) << refusal.advice;
  }
  EXPECT_NE(refusal_of(Status::unauthorized, true).advice, refusal_of(Status::unauthorized, false).advice);
}

TEST(Refusal, EveryErrorHasWordsOfItsOwn) {
  std::set<std::string> texts;
  const int last = static_cast<int>(Errc::bad_token);
  for (int code = 1; code <= last; ++code) texts.insert(make_error_code(static_cast<Errc>(code)).message());
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(last));
  EXPECT_EQ(texts.count("unknown error"), 0u);
}

TEST(Refusal, ReadsRetryAfterInSeconds) {
  const auto after = [](std::string value) {
    return retry_after({Status::service_unavailable, {{"Retry-After", std::move(value)}}, {}});
  };
  EXPECT_EQ(after("7"), Duration(7s));
  EXPECT_EQ(after(" 0 "), Duration(0s));
  EXPECT_EQ(after("999999"), max_retry_after);
  EXPECT_EQ(after("99999999999999999999"), max_retry_after);
  EXPECT_EQ(after("-1"), std::nullopt);
  EXPECT_EQ(after(""), std::nullopt);
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(retry_after({}), std::nullopt);
}

TEST(Refusal, RepeatsTheServersWordsFitForATerminal) {
  const auto words = [](std::string body, std::string type = "text/plain") {
    return words_of({Status::forbidden, {{"Content-Type", std::move(type)}}, std::move(body)}, "s3cret");
  };
  EXPECT_EQ(words("no\n"), "no");
  EXPECT_EQ(words("{\"error\":\"x\"}", "application/json"), "{\"error\":\"x\"}");
  EXPECT_EQ(words("<html>", "text/html"), "");
  EXPECT_EQ(words("bad token s3crets3cret!"), "bad token **!");
  EXPECT_EQ(words("a\x1b[31mb\xff"), "a [31mb");
  EXPECT_LT(words(std::string(5000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace petrel::inline v0::whip
