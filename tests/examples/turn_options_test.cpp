#include "turn/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace turn {
namespace {

using namespace std::chrono_literals;
using petrel::Endpoint;
using petrel::IpAddress;
using petrel::TransportProtocol;

std::variant<Options, shared::EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "petrel-turn");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options accepted(std::vector<const char*> arguments) {
  const auto outcome = parse(std::move(arguments));
  if (const auto* exit = std::get_if<shared::EarlyExit>(&outcome)) ADD_FAILURE() << exit->text;
  return std::holds_alternative<Options>(outcome) ? std::get<Options>(outcome) : Options{};
}

// One line that names the option, and exit code 2.
void refused(std::vector<const char*> arguments, const std::string& word) {
  const auto outcome = parse(arguments);
  const auto* exit = std::get_if<shared::EarlyExit>(&outcome);
  ASSERT_NE(exit, nullptr) << word;
  EXPECT_EQ(exit->code, 2);
  EXPECT_NE(exit->text.find(word), std::string::npos) << exit->text;
  EXPECT_EQ(exit->text.find('\n'), exit->text.size() - 1) << exit->text;
}

TEST(TurnOptions, NeedAUserAndNothingElse) {
  const Options options = accepted({"--user", "alice:wonder:land"});
  ASSERT_EQ(options.config.listeners.size(), 2u);
  EXPECT_EQ(options.config.listeners[0].local, Endpoint::v4(127, 0, 0, 1, 3478));
  EXPECT_EQ(options.config.listeners[0].protocol, TransportProtocol::udp);
  EXPECT_EQ(options.config.listeners[1].protocol, TransportProtocol::tcp);
  EXPECT_EQ(options.config.users.at(0).name, "alice");
  EXPECT_EQ(options.config.users.at(0).password, "wonder:land");
  EXPECT_TRUE(options.config.allow_peers.empty());
  EXPECT_FALSE(options.verbose);
  EXPECT_TRUE(options.config.tcp_relays);
}

TEST(TurnOptions, RefuseToBeAnOpenRelay) {
  refused({}, "open relay");
  refused({"--user", "alice"}, "--user");
  refused({"--user", "alice:"}, "--user");
  refused({"--auth-secret", "short"}, "secret");
}

TEST(TurnOptions, ServeDtlsWhereTlsIs) {
  const Options options = accepted({"--user", "a:b", "--tls", "c,k", "--dtls"});
  ASSERT_EQ(options.config.listeners.size(), 4u);
  EXPECT_EQ(options.config.listeners[3].protocol, TransportProtocol::dtls);
  EXPECT_EQ(options.config.listeners[3].local, options.config.listeners[2].local);
  EXPECT_EQ(options.asked_by[3], "--dtls 127.0.0.1:5349");
  refused({"--user", "a:b", "--dtls"}, "--dtls needs --tls");
}

TEST(TurnOptions, TakeAnAlternateThatIsOne) {
  const Options options = accepted({"--user", "a:b", "--alternate", "127.0.0.2:3479"});
  EXPECT_EQ(options.config.alternate, Endpoint::v4(127, 0, 0, 2, 3479));
  refused({"--user", "a:b", "--alternate", "127.0.0.2"}, "--alternate 127.0.0.2");
  refused({"--user", "a:b", "--alternate", "127.0.0.2:3478"}, "different addresses and ports");
  refused({"--user", "a:b", "--listen", "0.0.0.0:3478", "--alternate", "127.0.0.2:3479"}, "--alternate");
}

TEST(TurnOptions, TakeEveryFlag) {
  const Options options = accepted({"--listen",
                                    "10.0.0.5:3478",
                                    "--listen",
                                    "[::]:3478",
                                    "--tls",
                                    "chain.pem,key.pem",
                                    "--tls-listen",
                                    "10.0.0.5:443",
                                    "--realm",
                                    "example.org",
                                    "--auth-secret",
                                    "a long secret",
                                    "--allow-peer",
                                    "127.0.0.0/8",
                                    "--allow-peer",
                                    "::1",
                                    "--deny-peer",
                                    "203.0.113.0/24",
                                    "--external-ip",
                                    "203.0.113.5",
                                    "--ports",
                                    "50000-50999",
                                    "--quota",
                                    "5",
                                    "--max-allocations",
                                    "50",
                                    "--max-lifetime",
                                    "300",
                                    "--verbose",
                                    "--no-tcp-relay",
                                    "--relay-address",
                                    "10.0.0.6"});
  const auto& config = options.config;
  EXPECT_FALSE(config.tcp_relays);
  ASSERT_EQ(config.listeners.size(), 5u);
  EXPECT_EQ(config.listeners[4].protocol, TransportProtocol::tls);
  EXPECT_EQ(config.listeners[4].local, Endpoint::v4(10, 0, 0, 5, 443));
  EXPECT_EQ(options.asked_by[4], "--tls-listen 10.0.0.5:443");
  EXPECT_EQ(options.certificate_path, "chain.pem");
  EXPECT_EQ(options.key_path, "key.pem");
  EXPECT_EQ(config.realm, "example.org");
  EXPECT_EQ(config.auth_secret, "a long secret");
  EXPECT_EQ(config.allow_peers.size(), 2u);
  EXPECT_EQ(config.deny_peers.size(), 1u);
  ASSERT_EQ(config.relay_addresses.size(), 1u);
  EXPECT_EQ(config.relay_addresses[0].local, IpAddress::v4(10, 0, 0, 6));
  EXPECT_EQ(config.relay_addresses[0].advertised, IpAddress::v4(203, 0, 113, 5));
  EXPECT_EQ(config.relay_ports.first, 50000);
  EXPECT_EQ(config.relay_ports.last, 50999);
  EXPECT_EQ(config.limits.allocations_per_user, 5u);
  EXPECT_EQ(config.limits.allocations, 50u);
  EXPECT_EQ(config.timeouts.max_lifetime, 300s);
  EXPECT_EQ(config.timeouts.default_lifetime, 300s);
  EXPECT_TRUE(options.verbose);
}

TEST(TurnOptions, ServeTlsBesideEachListenerUnlessToldWhere) {
  const Options options = accepted({"--user", "a:b", "--listen", "0.0.0.0:9000", "--tls", "c,k"});
  ASSERT_EQ(options.config.listeners.size(), 3u);
  EXPECT_EQ(options.config.listeners[2].local, Endpoint::v4(0, 0, 0, 0, 5349));
}

TEST(TurnOptions, SayWhatIsWrongInOneLine) {
  refused({"--user", "a:b", "--listen", "localhost:3478"}, "--listen");
  refused({"--user", "a:b", "--tls", "cert.pem"}, "--tls");
  refused({"--user", "a:b", "--tls-listen", "0.0.0.0:443"}, "--tls");
  refused({"--user", "a:b", "--allow-peer", "10.0.0.0/33"}, "--allow-peer");
  refused({"--user", "a:b", "--deny-peer", "everybody"}, "--deny-peer");
  refused({"--user", "a:b", "--ports", "50000"}, "--ports");
  refused({"--user", "a:b", "--ports", "80-90"}, "--ports");
  refused({"--user", "a:b", "--ports", "60000-50000"}, "--ports");
  refused({"--user", "a:b", "--relay-address", "here"}, "--relay-address");
  refused({"--user", "a:b", "--external-ip", "2001:db8::1"}, "--external-ip");
  refused({"--user", "a:b", "--quota", "0"}, "--quota");
  refused({"--user", "a:b", "--nonsense"}, "--nonsense");
}

TEST(TurnOptions, ExplainThemselves) {
  const auto outcome = parse({"--help"});
  const auto& exit = std::get<shared::EarlyExit>(outcome);
  EXPECT_EQ(exit.code, 0);
  for (const char* word : {"--listen", "--tls", "--auth-secret", "--allow-peer", "Examples:"}) {
    EXPECT_NE(exit.text.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace turn
