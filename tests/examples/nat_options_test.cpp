#include "nat/options.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "petrel/stun/errc.hpp"

namespace nat {
namespace {

using namespace std::chrono_literals;
using petrel::Endpoint;
using petrel::IpAddress;
using petrel::IpFamily;
using petrel::stun::NatDependence;
using petrel::stun::NatReport;

std::variant<Options, shared::EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "petrel-nat");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options accepted(std::vector<const char*> arguments) {
  const auto outcome = parse(std::move(arguments));
  if (const auto* exit = std::get_if<shared::EarlyExit>(&outcome)) ADD_FAILURE() << exit->text;
  return std::holds_alternative<Options>(outcome) ? std::get<Options>(outcome) : Options{};
}

void refused(std::vector<const char*> arguments, const std::string& word) {
  const auto outcome = parse(arguments);
  const auto* exit = std::get_if<shared::EarlyExit>(&outcome);
  ASSERT_NE(exit, nullptr) << word;
  EXPECT_EQ(exit->code, 2);
  EXPECT_NE(exit->text.find(word), std::string::npos) << exit->text;
  EXPECT_EQ(exit->text.find('\n'), exit->text.size() - 1) << exit->text;
}

TEST(NatOptions, NeedAServer) {
  const Options options = accepted({"stun:stun.example.org"});
  EXPECT_EQ(options.server.host, "stun.example.org");
  EXPECT_EQ(options.server.port, 3478);
  EXPECT_EQ(options.family, IpFamily::v4);
  EXPECT_FALSE(options.local || options.measure_lifetime);
  refused({}, "server");
  refused({"stun.example.org"}, "stun:HOST");
}

TEST(NatOptions, TakeEveryFlag) {
  const Options options = accepted({"--lifetime", "--local", "fd00::2", "stun:example.org:99"});
  EXPECT_TRUE(options.measure_lifetime);
  EXPECT_EQ(options.local, IpAddress::parse("fd00::2"));
  EXPECT_EQ(options.family, IpFamily::v6);
  EXPECT_EQ(options.server.port, 99);
  EXPECT_EQ(accepted({"-6", "stun:example.org"}).family, IpFamily::v6);
  EXPECT_EQ(accepted({"stun:[::1]"}).family, IpFamily::v6);
  refused({"--local", "here", "stun:example.org"}, "--local here");
  refused({"--local", "10.0.0.1", "stun:[::1]"}, "one family");
}

TEST(NatOptions, TakeTheTransportFromTheUrlOrBesideIt) {
  using petrel::TransportProtocol;
  const Options by_tcp = accepted({"stun:example.org?transport=tcp"});
  EXPECT_EQ(by_tcp.transport, TransportProtocol::tcp);
  EXPECT_EQ(by_tcp.url, "stun:example.org:3478?transport=tcp");
  EXPECT_EQ(accepted({"--transport", "tcp", "stun:example.org:99"}).url, "stun:example.org:99?transport=tcp");
  EXPECT_EQ(accepted({"stuns:example.org"}).url, "stuns:example.org:5349");
  EXPECT_EQ(accepted({"--transport", "tls", "stun:example.org"}).url, "stuns:example.org:5349");
  EXPECT_EQ(accepted({"--transport", "dtls", "stun:[::1]"}).url, "stuns:[::1]:5349?transport=udp");
  EXPECT_EQ(accepted({"--transport", "udp", "stuns:example.org"}).url, "stun:example.org:3478");
  refused({"--transport", "sctp", "stun:example.org"}, "--transport");
  refused({"--lifetime", "stuns:example.org"}, "--lifetime");
  refused({"stun:example.org?transport=sctp"}, "stun:HOST");
}

TEST(NatOptions, PrintWhatAConnectionTells) {
  const Seen seen{.transport = petrel::TransportProtocol::tls,
                  .mapped = Endpoint::v4(203, 0, 113, 5, 6000),
                  .local = Endpoint::v4(192, 168, 0, 2, 5000),
                  .server = Endpoint::v4(192, 0, 2, 1, 5349),
                  .tls_version = "TLSv1.3"};
  EXPECT_EQ(text_of(seen),
            "The server answers over TLS.\n\nServer:        192.0.2.1:5349\nSeen as:       203.0.113.5:6000\n"
            "From:          192.168.0.2:5000\nTranslated:    yes\nProtected by:  TLSv1.3\n");
}

TEST(NatOptions, TellTheFindingsInOneCode) {
  NatReport report{.server = Endpoint::v4(192, 0, 2, 1, 3478)};
  report.error = petrel::stun::Errc::timed_out;
  EXPECT_EQ(exit_code(report), 5);
  report.error = petrel::stun::Errc::refused;
  EXPECT_EQ(exit_code(report), 1);
  report.mapped = Endpoint::v4(203, 0, 113, 5, 6000);
  EXPECT_EQ(exit_code(report), 4);
  report.mapping = NatDependence::endpoint_independent;
  EXPECT_EQ(exit_code(report), 0);
  report.filtering = NatDependence::endpoint_independent;
  EXPECT_EQ(exit_code(report), 0);
  report.mapping = NatDependence::address_dependent;
  EXPECT_EQ(exit_code(report), 3);
}

TEST(NatOptions, TellABlockFromAServerThatIsDown) {
  NatReport report{.server = Endpoint::v4(192, 0, 2, 1, 3478)};
  report.error = petrel::stun::Errc::timed_out;
  EXPECT_NE(text_of(report, true).find("blocks UDP"), std::string::npos);
  EXPECT_NE(text_of(report, false).find("not answer over TCP either"), std::string::npos);
  EXPECT_EQ(text_of(report).find("over TCP:"), std::string::npos);
}

TEST(NatOptions, PrintEveryFinding) {
  NatReport report{.server = Endpoint::v4(192, 0, 2, 1, 3478)};
  EXPECT_EQ(text_of(report).find("Seen as"), std::string::npos);
  report.mapped = Endpoint::v4(203, 0, 113, 5, 6000);
  report.translated = true;
  report.mapping = NatDependence::endpoint_independent;
  report.filtering = NatDependence::address_dependent;
  report.hairpinning = false;
  report.lifetime = petrel::stun::NatLifetime{25s, 45s};
  const std::string text = text_of(report);
  for (const char* line :
       {"Server:        192.0.2.1:3478\n", "Seen as:       203.0.113.5:6000\n", "Translated:    yes\n",
        "Mapping:       endpoint-independent\n", "Filtering:     address-dependent\n", "Hairpinning:   no\n",
        "Port kept:     unknown\n", "Lifetime:      25 s to 45 s\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace nat
