#include "petrel/whip/server.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace petrel::inline v0::whip {
namespace {

using http::Header;
using http::Headers;
using http::Method;
using http::Request;
using http::Response;
using http::Status;

std::optional<SessionAction> route(const Request& request) { return whip::route(request, "/whep"); }

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

TEST(Server, TakesAnOfferAtItsEndpoint) {
  const auto action = route(request(Method::post, "/whep", {sdp_body}, "v=0"));
  ASSERT_TRUE(action);
  ASSERT_TRUE(std::holds_alternative<SessionCreate>(*action));
  EXPECT_EQ(std::get<SessionCreate>(*action).offer, "v=0");
}

TEST(Server, TakesCandidatesAtASession) {
  const auto action = route(request(Method::patch, "/whep/Ab-_9", {fragment_body, {"If-Match", "\"1\""}},
                                    "a=ice-ufrag:abcd\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:1\r\n"));
  ASSERT_TRUE(action);
  const auto* trickle = std::get_if<SessionTrickle>(&*action);
  ASSERT_TRUE(trickle);
  EXPECT_EQ(trickle->session, "Ab-_9");
  EXPECT_EQ(trickle->if_match, "\"1\"");
  EXPECT_EQ(trickle->fragment.ufrag, "abcd");
  EXPECT_EQ(trickle->fragment.sections.at(0).candidates.size(), 1u);
}

TEST(Server, EndsASession) {
  const auto action = route(request(Method::delete_, "/whep/1"));
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<SessionDelete>(*action).session, "1");
}

TEST(Server, ShowsTheReportOfASession) {
  const auto action = route(request(Method::get, "/whep/1/report"));
  ASSERT_TRUE(action);
  EXPECT_EQ(std::get<SessionReport>(*action).session, "1");
  for (const std::string path : {"/whep//report", "/whep/report", "/whep/1/report/", "/whep/1/2/report"}) {
    EXPECT_FALSE(std::holds_alternative<SessionReport>(route(request(Method::get, path)).value())) << path;
  }
}

TEST(Server, LeavesOtherPathsAlone) {
  EXPECT_FALSE(route(request(Method::get, "/")));
  EXPECT_FALSE(route(request(Method::post, "/whepx", {sdp_body}, "v=0")));
  EXPECT_FALSE(route(request(Method::post, "/WHEP", {sdp_body}, "v=0")));
  EXPECT_TRUE(whip::route(request(Method::post, "/live/whip", {sdp_body}, "v=0"), "/live/whip"));
}

TEST(Server, AnswersErrorsOfFormAtOnce) {
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
    const auto action = route(row.request);
    ASSERT_TRUE(action) << row.request.path;
    const auto* response = std::get_if<Response>(&*action);
    ASSERT_TRUE(response) << to_string(row.request.method) << row.request.path;
    EXPECT_EQ(response->status, row.status) << to_string(row.request.method) << row.request.path;
    EXPECT_TRUE(response->headers.get(row.header)) << row.header;
  }
}

TEST(Server, TakesAnAcceptThatCoversSdp) {
  for (const std::string accept : {"*/*", "application/*;q=0.1", "text/html, Application/SDP; q=1"}) {
    const auto action = route(request(Method::post, "/whep", {sdp_body, {"Accept", accept}}, "v=0"));
    EXPECT_TRUE(std::holds_alternative<SessionCreate>(*action)) << accept;
  }
}

TEST(Server, NamesTheSessionInItsAnswer) {
  const Response response = created({.id = "abc", .etag = "g1", .answer = "v=0"}, "/whip");
  EXPECT_EQ(response.status, Status::created);
  EXPECT_EQ(response.headers.get("Location"), "/whip/abc");
  EXPECT_EQ(response.headers.get("ETag"), "\"g1\"");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/sdp");
  EXPECT_EQ(response.body, "v=0");
}

TEST(Server, TellsWhenToTryAgain) {
  using namespace std::chrono_literals;
  EXPECT_EQ(full(4, 5s).status, Status::service_unavailable);
  EXPECT_EQ(full(4, 5s).headers.get("Retry-After"), "5");
  EXPECT_NE(full(4, 5s).body.find("All 4 places"), std::string::npos);
  EXPECT_EQ(too_often(1s).status, Status::too_many_requests);
  EXPECT_EQ(no_picture_yet(1s).status, Status::conflict);
  EXPECT_EQ(taken(9s).status, Status::conflict);
  EXPECT_EQ(taken(9s).headers.get("Retry-After"), "9");
  EXPECT_EQ(no_common_codec("You offer VP8, this camera sends H264.").status, Status::not_acceptable);
  EXPECT_EQ(stale_generation().status, Status::precondition_failed);
  EXPECT_EQ(no_restart("no password").status, Status::unprocessable_content);
  EXPECT_EQ(unknown_session().status, Status::not_found);
  EXPECT_EQ(no_content().status, Status::no_content);
}

TEST(Server, ComparesEntityTagsStrongly) {
  EXPECT_TRUE(matches_etag("*", "1"));
  EXPECT_TRUE(matches_etag("\"*\"", "1"));
  EXPECT_TRUE(matches_etag("\"1\"", "1"));
  EXPECT_TRUE(matches_etag("\"0\", \"1\"", "1"));
  EXPECT_FALSE(matches_etag("W/\"1\"", "1"));
  EXPECT_FALSE(matches_etag("1", "1"));
  EXPECT_FALSE(matches_etag("\"", ""));
  EXPECT_FALSE(matches_etag("", "1"));
}

}  // namespace
}  // namespace petrel::inline v0::whip
