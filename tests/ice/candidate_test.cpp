#include "petrel/ice/candidate.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::ice {
namespace {

// As browsers write them.
constexpr std::string_view chromium_host =
    "candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 ufrag EEtu network-id 1 "
    "network-cost 10";
constexpr std::string_view chromium_srflx =
    "candidate:842163049 1 udp 1677729535 198.51.100.7 60765 typ srflx raddr 0.0.0.0 rport 0 generation 0 "
    "ufrag EEtu network-cost 999";
constexpr std::string_view firefox_mdns =
    "candidate:0 1 UDP 2122252543 f3a31d1b-5ca2-4d0e-9b6a-4d1b2c3d4e5f.local 58122 typ host";
constexpr std::string_view tcp_passive = "candidate:3 1 TCP 2105524479 192.0.2.4 9 typ host tcptype active";

TEST(Candidate, IsReadAsChromiumWritesIt) {
  const Candidate candidate = parse_candidate(chromium_host).value();
  EXPECT_EQ(candidate.foundation, "1467250027");
  EXPECT_EQ(candidate.component, 1);
  EXPECT_EQ(candidate.protocol, TransportProtocol::udp);
  EXPECT_EQ(candidate.priority, 2122260223u);
  EXPECT_EQ(candidate.endpoint, Endpoint::v4(192, 168, 0, 196, 46243));
  EXPECT_EQ(candidate.type, CandidateType::host);
  EXPECT_EQ(candidate.ufrag, "EEtu");
  EXPECT_EQ(candidate.related, std::nullopt);
}

TEST(Candidate, HasARelatedAddressWhenItIsReflexive) {
  const Candidate candidate = parse_candidate(chromium_srflx).value();
  EXPECT_EQ(candidate.type, CandidateType::server_reflexive);
  EXPECT_EQ(candidate.related, Endpoint::v4(0, 0, 0, 0, 0));
}

TEST(Candidate, MayHaveAnMdnsNameInPlaceOfAnAddress) {
  const Candidate candidate = parse_candidate(firefox_mdns).value();
  EXPECT_EQ(candidate.host_name, "f3a31d1b-5ca2-4d0e-9b6a-4d1b2c3d4e5f.local");
  EXPECT_EQ(candidate.endpoint.port, 58122);
}

TEST(Candidate, MayBeOfTcp) {
  const Candidate candidate = parse_candidate(tcp_passive).value();
  EXPECT_EQ(candidate.protocol, TransportProtocol::tcp);
  EXPECT_EQ(candidate.tcp_type, "active");
}

TEST(Candidate, MayHaveAnIpv6Address) {
  const Candidate candidate = parse_candidate("candidate:1 1 udp 1 2001:db8::1 5000 typ host").value();
  EXPECT_EQ(candidate.endpoint.to_string(), "[2001:db8::1]:5000");
}

TEST(Candidate, IsReadWithAndWithoutItsPrefixesAndLineEnd) {
  const Candidate candidate = parse_candidate(chromium_host).value();
  const std::string line(chromium_host);
  EXPECT_EQ(parse_candidate("a=" + line + "\r\n").value(), candidate);
  EXPECT_EQ(parse_candidate(line + "\n").value(), candidate);
  EXPECT_EQ(parse_candidate(line.substr(line.find(':') + 1)).value(), candidate);
}

TEST(Candidate, ComesBackFromItsText) {
  for (const std::string_view line : {chromium_host, chromium_srflx, firefox_mdns, tcp_passive}) {
    const Candidate candidate = parse_candidate(line).value();
    EXPECT_EQ(parse_candidate(to_attribute(candidate)).value(), candidate) << line;
  }
}

TEST(Candidate, IsWrittenInTheOrderOfTheGrammar) {
  Candidate candidate = parse_candidate(chromium_srflx).value();
  EXPECT_EQ(
      to_attribute(candidate),
      "candidate:842163049 1 udp 1677729535 198.51.100.7 60765 typ srflx raddr 0.0.0.0 rport 0 ufrag EEtu");
}

// Cut anywhere, a line is either refused or read without reaching past its end: what it
// says is then the beginning of what the whole line said.
TEST(Candidate, SurvivesEveryTruncation) {
  for (const std::string_view line : {chromium_host, chromium_srflx, firefox_mdns, tcp_passive}) {
    const std::size_t mandatory = line.find("typ ") + 8;  // "host" at least
    for (std::size_t size = 0; size < line.size(); ++size) {
      const std::string cut(line.substr(0, size));
      const auto candidate = parse_candidate(cut);
      if (size < mandatory) {
        EXPECT_FALSE(candidate) << cut;
      }
      if (candidate) {
        EXPECT_EQ(candidate->foundation, parse_candidate(line)->foundation);
      }
    }
  }
}

TEST(Candidate, IsRefusedWithOneFieldWrong) {
  for (const std::string_view line : {
           "candidate: 1 udp 1 192.0.2.1 5000 typ host",
           "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 5000 typ host",
           "candidate:a_b 1 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 0 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 257 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 1 udp 4294967296 192.0.2.1 5000 typ host",
           "candidate:1 1 udp -1 192.0.2.1 5000 typ host",
           "candidate:1 1 udp 1 192.0.2.256 5000 typ host",
           "candidate:1 1 udp 1 2001:db8::g 5000 typ host",
           "candidate:1 1 udp 1 a/b 5000 typ host",
           "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
           "candidate:1 1 udp 1 192.0.2.1 5000 type host",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ host generation",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ srflx raddr 192.0.2.1 rport x",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ host ufrag a:b",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=setup:active",
       }) {
    const auto candidate = parse_candidate(line);
    ASSERT_FALSE(candidate) << line;
    EXPECT_EQ(candidate.error(), Errc::malformed_candidate) << line;
  }
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp 1 192.0.2.1 5000 typ host x " +
                               std::string(max_candidate_length, 'y')));
}

TEST(Candidate, OfAnotherKindIsToldApartFromNonsense) {
  EXPECT_EQ(parse_candidate("candidate:1 1 ssltcp 1 192.0.2.1 5000 typ host").error(),
            Errc::unsupported_transport);
  EXPECT_EQ(parse_candidate("candidate:1 1 udp 1 192.0.2.1 5000 typ bridge").error(), Errc::unsupported_type);
}

}  // namespace
}  // namespace petrel::inline v0::ice
