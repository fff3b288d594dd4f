#include "petrel/peer/ice_server.hpp"

#include <gtest/gtest.h>

#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

// RFC 7064 3.1.
TEST(IceServer, ReadsNamesAndAddressesWithAndWithoutPort) {
  const struct {
    const char* url;
    const char* host;
    std::uint16_t port;
  } rows[] = {{"stun:stun.example.org", "stun.example.org", 3478},
              {"stun:stun.example.org:19302", "stun.example.org", 19302},
              {"stun:192.0.2.1:3479", "192.0.2.1", 3479},
              {"stun:[2001:db8::1]", "2001:db8::1", 3478},
              {"stun:[2001:db8::1]:5000", "2001:db8::1", 5000}};
  for (const auto& row : rows) {
    const auto server = parse_stun_url(row.url);
    ASSERT_TRUE(server) << row.url;
    EXPECT_EQ(server->host, row.host);
    EXPECT_EQ(server->port, row.port);
  }
}

TEST(IceServer, RefusesWhatIsNoStunUrl) {
  for (const char* url : {"", "stun", "stun:", "stun::3478", "stun:host:", "stun:host:0", "stun:host:65536",
                          "stun:host:port", "stun:[2001:db8::1", "stun:[2001:db8::1]x", "stun://host",
                          "stun:host?transport=udp", "stun:user@host", "http://host", "stun:a b"}) {
    const auto server = parse_stun_url(url);
    ASSERT_FALSE(server) << url;
    EXPECT_EQ(server.error(), PeerErrc::bad_ice_server) << url;
  }
}

TEST(IceServer, SaysThatStunOverTlsIsNotSupported) {
  EXPECT_EQ(parse_stun_url("stuns:host").error(), PeerErrc::unsupported_ice_server);
  EXPECT_EQ(parse_ice_server({.url = "stuns:host"}).error(), PeerErrc::unsupported_ice_server);
  EXPECT_EQ(parse_stun_url("stun:host?transport=tcp").error(), PeerErrc::unsupported_ice_server);
}

TEST(IceServer, ReadsTurnServersWithTheirCredentials) {
  const auto server = parse_ice_server(
      {.url = "turns:turn.example.org?transport=tcp", .username = "ada", .credential = "secret"});
  ASSERT_TRUE(server);
  const auto& turn = std::get<ice::TurnServer>(*server);
  EXPECT_EQ(turn.uri.host, "turn.example.org");
  EXPECT_EQ(turn.uri.port, 5349);
  EXPECT_EQ(turn.uri.protocol, TransportProtocol::tls);
  EXPECT_EQ(turn.credentials.username, "ada");
  EXPECT_EQ(turn.credentials.password, "secret");
  EXPECT_TRUE(std::holds_alternative<ice::StunServer>(*parse_ice_server({.url = "stun:192.0.2.1"})));
}

TEST(IceServer, SaysWhatATurnServerLacks) {
  EXPECT_EQ(parse_ice_server({.url = "turn:host"}).error(), PeerErrc::ice_server_without_credentials);
  EXPECT_EQ(parse_ice_server({.url = "TURN:host", .username = "ada"}).error(),
            PeerErrc::ice_server_without_credentials);
  EXPECT_EQ(parse_ice_server({.url = "turn:host?transport=sctp", .username = "a", .credential = "b"}).error(),
            turn::Errc::unsupported_uri_transport);
  EXPECT_EQ(parse_ice_server({.url = "http://host", .username = "a", .credential = "b"}).error(),
            PeerErrc::bad_ice_server);
}

}  // namespace
}  // namespace petrel::inline v0
