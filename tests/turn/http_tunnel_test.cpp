#include "turn/http_tunnel.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::string_view target = "turn.example.org:443";
constexpr std::string_view good = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";

HttpTunnel tunnel(std::string username = "", std::string password = "") {
  return {{.host = "proxy", .username = std::move(username), .password = std::move(password)},
          std::string(target)};
}
std::string request_of(const HttpTunnel& tunnel) {
  const PacketBuffer packet = tunnel.request().value();
  return std::string(as_text(packet.bytes()));
}
LinkFailure failure_after(std::string_view answer, HttpTunnel tunnel = turn::tunnel()) {
  tunnel.feed(as_bytes(answer));
  EXPECT_FALSE(tunnel.is_open()) << answer;
  EXPECT_TRUE(tunnel.failure()) << answer;
  return tunnel.failure().value_or(LinkFailure{});
}

TEST(HttpTunnel, AsksForTheServer) {
  EXPECT_EQ(request_of(tunnel()),
            "CONNECT turn.example.org:443 HTTP/1.1\r\nHost: turn.example.org:443\r\n\r\n");
}

// RFC 7617 2: the example of the RFC.
TEST(HttpTunnel, ShowsItsCredentials) {
  EXPECT_NE(request_of(tunnel("Aladdin", "open sesame"))
                .find("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos);
}

TEST(HttpTunnel, SaysThatCredentialsAreTooLong) {
  const auto request = tunnel(std::string(2000, 'a'), "b").request();
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error(), petrel::Errc::too_long);
}

TEST(HttpTunnel, OpensAtAnyCut) {
  for (std::size_t cut = 0; cut <= good.size(); ++cut) {
    HttpTunnel cut_tunnel = tunnel();
    EXPECT_TRUE(cut_tunnel.feed(as_bytes(good.substr(0, cut))).empty());
    EXPECT_EQ(cut_tunnel.is_open(), cut == good.size());
    EXPECT_FALSE(cut_tunnel.failure());
    cut_tunnel.feed(as_bytes(good.substr(cut)));
    EXPECT_TRUE(cut_tunnel.is_open()) << cut;
  }
}

TEST(HttpTunnel, LeavesWhatFollowsToTheServer) {
  HttpTunnel open = tunnel();
  const std::string bytes = std::string(good) + "\x16\x03\r\n\r\n";
  const Bytes rest = open.feed(as_bytes(bytes));
  EXPECT_EQ(as_text(rest), "\x16\x03\r\n\r\n");
  EXPECT_EQ(open.feed(as_bytes("more")).size(), 4u) << "all of it, from then on";
}

TEST(HttpTunnel, TakesEverySuccessAndSkipsWhatIsInterim) {
  for (const char* answer :
       {"HTTP/1.0 200\r\n\r\n", "HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 299 fine\r\nX: y\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: z\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    HttpTunnel open = tunnel();
    EXPECT_TRUE(open.feed(as_bytes(answer)).empty());
    EXPECT_TRUE(open.is_open()) << answer;
  }
}

TEST(HttpTunnel, SaysWhatTheProxyWants) {
  const std::string wants = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: ";
  LinkFailure failure = failure_after(wants + "Basic realm=\"x\"\r\n\r\n");
  EXPECT_EQ(failure.error, Errc::proxy_unauthenticated);
  EXPECT_EQ(failure.detail, "the proxy wants a username and password (407 Proxy Authentication Required)");
  failure = failure_after(wants + "Basic realm=\"x\"\r\n\r\n", tunnel("ada", "wrong"));
  EXPECT_EQ(failure.detail,
            "the proxy does not take our username and password (407 Proxy Authentication Required)");
  failure = failure_after(wants + "Negotiate\r\nproxy-authenticate:\tNTLM\r\n\r\n", tunnel("ada", "x"));
  EXPECT_EQ(failure.error, Errc::proxy_unauthenticated);
  EXPECT_EQ(failure.detail,
            "the proxy wants authentication by Negotiate, NTLM, not by Basic (407 Proxy "
            "Authentication Required)");
  failure = failure_after(wants + "Digest realm=\"x\", nonce=\"y\", BASIC realm=z\r\n\r\n");
  EXPECT_EQ(failure.detail.find("authentication by"), std::string::npos) << "Basic is among them";
  EXPECT_EQ(failure_after("HTTP/1.1 407\r\n\r\n").error, Errc::proxy_unauthenticated);
}

TEST(HttpTunnel, TellsARefusalFromAFailure) {
  const LinkFailure refused = failure_after("HTTP/1.1 403 Forbidden\r\n\r\nbody");
  EXPECT_EQ(refused.error, Errc::proxy_refused);
  EXPECT_EQ(refused.detail, "the proxy does not let us connect to turn.example.org:443 (403 Forbidden)");
  EXPECT_EQ(failure_after("HTTP/1.1 301 Moved\r\n\r\n").error, Errc::proxy_refused);
  EXPECT_EQ(failure_after("HTTP/1.1 405 \r\n\r\n").error, Errc::proxy_refused);
  const LinkFailure failed = failure_after("HTTP/1.0 502 Bad Gateway\r\n\r\n");
  EXPECT_EQ(failed.error, Errc::proxy_failed);
  EXPECT_EQ(failed.detail, "the proxy cannot reach turn.example.org:443 (502 Bad Gateway)");
  EXPECT_EQ(failure_after("HTTP/1.1 403 a\x1b[2Jb\r\n\r\n").detail.find('\x1b'), std::string::npos);
}

TEST(HttpTunnel, IsNotFooledByWhatIsNoProxy) {
  for (const char* answer : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "HTTP/2 200\r\n\r\n",
                             "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n",
                             "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n"}) {
    EXPECT_EQ(failure_after(answer).error, Errc::bad_proxy_answer) << answer;
  }
}

TEST(HttpTunnel, HearsNoAnswerWithoutEnd) {
  HttpTunnel endless = tunnel();
  const std::string start = "HTTP/1.1 200 OK\r\nX: ";
  const std::string chatter(HttpTunnel::max_answer_bytes - start.size(), 'x');
  endless.feed(as_bytes(start + chatter));
  EXPECT_FALSE(endless.failure());
  endless.feed(as_bytes("x"));
  ASSERT_TRUE(endless.failure());
  EXPECT_EQ(endless.failure()->error, Errc::bad_proxy_answer);
}

TEST(HttpTunnel, CountsInterimAnswersToo) {
  HttpTunnel endless = tunnel();
  for (std::size_t i = 0; i < HttpTunnel::max_answer_bytes && !endless.failure(); ++i) {
    endless.feed(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  EXPECT_TRUE(endless.failure());
}

}  // namespace
}  // namespace petrel::inline v0::turn
