#include "petrel/turn_server/config.hpp"

#include <algorithm>

#include "petrel/base/base64.hpp"
#include "petrel/crypto/hmac.hpp"
#include "turn_server/relay_addresses.hpp"

namespace petrel::inline v0::turn_server {
namespace {

constexpr std::uint16_t first_unprivileged_port = 1024;

bool is_usable(const User& user) {
  return !user.name.empty() && user.name.size() <= max_username_bytes && !user.password.empty() &&
         user.password.size() <= max_password_bytes;
}

Result<void> check_listeners(const ServerConfig& config) {
  if (config.listeners.empty() || config.listeners.size() > max_listeners) return Errc::no_listener;
  for (const Listener& listener : config.listeners) {
    const bool secure =
        listener.protocol == TransportProtocol::tls || listener.protocol == TransportProtocol::dtls;
    if (secure && !config.identity) return Errc::no_identity;
  }
  return {};
}

// RFC 5780 7.4: both differ, so that a changed port alone and a changed address alone can be told apart.
Result<void> check_alternate(const ServerConfig& config) {
  if (!config.alternate) return {};
  const auto udp = std::ranges::find(config.listeners, TransportProtocol::udp, &Listener::protocol);
  if (udp == config.listeners.end()) return Errc::bad_alternate;
  const Endpoint& first = udp->local;
  const Endpoint& other = *config.alternate;
  const bool same_port = other.port == first.port && other.port != 0;
  if (first.address.is_unspecified() || other.address.is_unspecified() || other.address.is_multicast() ||
      other.address.family() != first.address.family() || other.address == first.address || same_port) {
    return Errc::bad_alternate;
  }
  return {};
}

Result<void> check_credentials(const ServerConfig& config) {
  if (config.realm.empty() || config.realm.size() > max_realm_bytes) return Errc::bad_realm;
  if (config.users.empty() && config.auth_secret.empty() && config.directory == nullptr) {
    return Errc::no_credentials;
  }
  if (!std::ranges::all_of(config.users, is_usable)) return Errc::bad_user;
  if (!config.auth_secret.empty() && config.auth_secret.size() < min_secret_bytes) return Errc::bad_secret;
  return {};
}

Result<void> check_relay(const ServerConfig& config) {
  if (relay_addresses(config).empty()) return Errc::no_relay_address;
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    const auto has_family = [&](const RelayAddress& each) { return each.local.family() == family; };
    if (std::ranges::count_if(config.relay_addresses, has_family) > 1) return Errc::bad_relay_address;
  }
  for (const RelayAddress& address : config.relay_addresses) {
    const IpAddress told = address.advertised.value_or(address.local);
    // 0.0.0.0 may be bound, but nobody can be told to send there.
    if (told.is_unspecified() || told.is_multicast() || told.family() != address.local.family()) {
      return Errc::bad_relay_address;
    }
  }
  if (config.relay_ports.first < first_unprivileged_port ||
      config.relay_ports.last < config.relay_ports.first) {
    return Errc::bad_port_range;
  }
  return {};
}

bool are_positive(const Limits& limits) {
  return limits.allocations > 0 && limits.allocations_per_user > 0 && limits.permissions > 0 &&
         limits.channels > 0 && limits.peer_connections > 0 && limits.peer_connections_per_allocation > 0;
}

}  // namespace

std::vector<RelayAddress> relay_addresses(const ServerConfig& config) {
  if (!config.relay_addresses.empty()) return config.relay_addresses;
  std::vector<RelayAddress> addresses;
  for (const Listener& listener : config.listeners) {
    const IpAddress& address = listener.local.address;
    const auto same_family = [&](const RelayAddress& each) {
      return each.local.family() == address.family();
    };
    if (!address.is_unspecified() && std::ranges::none_of(addresses, same_family)) {
      addresses.push_back({address});
    }
  }
  return addresses;
}

Result<void> check(const ServerConfig& config) {
  if (auto checked = check_listeners(config); !checked) return checked;
  if (auto checked = check_alternate(config); !checked) return checked;
  const Limits& limits = config.limits;
  if (limits.connections == 0 || limits.connections_per_source == 0 ||
      limits.unauthenticated_per_second == 0 ||
      limits.unauthenticated_per_second > max_unauthenticated_per_second) {
    return Errc::bad_limit;
  }
  const Timeouts& timeouts = config.timeouts;
  if (timeouts.connection_without_allocation <= Duration{0}) return Errc::bad_lifetime;
  if (config.stun_only) return {};

  if (auto checked = check_credentials(config); !checked) return checked;
  if (auto checked = check_relay(config); !checked) return checked;
  // Clients are told whole seconds.
  if (timeouts.default_lifetime < std::chrono::seconds(1) || timeouts.nonce <= Duration{0} ||
      timeouts.max_lifetime < timeouts.default_lifetime || timeouts.max_lifetime > longest_lifetime) {
    return Errc::bad_lifetime;
  }
  if (!are_positive(limits)) return Errc::bad_limit;
  return {};
}

User time_limited_user(std::string_view auth_secret, std::int64_t expires, std::string_view name) {
  std::string username = std::to_string(expires);
  if (!name.empty()) username.append(1, ':').append(name);
  std::string password = time_limited_password(auth_secret, username);
  return {std::move(username), std::move(password)};
}

std::string time_limited_password(std::string_view auth_secret, std::string_view username) {
  return base64_encode(crypto::hmac_sha1(as_bytes(auth_secret), as_bytes(username)));
}

}  // namespace petrel::inline v0::turn_server
