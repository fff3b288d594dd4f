#include "petrel/http/access.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace petrel::inline v0::http {
namespace {

// 0: let through.
unsigned outcome(const AccessPolicy& policy, const Request& request) {
  const auto refusal = refuse_access(policy, request);
  return refusal ? static_cast<unsigned>(refusal->status) : 0;
}

Request get(std::string host, Headers headers = {}) {
  Request request;
  request.path = "/";
  request.host = std::move(host);
  request.headers = std::move(headers);
  return request;
}

Request post(std::string host, Headers headers = {}) {
  Request request = get(std::move(host), std::move(headers));
  request.method = Method::post;
  return request;
}

TEST(Access, IsForHostsThatAreOursOnly) {
  const AccessPolicy policy{.hosts = {"192.0.2.7", "camera.local", "[2001:db8::1]"}};
  struct Row {
    std::string host;
    unsigned status;
  };
  const std::vector<Row> rows{
      {"localhost", 0},
      {"LocalHost:8080", 0},
      {"127.0.0.1:8080", 0},
      {"[::1]:8080", 0},
      {"[::1]", 0},
      {"192.0.2.7:80", 0},
      {"camera.local:8080", 0},
      {"[2001:DB8::1]:8080", 0},
      {"evil.example", 403},
      {"", 403},
      {"localhost.evil.com", 403},
      {"localhost:80:80", 403},
      {"evil@localhost", 403},
      {"localhost@evil", 403},
      {"[::1]evil", 403},
      {"[::1", 403},
      {"192.0.2.8", 403},
      {"localhost:x", 403},
      {"127.0.0.1.", 403},
      {":8080", 403},
      {"localhost/evil", 403},
      {"[]", 403},
      {"localhost:999999", 403},
  };
  for (const auto& [host, status] : rows) EXPECT_EQ(outcome(policy, get(host)), status) << host;
}

TEST(Access, OnAllInterfacesIsForAnyAddressButNoName) {
  const AccessPolicy policy{.any_address = true};
  EXPECT_EQ(outcome(policy, get("192.168.1.5:8080")), 0u);
  EXPECT_EQ(outcome(policy, get("[fe80::1]:8080")), 0u);
  EXPECT_EQ(outcome(policy, get("192.168.1.5.evil.example")), 403u);
  EXPECT_EQ(outcome(policy, get("rebind.evil.example:8080")), 403u);
  EXPECT_EQ(outcome(policy, get("[localhost2]")), 403u);
}

TEST(Access, IsForScriptsOfTheSameOriginOnly) {
  const AccessPolicy policy{.hosts = {"cam.example"}};
  struct Row {
    std::string host;
    std::string origin;
    unsigned status;
  };
  const std::vector<Row> rows{
      {"127.0.0.1:8080", "http://127.0.0.1:8080", 0},
      {"cam.example", "https://cam.example", 0},
      {"cam.example", "https://CAM.example", 0},
      {"127.0.0.1:8080", "http://127.0.0.1:3000", 403},
      {"127.0.0.1:8080", "http://localhost:8080", 403},
      {"127.0.0.1:8080", "http://127.0.0.1", 403},
      {"127.0.0.1:8080", "https://evil.example", 403},
      {"127.0.0.1:8080", "null", 403},
      {"127.0.0.1:8080", "", 403},
      {"127.0.0.1:8080", "ftp://127.0.0.1:8080", 403},
  };
  for (const auto& [host, origin, status] : rows) {
    EXPECT_EQ(outcome(policy, post(host, {{"Origin", origin}})), status) << origin;
  }
  EXPECT_EQ(outcome(policy, post("localhost", {{"Origin", "http://localhost"}, {"Origin", "http://x"}})),
            400u);
}

TEST(Access, IsForForeignOriginsThatTheUserAllows) {
  const AccessPolicy one{.origins = {"https://viewer.example"}};
  EXPECT_EQ(outcome(one, post("localhost", {{"Origin", "https://viewer.example"}})), 0u);
  EXPECT_EQ(outcome(one, post("localhost", {{"Origin", "http://viewer.example"}})), 403u);
  EXPECT_EQ(outcome(one, post("evil.example", {{"Origin", "https://viewer.example"}})), 403u);

  const AccessPolicy any{.origins = {"*"}};
  EXPECT_EQ(outcome(any, post("localhost", {{"Origin", "null"}})), 0u);
}

TEST(Access, AnswersThePreflightOfAnAllowedOriginWithoutAToken) {
  const AccessPolicy policy{.origins = {"https://viewer.example"}, .token = "secret"};
  Request request = get("localhost", {{"Origin", "https://viewer.example"},
                                      {"Access-Control-Request-Method", "PATCH"},
                                      {"Access-Control-Request-Private-Network", "true"}});
  request.method = Method::options;

  const auto response = refuse_access(policy, request);

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, Status::no_content);
  EXPECT_TRUE(response->headers.has_element("Access-Control-Allow-Methods", "PATCH"));
  EXPECT_TRUE(response->headers.has_element("Access-Control-Allow-Headers", "If-Match"));
  EXPECT_EQ(response->headers.get("Access-Control-Allow-Private-Network"), "true");

  request.headers.set("Origin", "https://evil.example");
  EXPECT_EQ(outcome(policy, request), 403u);
}

TEST(Access, GivesCorsHeadersToAllowedOriginsOnly) {
  const AccessPolicy policy{.origins = {"https://viewer.example"}};
  const auto headers = cors_headers(policy, post("localhost", {{"Origin", "https://viewer.example"}}));
  EXPECT_EQ(headers.get("Access-Control-Allow-Origin"), "https://viewer.example");
  EXPECT_EQ(headers.get("Vary"), "Origin");
  EXPECT_TRUE(headers.has_element("Access-Control-Expose-Headers", "Location"));

  EXPECT_FALSE(cors_headers(policy, post("localhost", {{"Origin", "https://evil.example"}}))
                   .get("Access-Control-Allow-Origin"));
  EXPECT_FALSE(cors_headers(policy, get("localhost")).get("Access-Control-Allow-Origin"));
  EXPECT_TRUE(cors_headers({}, post("localhost", {{"Origin", "http://localhost"}})).empty());
}

TEST(Access, WantsItsToken) {
  const AccessPolicy policy{.token = "s3cret+"};
  struct Row {
    Method method;
    std::string authorization;
    std::string query;
    unsigned status;
  };
  const std::vector<Row> rows{
      {Method::post, "Bearer s3cret+", "", 0},
      {Method::post, "bearer  s3cret+", "", 0},
      {Method::post, "Bearer s3cret", "", 401},
      {Method::post, "Bearer s3cret++", "", 401},
      {Method::post, "Bearer", "", 401},
      {Method::post, "Basic s3cret+", "", 401},
      {Method::post, "", "", 401},
      {Method::post, "", "token=s3cret%2B", 401},
      {Method::get, "", "token=s3cret%2B", 0},
      {Method::head, "", "x=1&token=s3cret%2b", 0},
      {Method::get, "", "token=s3cret", 401},
      {Method::get, "", "", 401},
      {Method::get, "Bearer wrong", "token=s3cret%2B", 401},
  };
  for (const auto& row : rows) {
    Request request = get("localhost");
    request.method = row.method;
    request.query = row.query;
    if (!row.authorization.empty()) request.headers.add("Authorization", row.authorization);
    EXPECT_EQ(outcome(policy, request), row.status) << row.authorization << " ?" << row.query;
  }
  EXPECT_EQ(refuse_access(policy, get("localhost"))->headers.get("WWW-Authenticate"), "Bearer");
}

TEST(ConstantTimeComparison, ComparesLikeAnyOther) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("token", "token"));
  EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
  EXPECT_FALSE(equal_in_constant_time("token", "toke"));
  EXPECT_FALSE(equal_in_constant_time("toke", "token"));
  EXPECT_FALSE(equal_in_constant_time(std::string_view("a\0", 2), "a"));
}

}  // namespace
}  // namespace petrel::inline v0::http
