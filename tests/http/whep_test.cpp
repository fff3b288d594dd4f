#include "petrel/http/whep.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace petrel::inline v0::http {
namespace {

Request request(Method method, std::string path, Headers headers = {}, std::string body = {}) {
  Request made;
  made.method = method;
  made.path = std::move(path);
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

const Header sdp_body{"Content-Type", "application/sdp"};
const Header fragment_body{"Content-Type", "application/trickle-ice-sdpfrag"};

TEST(Whep, TakesAnOfferAtItsEndpoint) {
  const auto action = route_whep(request(Method::post, "/whep", {sdp_body}, "v=0"));
  ASSERT_TRUE(action);
  ASSERT_TRUE(std::holds_alternative<WhepCreate>(*action));
  EXPECT_EQ(std::get<WhepCreate>(*action).offer, "v=0");
}

TEST(Whep, TakesCandidatesAtASession) {
  const auto action =
      route_whep(request(Method::patch, "/whep/Ab-_9", {fragment_body, {"If-Match", "\"1\""}},
                         "a=ice-ufrag:abcd\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:1\r\n"));
  ASSERT_TRUE(action);
  const auto* trickle = std::get_if<WhepTrickle>(&*action);
  ASSERT_TRUE(trickle);
  EXPECT_EQ(trickle->session, "Ab-_9");
  EXPECT_EQ(trickle->if_match, "\"1\"");
  EXPECT_EQ(trickle->fragment.ufrag, "abcd");
  EXPECT_EQ(trickle->fragment.sections.at(0).candidates.size(), 1u);
}

TEST(Whep, EndsASession) {
  const auto action = route_whep(request(Method::delete_, "/whep/1"));
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<WhepDelete>(*action).session, "1");
}

TEST(Whep, ShowsTheReportOfASession) {
  const auto action = route_whep(request(Method::get, "/whep/1/report"));
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<WhepReport>(*action).session, "1");
  for (const std::string path : {"/whep//report", "/whep/report", "/whep/1/report/", "/whep/1/2/report"}) {
    EXPECT_FALSE(std::holds_alternative<WhepReport>(route_whep(request(Method::get, path)).value())) << path;
  }
}

TEST(Whep, LeavesOtherPathsAlone) {
  EXPECT_FALSE(route_whep(request(Method::get, "/")));
  EXPECT_FALSE(route_whep(request(Method::post, "/whepx", {sdp_body}, "v=0")));
  EXPECT_FALSE(route_whep(request(Method::post, "/WHEP", {sdp_body}, "v=0")));
  EXPECT_TRUE(route_whep(request(Method::post, "/live/whep", {sdp_body}, "v=0"), "/live/whep"));
}

TEST(Whep, AnswersErrorsOfFormAtOnce) {
  struct Row {
    Request request;
    Status status;
    std::string_view header;  // That has to be there.
  };
  const std::vector<Row> rows{
      {request(Method::options, "/whep"), Status::no_content, "Accept-Post"},
      {request(Method::options, "/whep/1"), Status::no_content, "Accept-Patch"},
      {request(Method::get, "/whep"), Status::method_not_allowed, "Allow"},
      {request(Method::delete_, "/whep"), Status::method_not_allowed, "Allow"},
      {request(Method::get, "/whep/1"), Status::method_not_allowed, "Allow"},
      {request(Method::post, "/whep/1/report"), Status::method_not_allowed, "Allow"},
      {request(Method::post, "/whep/1", {sdp_body}, "v=0"), Status::method_not_allowed, "Allow"},
      {request(Method::post, "/whep", {}, "v=0"), Status::unsupported_media_type, "Accept-Post"},
      {request(Method::post, "/whep", {{"Content-Type", "application/json"}}, "{}"),
       Status::unsupported_media_type, "Accept-Post"},
      {request(Method::post, "/whep", {sdp_body}), Status::bad_request, "Content-Type"},
      {request(Method::post, "/whep", {sdp_body, {"Accept", "text/html, image/png"}}, "v=0"),
       Status::not_acceptable, "Content-Type"},
      {request(Method::patch, "/whep/1", {sdp_body}, "v=0"), Status::unsupported_media_type, "Accept-Patch"},
      {request(Method::patch, "/whep/1", {fragment_body}, "v=0"), Status::bad_request, "Content-Type"},
      {request(Method::delete_, "/whep/a/b"), Status::not_found, "Content-Type"},
      {request(Method::delete_, "/whep/.."), Status::not_found, "Content-Type"},
      {request(Method::delete_, "/whep/" + std::string(65, 'a')), Status::not_found, "Content-Type"},
  };
  for (const Row& row : rows) {
    const auto action = route_whep(row.request);
    ASSERT_TRUE(action) << row.request.path;
    const auto* response = std::get_if<Response>(&*action);
    ASSERT_TRUE(response) << to_string(row.request.method) << row.request.path;
    EXPECT_EQ(response->status, row.status) << to_string(row.request.method) << row.request.path;
    EXPECT_TRUE(response->headers.get(row.header)) << row.header;
  }
}

TEST(Whep, TakesAnAcceptThatCoversSdp) {
  for (const std::string accept : {"*/*", "application/*;q=0.1", "text/html, Application/SDP; q=1"}) {
    const auto action = route_whep(request(Method::post, "/whep", {sdp_body, {"Accept", accept}}, "v=0"));
    EXPECT_TRUE(std::holds_alternative<WhepCreate>(*action)) << accept;
  }
}

TEST(Whep, NamesTheSessionInItsAnswer) {
  const Response response = whep_created({.id = "abc", .etag = "g1", .answer = "v=0"});
  EXPECT_EQ(response.status, Status::created);
  EXPECT_EQ(response.headers.get("Location"), "/whep/abc");
  EXPECT_EQ(response.headers.get("ETag"), "\"g1\"");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/sdp");
  EXPECT_EQ(response.body, "v=0");
}

TEST(Whep, TellsWhenToTryAgain) {
  using namespace std::chrono_literals;
  EXPECT_EQ(whep_full(4, 5s).status, Status::service_unavailable);
  EXPECT_EQ(whep_full(4, 5s).headers.get("Retry-After"), "5");
  EXPECT_NE(whep_full(4, 5s).body.find("All 4 places"), std::string::npos);
  EXPECT_EQ(whep_too_often(1s).status, Status::too_many_requests);
  EXPECT_EQ(whep_no_picture_yet(1s).status, Status::conflict);
  EXPECT_EQ(whep_no_common_codec("You offer VP8, this camera sends H264.").status, Status::not_acceptable);
  EXPECT_EQ(whep_stale_generation().status, Status::precondition_failed);
  EXPECT_EQ(whep_no_restart("no password").status, Status::unprocessable_content);
  EXPECT_EQ(whep_unknown_session().status, Status::not_found);
  EXPECT_EQ(whep_no_content().status, Status::no_content);
}

TEST(Whep, ComparesEntityTagsStrongly) {
  EXPECT_TRUE(whep_matches("*", "1"));
  EXPECT_TRUE(whep_matches("\"1\"", "1"));
  EXPECT_TRUE(whep_matches("\"0\", \"1\"", "1"));
  EXPECT_FALSE(whep_matches("W/\"1\"", "1"));
  EXPECT_FALSE(whep_matches("1", "1"));
  EXPECT_FALSE(whep_matches("\"", ""));
  EXPECT_FALSE(whep_matches("", "1"));
}

}  // namespace
}  // namespace petrel::inline v0::http
