#include "petrel/http/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace petrel::inline v0::http {
namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: 7\r\nContent-Length: 2\r\n\r\n{}";

std::optional<Response> parse(std::string_view text, Method method = Method::post) {
  ResponseParser parser;
  parser.expect(method);
  parser.feed(as_bytes(text));
  parser.end();
  return parser.take();
}

std::optional<ResponseFault> fault_of(std::string_view text, ResponseLimits limits = {}) {
  ResponseParser parser(limits);
  parser.feed(as_bytes(text));
  parser.end();
  return parser.fault();
}

TEST(ResponseParser, ReadsAResponseWithABody) {
  ResponseParser parser;

  EXPECT_EQ(parser.feed(as_bytes(answer)), answer.size());

  const auto response = parser.take();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, Status::ok);
  EXPECT_EQ(response->headers.get("X-Amzn-RequestID"), "7");
  EXPECT_EQ(response->body, "{}");
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_FALSE(parser.started());
}

TEST(ResponseParser, DoesNotCareHowTheStreamIsCut) {
  const std::string stream =
      std::string(answer) +
      "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nwrong\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    ResponseParser parser;
    std::vector<Response> responses;
    for (std::size_t at = 0; at < stream.size();) {
      at += parser.feed(as_bytes(stream).subspan(at, std::min(step, stream.size() - at)));
      if (auto response = parser.take()) responses.push_back(*std::move(response));
    }
    ASSERT_EQ(responses.size(), 2U) << step;
    EXPECT_EQ(responses[1].status, Status::forbidden);
    EXPECT_EQ(responses[1].body, "wrong");
    EXPECT_FALSE(parser.keep_alive());
  }
}

TEST(ResponseParser, NoPrefixIsAResponse) {
  for (std::size_t size = 1; size < answer.size(); ++size) {
    ResponseParser parser;
    parser.feed(as_bytes(answer.substr(0, size)));
    EXPECT_FALSE(parser.complete());
    EXPECT_TRUE(parser.started());
    parser.end();
    ASSERT_TRUE(parser.fault()) << size;
    EXPECT_EQ(parser.fault()->error, Errc::response_cut_short);
  }
}

TEST(ResponseParser, AnEndBetweenResponsesIsNoFault) {
  ResponseParser parser;
  parser.end();
  EXPECT_FALSE(parser.fault());
}

TEST(ResponseParser, LeavesWhatComesAfterASwitchOfProtocols) {
  constexpr std::string_view text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00";
  ResponseParser parser;

  EXPECT_EQ(parser.feed(as_bytes(text)), text.size() - 1);

  const auto response = parser.take();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, Status::switching_protocols);
}

TEST(ResponseParser, SkipsInterimResponses) {
  const auto response =
      parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + std::string(answer));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, Status::ok);
  EXPECT_FALSE(response->headers.get("Link"));

  std::string endless;
  for (int i = 0; i < 20; ++i) endless += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(fault_of(endless)->error, Errc::malformed_response);
}

TEST(ResponseParser, KnowsWhichResponsesHaveNoBody) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head)->body, "");
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\n\r\n")->status, Status::no_content);
  EXPECT_TRUE(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"));
}

TEST(ResponseParser, ABodyWithoutLengthEndsWithTheConnection) {
  ResponseParser parser;
  parser.feed(as_bytes("HTTP/1.0 200 OK\r\n\r\nall of this"));
  EXPECT_FALSE(parser.complete());

  parser.end();

  EXPECT_EQ(parser.take()->body, "all of this");
  EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, KeepsAStatusThatHasNoName) {
  EXPECT_EQ(static_cast<int>(parse("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n")->status), 599);
  EXPECT_EQ(static_cast<int>(parse("HTTP/1.1 504\r\nContent-Length: 0\r\n\r\n")->status), 504);
}

TEST(ResponseParser, RefusesWhatIsNoHttp) {
  for (const std::string_view text :
       {"SSH-2.0-OpenSSH_9\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const auto fault = fault_of(text);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->error, Errc::malformed_response) << text;
  }
}

TEST(ResponseParser, HasLimits) {
  const ResponseLimits limits{.status_line_bytes = 20, .header_bytes = 20, .headers = 2, .body_bytes = 4};
  for (const std::string_view text :
       {"HTTP/1.1 200 a long reason phrase\r\n", "HTTP/1.1 200 OK\r\nA: 012345678901234567\r\n",
        "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n12345"}) {
    const auto fault = fault_of(text, limits);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->error, Errc::response_too_large) << text;
  }
}

}  // namespace
}  // namespace petrel::inline v0::http
