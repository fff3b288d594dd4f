#include "petrel/io/stun_binding.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "petrel/io/turn_server.hpp"
#include "petrel/stun/errc.hpp"
#include "petrel/tls/errc.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

struct StunBinding : testing::Test {
  asio::io_context io{1};
  Network network{io.get_executor(), {.include_loopback = true}};
  tls::ServerIdentity identity = tls::ServerIdentity::self_signed({"127.0.0.1"}, network.unix_time()).value();
  TurnServer server{network, config()};

  turn_server::ServerConfig config() {
    turn_server::ServerConfig config;
    for (const auto protocol :
         {TransportProtocol::udp, TransportProtocol::tcp, TransportProtocol::tls, TransportProtocol::dtls}) {
      config.listeners.push_back({Endpoint::v4(127, 0, 0, 1, 0), protocol});
    }
    config.identity = identity;
    config.stun_only = true;
    return config;
  }
  bool run_until(const std::function<bool()>& done) {
    io.restart();
    while (!done() && io.run_one_for(10s) != 0) continue;
    return done();
  }
  std::string port(std::size_t listener) {
    EXPECT_TRUE(run_until([&] { return server.local_endpoints().size() == 4; }));
    return std::to_string(server.local_endpoints().at(listener).port);
  }
  StunQuery query(std::string url) {
    StunQuery query{.url = std::move(url)};
    query.tls.ca_pem = identity.certificate_pem();
    query.tls.use_system_roots = false;
    query.tls.unix_time = network.unix_time();
    return query;
  }
  // The answer; or the error, and what it says.
  std::optional<StunAnswer> ask(StunQuery query) {
    std::optional<StunAnswer> answer;
    bool done = false;
    const auto asking = [&]() -> asio::awaitable<void> {
      try {
        answer = co_await ask_stun(network, std::move(query));
      } catch (const std::system_error& thrown) {
        error = thrown.code();
        text = thrown.what();
      }
      done = true;
    };
    asio::co_spawn(io, asking, [](std::exception_ptr) {});
    EXPECT_TRUE(run_until([&] { return done; }));
    return answer;
  }
  std::error_code error;
  std::string text;
};

TEST_F(StunBinding, IsAskedForByEveryTransport) {
  const std::string host = "127.0.0.1:";
  for (const std::string& url : {"stun:" + host + port(0), "stun:" + host + port(1) + "?transport=tcp",
                                 "stuns:" + host + port(2), "stuns:" + host + port(3) + "?transport=udp"}) {
    const auto answer = ask(query(url));
    ASSERT_TRUE(answer) << url << ": " << text;
    EXPECT_EQ(answer->mapped.address, IpAddress::v4(127, 0, 0, 1)) << url;
    EXPECT_EQ(answer->mapped.port, answer->local.port) << url;
    EXPECT_EQ(answer->tls_version.empty(), url.starts_with("stun:")) << url;
  }
  EXPECT_EQ(server.stats().bindings_answered, 4u);
  EXPECT_TRUE(run_until([&] { return server.stats().connections <= 1; })) << "only DTLS takes its time";
}

TEST_F(StunBinding, FailsInWords) {
  StunQuery strange = query("stuns:127.0.0.1:" + port(2));
  strange.tls.ca_pem.clear();
  EXPECT_FALSE(ask(strange));
  EXPECT_EQ(error.category(), tls::make_error_code(tls::Errc{}).category()) << text;

  EXPECT_FALSE(ask(query("stun:127.0.0.1:1?transport=tcp")));
  EXPECT_EQ(error, std::errc::connection_refused);
  EXPECT_NE(text.find("no connection to 127.0.0.1:1"), std::string::npos) << text;

  // A TURN server by TLS does not understand what is not TLS, and hangs up.
  EXPECT_FALSE(ask(query("stun:127.0.0.1:" + port(2) + "?transport=tcp")));
  EXPECT_FALSE(ask(query("http://127.0.0.1")));
  EXPECT_EQ(error, turn::Errc::bad_uri_scheme);
}

}  // namespace
}  // namespace petrel::inline v0
