#include "shared/server_options.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "shared/page_response.hpp"
#include "shared/user_error.hpp"

namespace shared {
namespace {

ServerOptions listening_on(std::string address) {
  ServerOptions options;
  options.listen = std::move(address);
  options.is_public = true;
  check(options);
  return options;
}

petrel::http::Request asking(std::string host) {
  petrel::http::Request request;
  request.path = "/";
  request.host = std::move(host);
  return request;
}

TEST(ServerOptions, LetLoopbackListenWithoutAToken) {
  for (const std::string address : {"127.0.0.1:0", "127.8.0.1:80", "[::1]:8080", "localhost:8080"}) {
    ServerOptions options;
    options.listen = address;
    EXPECT_NO_THROW(check(options)) << address;
  }
}

TEST(ServerOptions, WantATokenOrAnExplicitPublicBeyondLoopback) {
  ServerOptions options;
  options.listen = "192.168.1.5:8080";
  EXPECT_THROW(check(options), UserError);
  options.token = "word";
  EXPECT_NO_THROW(check(options));
  options.token.clear();
  options.is_public = true;
  EXPECT_NO_THROW(check(options));
}

TEST(ServerOptions, TakeServersFromAFileAsItIsNow) {
  const std::string path = ::testing::TempDir() + "ice_servers";
  ServerOptions options;
  options.ice_servers = {"stun:stun.example"};
  options.ice_server_file = path;
  EXPECT_THROW(ice_servers_of(options), UserError) << "there is none";
  std::ofstream(path) << "# by the hour\nturn:turn.example,1700000000:cam,first,with commas\n\n";
  const auto servers = ice_servers_of(options);
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[1].url, "turn:turn.example");
  EXPECT_EQ(servers[1].credential, "first,with commas");
  std::ofstream(path) << "turn:turn.example,,secret\n";
  try {
    ice_servers_of(options);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("turn:turn.example"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  }
}

TEST(ServerOptions, AllowTheHostThatIsListenedOn) {
  const auto policy = access_policy(listening_on("192.168.1.5:8080"));
  EXPECT_FALSE(refuse_access(policy, asking("192.168.1.5:8080")));
  EXPECT_TRUE(refuse_access(policy, asking("192.168.1.6:8080")));
  EXPECT_FALSE(refuse_access(access_policy(listening_on("[2001:db8::1]:80")), asking("[2001:db8::1]")));
}

TEST(ServerOptions, AllowAnyAddressWhenAllAreListenedOn) {
  const auto policy = access_policy(listening_on("0.0.0.0:8080"));
  EXPECT_FALSE(refuse_access(policy, asking("192.168.1.6:8080")));
  EXPECT_TRUE(refuse_access(policy, asking("rebind.example:8080")));
}

std::string own_name() {
  std::array<char, 256> name{};
  EXPECT_EQ(gethostname(name.data(), name.size() - 1), 0);
  return std::string(name.data()).substr(0, std::string_view(name.data()).find('.'));
}

TEST(ServerOptions, AllowThisMachinesNameWhenOthersMayCome) {
  const auto policy = access_policy(listening_on("0.0.0.0:8080"));
  EXPECT_FALSE(refuse_access(policy, asking(own_name() + ".local:8080")));
  EXPECT_FALSE(refuse_access(policy, asking(own_name())));
  EXPECT_TRUE(refuse_access(policy, asking(own_name() + ".example:8080")));
  EXPECT_TRUE(refuse_access(access_policy(listening_on("127.0.0.1:0")), asking(own_name() + ".local")));

  ServerOptions options = listening_on("0.0.0.0:0");
  options.token = "word";
  EXPECT_EQ(address_from_elsewhere(options, petrel::Endpoint::v4(0, 0, 0, 0, 81)),
            "http://" + own_name() + ".local:81/?token=word");
  EXPECT_FALSE(address_from_elsewhere(options, petrel::Endpoint::v4(127, 0, 0, 1, 81)));
}

TEST(ServerOptions, TakeTheTokenFromAFile) {
  const std::string path = ::testing::TempDir() + "token";
  ServerOptions options;
  options.listen = "0.0.0.0:0";
  options.token_file = path;
  std::remove(path.c_str());
  EXPECT_THROW(check(options), UserError) << "there is none";
  std::ofstream(path).flush();
  EXPECT_THROW(check(options), UserError) << "it is empty";
  std::ofstream(path) << "\nword\n";
  EXPECT_THROW(check(options), UserError) << "its first line is";
  std::ofstream(path) << "two words\n";
  EXPECT_THROW(check(options), UserError);
  options.token.clear();
  std::ofstream(path) << "word\r\nmore\n";
  EXPECT_NO_THROW(check(options));
  EXPECT_EQ(options.token, "word");
  EXPECT_THROW(check(options), UserError) << "a token beside the file";
}

TEST(ServerOptions, NameTheAddressToOpen) {
  ServerOptions options = listening_on("0.0.0.0:0");
  EXPECT_EQ(page_address(options, petrel::Endpoint::v4(0, 0, 0, 0, 8080)), "http://127.0.0.1:8080/");
  options.token = "word";
  EXPECT_EQ(page_address(options, *petrel::Endpoint::parse("[::1]:81")), "http://[::1]:81/?token=word");
}

TEST(PageResponse, CannotBeFramedOrLoadFromElsewhere) {
  const auto response = page_response("<p>");
  EXPECT_EQ(response.body, "<p>");
  const auto policy = response.headers.get("Content-Security-Policy");
  ASSERT_TRUE(policy);
  EXPECT_NE(policy->find("frame-ancestors 'none'"), policy->npos);
  EXPECT_NE(policy->find("default-src 'none'"), policy->npos);
}

}  // namespace
}  // namespace shared
