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

TEST(IceServer, SaysThatTurnIsNotSupported) {
  for (const char* url : {"turn:host", "turns:host:443?transport=tcp", "stuns:host"}) {
    EXPECT_EQ(parse_stun_url(url).error(), PeerErrc::unsupported_ice_server) << url;
  }
}

}  // namespace
}  // namespace petrel::inline v0
