#include "petrel/turn_server/config.hpp"

#include <gtest/gtest.h>

#include "turn_server/relay_addresses.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

template <class Change>
std::error_code error_after(Change change) {
  ServerConfig config = test_config();
  change(config);
  const auto checked = check(config);
  return checked ? std::error_code{} : checked.error();
}

TEST(ServerConfig, OfTheTestsIsGood) { EXPECT_TRUE(check(test_config())); }

TEST(ServerConfig, NeedsListeners) {
  EXPECT_EQ(error_after([](auto& c) { c.listeners.clear(); }), Errc::no_listener);
  EXPECT_EQ(error_after([](auto& c) { c.listeners.resize(max_listeners + 1, c.listeners[0]); }),
            Errc::no_listener);
  EXPECT_FALSE(error_after([](auto& c) { c.listeners.resize(max_listeners, c.listeners[0]); }));
}

TEST(ServerConfig, NeedsAnAlternateThatDiffersInBoth) {
  const auto with = [](const char* alternate, const char* first = "192.0.2.1:3478") {
    return error_after([&](auto& c) {
      c.listeners[0].local = *Endpoint::parse(first);
      c.relay_addresses = {{server_address}};
      c.alternate = Endpoint::parse(alternate);
    });
  };
  EXPECT_FALSE(with("192.0.2.2:3479"));
  EXPECT_FALSE(with("192.0.2.2:0"));
  EXPECT_FALSE(with("192.0.2.2:0", "192.0.2.1:0"));
  EXPECT_EQ(with("192.0.2.2:3478"), Errc::bad_alternate);
  EXPECT_EQ(with("192.0.2.1:3479"), Errc::bad_alternate);
  EXPECT_EQ(with("0.0.0.0:3479"), Errc::bad_alternate);
  EXPECT_EQ(with("224.0.0.1:3479"), Errc::bad_alternate);
  EXPECT_EQ(with("[2001:db8::1]:3479"), Errc::bad_alternate);
  EXPECT_EQ(with("192.0.2.2:3479", "0.0.0.0:3478"), Errc::bad_alternate);
  EXPECT_EQ(error_after([](auto& c) {
              c.listeners[0].protocol = TransportProtocol::tcp;
              c.alternate = Endpoint::v4(192, 0, 2, 2, 3479);
            }),
            Errc::bad_alternate);
}

TEST(ServerConfig, NeedsACertificateForTlsAndDtls) {
  for (const auto protocol : {TransportProtocol::tls, TransportProtocol::dtls}) {
    EXPECT_EQ(error_after([&](auto& c) { c.listeners[0].protocol = protocol; }), Errc::no_identity);
  }
  EXPECT_FALSE(error_after([](auto& c) {
    c.listeners[0].protocol = TransportProtocol::tls;
    c.identity = tls::ServerIdentity::self_signed({"example.org"}, 1'700'000'000).value();
  }));
}

TEST(ServerConfig, IsNeverAnOpenRelay) {
  EXPECT_EQ(error_after([](auto& c) { c.users.clear(); }), Errc::no_credentials);
  EXPECT_FALSE(error_after([](auto& c) {
    c.users.clear();
    c.auth_secret = "12345678";
  }));
  EXPECT_EQ(error_after([](auto& c) { c.auth_secret = "1234567"; }), Errc::bad_secret);
  EXPECT_EQ(error_after([](auto& c) { c.users[0].password.clear(); }), Errc::bad_user);
  EXPECT_EQ(error_after([](auto& c) { c.users[0].name.clear(); }), Errc::bad_user);
  EXPECT_EQ(error_after([](auto& c) { c.users[0].name.assign(max_username_bytes + 1, 'a'); }),
            Errc::bad_user);
  EXPECT_EQ(error_after([](auto& c) { c.users[0].password.assign(max_password_bytes + 1, 'a'); }),
            Errc::bad_user);
}

TEST(ServerConfig, NeedsNoneOfThatForStunOnly) {
  EXPECT_FALSE(error_after([](auto& c) {
    c.users.clear();
    c.realm.clear();
    c.stun_only = true;
    c.listeners[0].local.address = IpAddress::v4(0, 0, 0, 0);
  }));
}

TEST(ServerConfig, BoundsTheRealm) {
  EXPECT_EQ(error_after([](auto& c) { c.realm.clear(); }), Errc::bad_realm);
  EXPECT_EQ(error_after([](auto& c) { c.realm.assign(max_realm_bytes + 1, 'r'); }), Errc::bad_realm);
  EXPECT_FALSE(error_after([](auto& c) { c.realm.assign(max_realm_bytes, 'r'); }));
}

TEST(ServerConfig, NeedsAnAddressToRelayFrom) {
  const auto wildcard = [](auto& c) { c.listeners[0].local.address = IpAddress::v4(0, 0, 0, 0); };
  EXPECT_EQ(error_after(wildcard), Errc::no_relay_address);
  EXPECT_FALSE(error_after([&](auto& c) {
    wildcard(c);
    c.relay_addresses = {{server_address}};
  }));
  EXPECT_EQ(error_after([&](auto& c) { c.relay_addresses = {{server_address}, {server_address}}; }),
            Errc::bad_relay_address);
  EXPECT_EQ(error_after([&](auto& c) { c.relay_addresses = {{IpAddress::v4(0, 0, 0, 0)}}; }),
            Errc::bad_relay_address);
  EXPECT_FALSE(
      error_after([&](auto& c) { c.relay_addresses = {{IpAddress::v4(0, 0, 0, 0), server_address}}; }));
  EXPECT_EQ(
      error_after([&](auto& c) { c.relay_addresses = {{server_address, IpAddress::parse("2001:db8::1")}}; }),
      Errc::bad_relay_address);
}

TEST(ServerConfig, RelaysFromTheListenersAddresses) {
  ServerConfig config = test_config();
  config.listeners.push_back({*Endpoint::parse("[2001:db8::1]:3478")});
  config.listeners.push_back({Endpoint::v4(192, 0, 2, 2, 3478)});
  const auto relays = relay_addresses(config);
  ASSERT_EQ(relays.size(), 2u);
  EXPECT_EQ(relays[0].local, server_address);
  EXPECT_EQ(relays[1].local, *IpAddress::parse("2001:db8::1"));
}

TEST(ServerConfig, ChecksItsNumbers) {
  EXPECT_EQ(error_after([](auto& c) { c.relay_ports = {1023, 2000}; }), Errc::bad_port_range);
  EXPECT_EQ(error_after([](auto& c) { c.relay_ports = {2000, 1999}; }), Errc::bad_port_range);
  EXPECT_FALSE(error_after([](auto& c) { c.relay_ports = {2000, 2000}; }));
  EXPECT_EQ(error_after([](auto& c) { c.timeouts.default_lifetime = 0s; }), Errc::bad_lifetime);
  EXPECT_EQ(error_after([](auto& c) { c.timeouts.max_lifetime = c.timeouts.default_lifetime - 1s; }),
            Errc::bad_lifetime);
  EXPECT_EQ(error_after([](auto& c) { c.timeouts.max_lifetime = longest_lifetime + 1s; }),
            Errc::bad_lifetime);
  EXPECT_EQ(error_after([](auto& c) { c.timeouts.nonce = 0s; }), Errc::bad_lifetime);
  EXPECT_EQ(error_after([](auto& c) { c.timeouts.connection_without_allocation = 0s; }), Errc::bad_lifetime);
  for (std::size_t Limits::* limit :
       {&Limits::allocations, &Limits::allocations_per_user, &Limits::permissions, &Limits::channels,
        &Limits::connections, &Limits::connections_per_source, &Limits::unauthenticated_per_second}) {
    EXPECT_EQ(error_after([&](auto& c) { c.limits.*limit = 0; }), Errc::bad_limit);
  }
  EXPECT_EQ(
      error_after([](auto& c) { c.limits.unauthenticated_per_second = max_unauthenticated_per_second + 1; }),
      Errc::bad_limit);
}

// By openssl: printf '1700000000:alice' | openssl dgst -sha1 -hmac north -binary | base64
TEST(TimeLimitedUser, HasThePasswordThatOtherServersCompute) {
  const User user = time_limited_user("north", 1'700'000'000, "alice");
  EXPECT_EQ(user.name, "1700000000:alice");
  EXPECT_EQ(user.password, "Cd/49soE35ICqcJF/bCTn8Z4OyE=");
  EXPECT_EQ(time_limited_user("north", 1'700'000'000, "").name, "1700000000");
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
