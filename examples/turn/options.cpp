#include "turn/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <string_view>

#include "shared/user_error.hpp"

namespace turn {
namespace {

using petrel::Endpoint;
using petrel::IpAddress;
using petrel::IpPrefix;
using petrel::TransportProtocol;
using petrel::turn_server::RelayAddress;
using shared::UserError;

constexpr const char* description =
    "A STUN and TURN server: relays UDP, and TCP, for clients that cannot reach each other.\n"
    "\n"
    "Only users with a password may relay, and only to public addresses, unless --allow-peer says more.";

constexpr const char* examples =
    "Examples:\n"
    "  petrel-turn --user alice:wonderland\n"
    "      for this machine, at turn:127.0.0.1:3478\n"
    "  petrel-turn --listen 0.0.0.0:3478 --realm example.org --auth-secret pick-a-long-word\n"
    "      for everybody to whom a web service gives time-limited credentials\n"
    "  petrel-turn --listen 10.0.0.5:3478 --external-ip 203.0.113.5 --user alice:wonderland\n"
    "      behind a 1:1 NAT, as in most clouds\n"
    "  petrel-turn --listen 0.0.0.0:3478 --tls chain.pem,key.pem --user alice:wonderland\n"
    "      with TLS as well, at turns:HOST:5349\n"
    "  petrel-turn --listen 203.0.113.5:3478 --alternate 203.0.113.6:3479 --user alice:wonderland\n"
    "      with two addresses, from which clients learn what kind of NAT they are behind (petrel-nat)\n"
    "  petrel-turn --user alice:wonderland --allow-peer 127.0.0.0/8\n"
    "      for trials on one machine\n";

constexpr std::uint16_t tls_port = 5349;  // RFC 8656 4

/// What is still text.
struct Words {
  std::vector<std::string> listen;
  std::vector<std::string> tls_listen;
  std::string alternate;
  std::string tls;
  bool dtls = false;
  std::vector<std::string> users;
  std::vector<std::string> allow_peers;
  std::vector<std::string> deny_peers;
  std::vector<std::string> relay_addresses;
  std::vector<std::string> external_ips;
  std::string ports = "49152-65535";
  unsigned max_lifetime = 3600;
};

Endpoint endpoint(const char* option, const std::string& text) {
  const auto read = Endpoint::parse(text);
  if (!read)
    throw UserError(option + (" " + text) + ": write ADDRESS:PORT, such as 0.0.0.0:3478 or [::]:3478.");
  return *read;
}

IpAddress address(const char* option, const std::string& text) {
  const auto read = IpAddress::parse(text);
  if (!read) throw UserError(option + (" " + text) + ": write an IP address, such as 203.0.113.5.");
  return *read;
}

std::vector<IpPrefix> prefixes(const char* option, const std::vector<std::string>& texts) {
  std::vector<IpPrefix> read;
  for (const std::string& text : texts) {
    const auto prefix = IpPrefix::parse(text);
    if (!prefix) throw UserError(option + (" " + text) + ": write ADDRESS/BITS, such as 10.0.0.0/8.");
    read.push_back(*prefix);
  }
  return read;
}

void add_listener(Options& options, const Endpoint& local, TransportProtocol protocol, std::string asked_by) {
  options.config.listeners.push_back({local, protocol});
  options.asked_by.push_back(std::move(asked_by));
}

void add_secure_listeners(const Words& words, Options& options, const Endpoint& local) {
  add_listener(options, local, TransportProtocol::tls, "--tls-listen " + local.to_string());
  if (words.dtls) add_listener(options, local, TransportProtocol::dtls, "--dtls " + local.to_string());
}

void read_listeners(const Words& words, Options& options) {
  for (const std::string& text : words.listen) {
    const Endpoint local = endpoint("--listen", text);
    add_listener(options, local, TransportProtocol::udp, "--listen " + text);
    add_listener(options, local, TransportProtocol::tcp, "--listen " + text);
  }
  if (words.tls.empty()) {
    if (words.tls_listen.empty() && !words.dtls) return;
    throw UserError(std::string(words.dtls ? "--dtls" : "--tls-listen") +
                    " needs --tls CERT,KEY: the certificate chain and its key, in PEM files.");
  }
  const std::size_t comma = words.tls.find(',');
  if (comma == 0 || comma == std::string::npos || comma + 1 == words.tls.size()) {
    throw UserError("--tls " + words.tls + ": write CERT,KEY: two PEM files.");
  }
  options.certificate_path = words.tls.substr(0, comma);
  options.key_path = words.tls.substr(comma + 1);
  for (const std::string& text : words.tls_listen) {
    add_secure_listeners(words, options, endpoint("--tls-listen", text));
  }
  if (!words.tls_listen.empty()) return;
  for (const std::string& text : words.listen) {
    add_secure_listeners(words, options, {endpoint("--listen", text).address, tls_port});
  }
}

void read_users(const Words& words, Options& options) {
  for (const std::string& text : words.users) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == text.size()) {
      throw UserError("--user: write NAME:PASSWORD, such as alice:wonderland.");
    }
    options.config.users.push_back({text.substr(0, colon), text.substr(colon + 1)});
  }
  if (options.config.users.empty() && options.config.auth_secret.empty()) {
    throw UserError(
        "give --user NAME:PASSWORD or --auth-secret SECRET: without credentials it would be an open relay.");
  }
}

void read_relays(const Words& words, Options& options) {
  auto& relays = options.config.relay_addresses;
  for (const std::string& text : words.relay_addresses) relays.push_back({address("--relay-address", text)});
  if (relays.empty() && !words.external_ips.empty()) {
    // The listeners' own addresses, as far as they are addresses.
    for (const auto& listener : options.config.listeners) {
      const IpAddress& local = listener.local.address;
      const bool known = std::ranges::any_of(
          relays, [&](const RelayAddress& each) { return each.local.family() == local.family(); });
      if (!known) relays.push_back({local});
    }
  }
  for (const std::string& text : words.external_ips) {
    const IpAddress external = address("--external-ip", text);
    const auto relay = std::ranges::find_if(
        relays, [&](const RelayAddress& each) { return each.local.family() == external.family(); });
    if (relay == relays.end()) {
      throw UserError("--external-ip " + text + ": there is no --listen or --relay-address of that family.");
    }
    relay->advertised = external;
  }
}

void read_ports(const std::string& text, Options& options) {
  const char* const end = text.data() + text.size();
  auto& ports = options.config.relay_ports;
  const auto first = std::from_chars(text.data(), end, ports.first);
  const bool has_dash = first.ec == std::errc{} && first.ptr != end && *first.ptr == '-';
  const auto last = has_dash ? std::from_chars(first.ptr + 1, end, ports.last) : first;
  if (!has_dash || last.ec != std::errc{} || last.ptr != end || ports.first < 1024 ||
      ports.last < ports.first) {
    throw UserError("--ports " + text + ": write MIN-MAX from 1024 to 65535, such as 50000-50999.");
  }
}

Options finish(const Words& words, Options options) {
  read_users(words, options);
  read_listeners(words, options);
  read_relays(words, options);
  if (!words.alternate.empty()) options.config.alternate = endpoint("--alternate", words.alternate);
  read_ports(words.ports, options);
  options.config.allow_peers = prefixes("--allow-peer", words.allow_peers);
  options.config.deny_peers = prefixes("--deny-peer", words.deny_peers);
  auto& timeouts = options.config.timeouts;
  timeouts.max_lifetime = std::chrono::seconds(words.max_lifetime);
  timeouts.default_lifetime = std::min(timeouts.default_lifetime, timeouts.max_lifetime);

  // A certificate is still to be read, and an address may still be found on the interfaces.
  auto checked = petrel::turn_server::check(options.config);
  if (!checked && checked.error() == petrel::turn_server::Errc::bad_alternate) {
    throw UserError(
        "--alternate " + words.alternate +
        ": it and the first --listen need different addresses and ports, and neither may be 0.0.0.0.");
  }
  if (!checked && checked.error() != petrel::turn_server::Errc::no_identity &&
      checked.error() != petrel::turn_server::Errc::no_relay_address) {
    throw UserError(checked.error().message() + ".");
  }
  return options;
}

}  // namespace

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  Options options;
  Words words;
  auto& config = options.config;
  config.realm = "petrel";

  CLI::App app(description, "petrel-turn");
  app.footer(examples);
  app.add_option("--listen", words.listen,
                 "ADDRESS:PORT for clients over UDP and TCP (127.0.0.1:3478); repeatable");
  app.add_option("--alternate", words.alternate,
                 "ADDRESS:PORT, both others than the first --listen's: take part in NAT behaviour discovery "
                 "(RFC 5780), at the four combinations");
  app.add_option("--tls", words.tls, "CERT,KEY: certificate chain and key, two PEM files");
  app.add_option("--tls-listen", words.tls_listen,
                 "ADDRESS:PORT for clients over TLS (the addresses of --listen, port 5349); repeatable");
  app.add_flag("!--no-tcp-relay", config.tcp_relays,
               "Relay UDP only: no TCP for clients that ask for it over TCP or TLS (RFC 6062)");
  app.add_flag("--dtls", words.dtls, "Serve DTLS too, over UDP at the addresses of TLS");
  app.add_option("--realm", config.realm, "What the passwords belong to, by custom a domain name")
      ->capture_default_str();
  app.add_option("--user", words.users, "NAME:PASSWORD of somebody who may relay; repeatable");
  app.add_option("--auth-secret", config.auth_secret,
                 "What a web service signs time-limited credentials with (coturn's static-auth-secret)");
  app.add_option("--allow-peer", words.allow_peers,
                 "ADDRESS/BITS that clients may reach although it is not public; repeatable");
  app.add_option("--deny-peer", words.deny_peers, "ADDRESS/BITS that they may not reach; repeatable");
  app.add_option("--relay-address", words.relay_addresses,
                 "Address to relay from (that of --listen), one per family; repeatable");
  app.add_option("--external-ip", words.external_ips,
                 "What a 1:1 NAT makes of the relay's address, one per family; repeatable");
  app.add_option("--ports", words.ports, "MIN-MAX: ports to relay from")->capture_default_str();
  app.add_option("--quota", config.limits.allocations_per_user,
                 "How many relayed addresses one user may have")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app.add_option("--max-allocations", config.limits.allocations, "How many all users may have")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app.add_option("--max-lifetime", words.max_lifetime,
                 "Seconds that an allocation may live without a refresh")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "Print a line for each allocation and connection");

  return shared::parse<Options>(app, argc, argv, [&] {
    if (words.listen.empty()) words.listen = {"127.0.0.1:3478"};
    return finish(words, std::move(options));
  });
}

}  // namespace turn
