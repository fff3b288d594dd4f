#include "petrel/kvs/sigv4.hpp"

#include <gtest/gtest.h>

#include <string>

namespace petrel::inline v0::kvs {
namespace {

constexpr std::int64_t new_year = 1'705'314'645;        // 2024-01-15T10:30:45Z
constexpr std::int64_t first_december = 1'575'158'400;  // 2019-12-01T00:00:00Z
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view token = "FwoGZXIvYXdzEXAMPLE//token+with/special=chars==";
constexpr std::string_view arn =
    "arn:aws:kinesisvideo:us-west-2:123456789012:channel/demo-channel/1234567890123";

Credentials example(bool temporary) {
  return {
      .access_key_id = "AKIDEXAMPLE", .secret_access_key = secret, .session_token = temporary ? token : ""};
}

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::byte b : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[std::to_integer<unsigned>(b) >> 4U];
    text += digits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

std::string signature_in(std::string_view text) { return std::string(text.substr(text.rfind('=') + 1)); }

TEST(Sigv4, WritesAndReadsItsDates) {
  EXPECT_EQ(amz_date(new_year), "20240115T103045Z");
  EXPECT_EQ(amz_date(0), "19700101T000000Z");
  EXPECT_EQ(amz_date(951'827'696), "20000229T123456Z");
  EXPECT_EQ(parse_amz_date("20240115T103045Z"), new_year);
  EXPECT_EQ(parse_amz_date("20000229T123456Z"), 951'827'696);
  for (const std::string_view wrong : {"", "20240115T103045", "20240115 103045Z", "20240230T000000Z",
                                       "20240115T240000Z", "2024011xT103045Z"}) {
    EXPECT_FALSE(parse_amz_date(wrong)) << wrong;
  }
}

// The AWS General Reference's own examples.
TEST(Sigv4, DerivesTheKeyOfAwsExample) {
  const SigningScope scope{.unix_time = 1'329'307'200, .region = "us-east-1", .service = "iam"};
  EXPECT_EQ(hex(signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope)),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

TEST(Sigv4, SignsGetVanilla) {
  http::Request request{.path = "/", .host = "example.amazonaws.com"};
  sign(request, example(false), {.unix_time = 1'440'938'160, .region = "us-east-1", .service = "service"});
  EXPECT_EQ(request.headers.get("X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(request.headers.get("Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(Sigv4, DerivesTheKeyOfTheChannelExample) {
  EXPECT_EQ(hex(signing_key(secret, {.unix_time = new_year, .region = "us-west-2"})),
            "c8ef0f798565a66f6a15852559a3de56cec833a536544874721c5ca98e0ce919");
}

// The unit tests that AWS's JavaScript SDK is published with.
TEST(Sigv4, PresignsAsTheJavaScriptSdksTestsExpect) {
  const auto signed_by = [](std::string_view service, std::string_view session_token, std::string path) {
    const Credentials credentials{"AKIA4F7WJQR7FMMWMNXI", "FakeSecretKey", session_token};
    const http::Url endpoint{"wss", "kvs.awsamazon.com", 443, std::move(path), ""};
    return signature_in(presign(endpoint, {{"X-Amz-TestParam", "test-param-value"}}, credentials,
                                {first_december, "us-west-2", std::string(service)})
                            .query);
  };
  EXPECT_EQ(signed_by("kinesisvideo", "FakeSessionToken", "/"),
            "fc268038be276315822b4f73eafd28ee3a5632a2a35fdb0a88db9a42b13d6c92");
  EXPECT_EQ(signed_by("kinesisvideo", "", "/"),
            "be1e78950d956a8a9a1997417099ddbd7455619f3d08c4ad20e1e272179ca695");
  EXPECT_EQ(signed_by("firehose", "FakeSessionToken", "/"),
            "f15308513d21a381d38b7607a0439f25fc2e6c9f5ff56a48c1664b486e6234d5");
  EXPECT_EQ(signed_by("kinesisvideo", "FakeSessionToken", "/path/path/path"),
            "0bf3df6ca23d8d82f688e8dbfb90d69e74843d40038541b1721c545eef7612a4");
}

struct WebSocketCase {
  std::string_view host;
  std::string_view client_id;
  bool temporary;
  std::string_view canonical_hash;
  std::string_view signature;
};

TEST(Sigv4, PresignsTheWebSocketOfMasterAndViewer) {
  constexpr std::string_view master = "m-0123abcd.kinesisvideo.us-west-2.amazonaws.com";
  constexpr std::string_view viewer = "v-0123abcd.kinesisvideo.us-west-2.amazonaws.com";
  const WebSocketCase cases[] = {
      {master, "", false, "9cc7fd511b02c2680ab93fbfe5ce7a0ad40ad5c8c94068ea0369f4d9519a57bf",
       "b04f23661933755d55909fde9f3a7a7ee7d91af9fee9f9a47064060fc924ad52"},
      {master, "", true, "d678bc56dd172c94546ac052e26eb78cdd2f0e22e82821ed3ea7a604f2bd1f93",
       "527a3aa6cc8bcc13177eb3db0e3d7ecf084383881d83886f723fb9672761a1fb"},
      {viewer, "viewer_01.A-b", false, "971a8c32b3b4d660dc72e556f3902f6efa186eb34669c85da40b446d82f3d846",
       "d2c268219b0175287986ba8e362a26a260a20ebe35659bad22d7995df537bc9d"},
      {viewer, "viewer_01.A-b", true, "d1873c3235c3203903e4194e594daa6b19e9006ddf3a740d58b4707f4279a464",
       "9e314cca4d5e939588cd88c27b83ee5d18a012acc4a3345d6b0a625ffdd1a338"},
  };
  for (const WebSocketCase& each : cases) {
    QueryParameters parameters{{"X-Amz-ChannelARN", std::string(arn)}};
    if (!each.client_id.empty()) parameters.emplace_back("X-Amz-ClientId", each.client_id);
    const http::Url url = presign({"wss", std::string(each.host), 443, "/", ""}, parameters,
                                  example(each.temporary), {new_year, "us-west-2"});
    EXPECT_EQ(signature_in(url.query), each.signature);

    const std::string canonical_query = url.query.substr(0, url.query.rfind('&'));
    const std::string canonical =
        canonical_request({"GET", url.path, canonical_query, {{"host", each.host}}, crypto::sha256({})});
    EXPECT_EQ(hex(crypto::sha256(as_bytes(canonical))), each.canonical_hash);
  }
}

TEST(Sigv4, WritesTheQueryInCanonicalOrder) {
  const http::Url url = presign({"wss", "v-0123abcd.kinesisvideo.us-west-2.amazonaws.com", 443, "/", ""},
                                {{"X-Amz-ClientId", "viewer_01.A-b"}, {"X-Amz-ChannelARN", std::string(arn)}},
                                example(true), {new_year, "us-west-2"});
  EXPECT_EQ(
      url.query,
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-ChannelARN=arn%3Aaws%3Akinesisvideo%3Aus-west-2%3A123456789012%"
      "3A"
      "channel%2Fdemo-channel%2F1234567890123&X-Amz-ClientId=viewer_01.A-b&X-Amz-Credential=AKIDEXAMPLE%2F"
      "20240115%2Fus-west-2%2Fkinesisvideo%2Faws4_request&X-Amz-Date=20240115T103045Z&X-Amz-Expires=299&X-"
      "Amz-"
      "Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2Ftoken%2Bwith%2Fspecial%3Dchars%3D%3D&X-Amz-SignedHeaders=host"
      "&X-Amz-Signature=9e314cca4d5e939588cd88c27b83ee5d18a012acc4a3345d6b0a625ffdd1a338");
}

TEST(Sigv4, SignsWhatTheHostFieldWillSay) {
  const http::Url url =
      presign({"ws", "127.0.0.1", 8443, "/", ""}, {}, example(false), {new_year, "us-west-2"});
  const CanonicalParts parts{"GET",
                             "/",
                             std::string_view(url.query).substr(0, url.query.rfind('&')),
                             {{"host", "127.0.0.1:8443"}},
                             crypto::sha256({})};
  EXPECT_EQ(signature_in(url.query), signature(parts, secret, {new_year, "us-west-2"}));
}

struct RestCase {
  std::string_view host;
  std::string path;
  std::string body;
  bool temporary;
  std::string_view body_hash;
  std::string_view canonical_hash;
  std::string_view signature;
};

TEST(Sigv4, SignsTheRestCalls) {
  const std::string channel(arn);
  const RestCase cases[] = {
      {"kinesisvideo.us-west-2.amazonaws.com", "/describeSignalingChannel",
       R"({"ChannelName":"demo-channel"})", false,
       "b402d966e0764d1d8527f462a7af9d32f0d81a6deee2ccc29a7c68a04fe74549",
       "9c358b2bcd6bf6d4c97bcbe83ad3799bb46a81d276350827c9a5afd632150a16",
       "75c93e0f72994d07c065c2500d5711897de4165e3ebcb9ae577e860a0807bd4b"},
      {"kinesisvideo.us-west-2.amazonaws.com", "/getSignalingChannelEndpoint",
       R"({"ChannelARN":")" + channel +
           R"(","SingleMasterChannelEndpointConfiguration":{"Protocols":["WSS","HTTPS"],"Role":"MASTER"}})",
       true, "8333bfd23a130ecc701f31b2cdf5394ad314b8960782ca591277265ac4ffd7dc",
       "af1a0b87a1e968edf0f19355cf4911b185ace57c941b1a664581b9e40b85559e",
       "c49e21868c07744a5a3d7e463a4ce64f2718143cbf0d38b1d2ffb04d471663cd"},
      {"r-0123abcd.kinesisvideo.us-west-2.amazonaws.com", "/v1/get-ice-server-config",
       R"({"ChannelARN":")" + channel + R"(","ClientId":"MASTER","Service":"TURN"})", true,
       "08872fde85dc8c4347d7ad930690668b0b6ae43c1660cf2a05662574779cb4b0",
       "4300513af8a46f92aa3cd6d272d347dc84f605b4bc6690c7815dac390d3d0ef0",
       "5ad38824f86c64ca3a772217369a2a36bfed95967e65406f8d0e9c0f9308e954"},
  };
  for (const RestCase& each : cases) {
    http::Request request{.method = http::Method::post, .path = each.path, .host = std::string(each.host)};
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "not signed"}};
    request.body = each.body;
    EXPECT_EQ(hex(crypto::sha256(as_bytes(request.body))), each.body_hash);

    sign(request, example(each.temporary), {new_year, "us-west-2"});

    const auto authorization = request.headers.get("Authorization");
    ASSERT_TRUE(authorization);
    EXPECT_EQ(signature_in(*authorization), each.signature);
    EXPECT_NE(authorization->find(each.temporary ? "content-type;host;x-amz-date;x-amz-security-token,"
                                                 : "content-type;host;x-amz-date,"),
              std::string_view::npos);

    CanonicalParts parts{"POST", each.path, "", {{"host", each.host}}, crypto::sha256(as_bytes(each.body))};
    parts.headers.emplace_back("X-Amz-Date", "20240115T103045Z");
    parts.headers.emplace_back("Content-Type", "application/json");
    if (each.temporary) parts.headers.emplace_back("x-amz-security-token", token);
    EXPECT_EQ(hex(crypto::sha256(as_bytes(canonical_request(parts)))), each.canonical_hash);
  }
}

TEST(Sigv4, SigningAgainReplacesTheOldSignature) {
  http::Request request{.path = "/", .host = "h"};
  sign(request, example(true), {new_year - 1000, "us-west-2"});
  sign(request, example(true), {new_year, "us-west-2"});
  http::Request fresh{.path = "/", .host = "h"};
  sign(fresh, example(true), {new_year, "us-west-2"});

  EXPECT_EQ(request.headers.count("Authorization"), 1U);
  EXPECT_EQ(request.headers.get("Authorization"), fresh.headers.get("Authorization"));
}

TEST(Sigv4, CanonicalFormsFollowTheRules) {
  const crypto::Sha256Digest nothing = crypto::sha256({});
  const CanonicalParts parts{"GET",
                             "/a%20b/c d/~x",
                             "b=2&a=%7e&a=1&c&a=%2f",
                             {{"X-B", "  two   words "}, {"x-a", "1"}, {"X-A", "2"}},
                             nothing};
  EXPECT_EQ(canonical_request(parts),
            "GET\n/a%2520b/c%20d/~x\na=%2F&a=1&a=~&b=2&c=\nx-a:1,2\nx-b:two words\n\nx-a;x-b\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace petrel::inline v0::kvs
