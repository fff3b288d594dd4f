#include "petrel/turn/uri.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn {
namespace {

ServerUri parsed(std::string_view uri) {
  const auto server = parse_server_uri(uri);
  EXPECT_TRUE(server) << uri;
  return server ? *server : ServerUri{};
}

TEST(TurnUri, ReadsTheExamplesOfItsRfc) {
  // RFC 7065 3.1's table, in its order.
  EXPECT_EQ(parsed("turn:example.org"), (ServerUri{"example.org", 3478, TransportProtocol::udp}));
  EXPECT_EQ(parsed("turns:example.org"), (ServerUri{"example.org", 5349, TransportProtocol::tls}));
  EXPECT_EQ(parsed("turn:example.org:8000"), (ServerUri{"example.org", 8000, TransportProtocol::udp}));
  EXPECT_EQ(parsed("turn:example.org?transport=udp"),
            (ServerUri{"example.org", 3478, TransportProtocol::udp}));
  EXPECT_EQ(parsed("turn:example.org?transport=tcp"),
            (ServerUri{"example.org", 3478, TransportProtocol::tcp}));
  EXPECT_EQ(parsed("turns:example.org?transport=tcp"),
            (ServerUri{"example.org", 5349, TransportProtocol::tls}));
}

TEST(TurnUri, MeansDtlsBySecureUdp) {
  EXPECT_EQ(parsed("turns:example.org:443?transport=udp"),
            (ServerUri{"example.org", 443, TransportProtocol::dtls}));
}

TEST(TurnUri, TakesAddresses) {
  EXPECT_EQ(parsed("turn:192.0.2.1:80"), (ServerUri{"192.0.2.1", 80, TransportProtocol::udp}));
  EXPECT_EQ(parsed("turn:[2001:db8::1]"), (ServerUri{"2001:db8::1", 3478, TransportProtocol::udp}));
  EXPECT_EQ(parsed("turns:[2001:db8::1]:443?transport=tcp"),
            (ServerUri{"2001:db8::1", 443, TransportProtocol::tls}));
}

TEST(TurnUri, DoesNotCareForCase) {
  EXPECT_EQ(parsed("TURN:Example.org?Transport=TCP"),
            (ServerUri{"Example.org", 3478, TransportProtocol::tcp}));
}

TEST(TurnUri, NamesWhatIsWrong) {
  for (const auto& [uri, expected] : {
           std::pair<std::string_view, Errc>{"", Errc::bad_uri_scheme},
           {"turn", Errc::bad_uri_scheme},
           {"stun:example.org", Errc::bad_uri_scheme},
           {"turnss:example.org", Errc::bad_uri_scheme},
           {"turn:", Errc::bad_uri_host},
           {"turn::3478", Errc::bad_uri_host},
           {"turn://example.org", Errc::bad_uri_host},
           {"turn:user@example.org", Errc::bad_uri_host},
           {"turn:exam ple.org", Errc::bad_uri_host},
           {"turn:[192.0.2.1]", Errc::bad_uri_host},
           {"turn:[2001:db8::1", Errc::bad_uri_host},
           {"turn:[]", Errc::bad_uri_host},
           {"turn:2001:db8::1", Errc::bad_uri_port},
           {"turn:[2001:db8::1]80", Errc::bad_uri_port},
           {"turn:example.org:", Errc::bad_uri_port},
           {"turn:example.org:0", Errc::bad_uri_port},
           {"turn:example.org:65536", Errc::bad_uri_port},
           {"turn:example.org:-1", Errc::bad_uri_port},
           {"turn:example.org:80x", Errc::bad_uri_port},
           {"turn:example.org:99999999999999999999", Errc::bad_uri_port},
           {"turn:example.org?", Errc::bad_uri_query},
           {"turn:example.org?ttl=1", Errc::bad_uri_query},
           {"turn:example.org?transport=", Errc::unsupported_uri_transport},
           {"turn:example.org?transport=sctp", Errc::unsupported_uri_transport},
           {"turn:example.org?transport=udp&x=1", Errc::unsupported_uri_transport},
       }) {
    const auto server = parse_server_uri(uri);
    ASSERT_FALSE(server) << uri;
    EXPECT_EQ(server.error(), expected) << uri;
  }
}

TEST(TurnUri, HasNoHostLongerThanANameCanBe) {
  EXPECT_TRUE(parse_server_uri("turn:" + std::string(255, 'a')));
  EXPECT_FALSE(parse_server_uri("turn:" + std::string(256, 'a')));
}

TEST(TurnUri, IsWrittenBackTheSame) {
  for (const std::string_view uri : {"turn:example.org:3478", "turn:example.org:1?transport=tcp",
                                     "turns:example.org:5349", "turns:[2001:db8::1]:443?transport=udp"}) {
    EXPECT_EQ(to_string(parsed(uri)), uri);
  }
}

}  // namespace
}  // namespace petrel::inline v0::turn
