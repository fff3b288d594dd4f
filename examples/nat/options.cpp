#include "nat/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>

#include "petrel/turn/uri.hpp"
#include "shared/user_error.hpp"

namespace nat {
namespace {

using petrel::stun::NatReport;
using shared::UserError;

constexpr const char* description =
    "Says what kind of NAT this machine is behind, and what that means for calls from peer to peer.\n"
    "\n"
    "The STUN server needs two addresses (RFC 5780), as petrel-turn --alternate and coturn have; of others "
    "only\n"
    "the address that they see is learned. So it is over TCP, TLS and DTLS, where nothing else is asked.";

constexpr const char* footer =
    "Exit codes:\n"
    "  0  calls from peer to peer work with all or most peers\n"
    "  3  the NAT is symmetric: most calls need a TURN server\n"
    "  4  too little was found out, mostly because the server has one address only\n"
    "  5  no answer: UDP is blocked, or there is no STUN server\n"
    "  2  the command line is wrong; 1  anything else, such as a name that has no address\n"
    "\n"
    "Examples:\n"
    "  petrel-nat stun:stun.example.org\n"
    "  petrel-nat --lifetime stun:192.0.2.1:3478\n"
    "  petrel-nat stun:stun.example.org?transport=tcp\n"
    "  petrel-nat stuns:stun.example.org\n";

using petrel::TransportProtocol;

const std::map<std::string, TransportProtocol> transports = {{"udp", TransportProtocol::udp},
                                                             {"tcp", TransportProtocol::tcp},
                                                             {"tls", TransportProtocol::tls},
                                                             {"dtls", TransportProtocol::dtls}};

std::string name_of(TransportProtocol transport) {
  for (const auto& [name, each] : transports) {
    if (each != transport) continue;
    std::string upper = name;
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    return upper;
  }
  return {};
}

// The URL that ask_stun() takes, whichever way the transport was said.
std::string url_of(petrel::turn::ServerUri uri) {
  const std::string text = to_string(uri);  // "turn:…" or "turns:…"
  return "stun" + text.substr(4);
}

std::string line(const std::string& name, const std::string& value) {
  return name + ":" + std::string(14 - name.size(), ' ') + value + "\n";
}

std::string dependence(const std::optional<petrel::stun::NatDependence>& found) {
  return found ? std::string(to_string(*found)) : "unknown";
}

std::string yes_or_no(const std::optional<bool>& found) {
  if (!found) return "unknown";
  return *found ? "yes" : "no";
}

std::string seconds(petrel::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  Options options;
  std::string server;
  std::string local;
  std::string transport;
  bool is_v6 = false;

  CLI::App app(description, "petrel-nat");
  app.footer(footer);
  app.add_option("server", server, "stun:HOST[:PORT][?transport=tcp] or stuns:HOST[:PORT]")->required();
  app.add_option("--transport", transport, "udp, tcp, tls or dtls, instead of what the URL says")
      ->check(CLI::IsMember({"udp", "tcp", "tls", "dtls"}));
  app.add_option("--ca", options.ca_path, "PEM file of a root to trust as well, over TLS and DTLS");
  app.add_flag("--lifetime", options.measure_lifetime,
               "Also measure how long an unused mapping lives, which takes up to six minutes");
  app.add_option("--local", local, "The address of this machine to ask from (any)");
  app.add_flag("-6,--ipv6", is_v6, "Ask an IPv6 address of the server");

  return shared::parse<Options>(app, argc, argv, [&] {
    auto parsed = petrel::turn::parse_stun_server_uri(server);
    if (!parsed) throw UserError(server + ": write stun:HOST[:PORT], such as stun:stun.example.org:3478.");
    const bool has_port = server.ends_with(':' + std::to_string(parsed->port)) ||
                          server.find(':' + std::to_string(parsed->port) + '?') != std::string::npos;
    if (!transport.empty()) parsed->protocol = transports.at(transport);
    if (!has_port) {
      // RFC 8489 8.1: 3478, and 5349 inside of TLS and DTLS.
      const bool secure =
          parsed->protocol == TransportProtocol::tls || parsed->protocol == TransportProtocol::dtls;
      parsed->port = secure ? 5349 : 3478;
    }
    options.server = {parsed->host, parsed->port};
    options.transport = parsed->protocol;
    options.url = url_of(*parsed);
    if (options.measure_lifetime && options.transport != TransportProtocol::udp) {
      throw UserError("--lifetime: that of UDP is measured, over UDP.");
    }
    if (!local.empty()) {
      options.local = petrel::IpAddress::parse(local);
      if (!options.local)
        throw UserError("--local " + local + ": write an IP address, such as 192.168.1.20.");
      is_v6 = options.local->is_v6();
    }
    // What is written as an address has a family already.
    if (const auto address = petrel::IpAddress::parse(options.server.host)) {
      if (options.local && options.local->family() != address->family()) {
        throw UserError("--local " + local + ": it and the server's address are not of one family.");
      }
      is_v6 = address->is_v6();
    }
    options.family = is_v6 ? petrel::IpFamily::v6 : petrel::IpFamily::v4;
    return options;
  });
}

std::string text_of(const NatReport& report, std::optional<bool> answers_by_tcp) {
  std::string text = describe(report);
  if (answers_by_tcp) {
    text += *answers_by_tcp
                ? " It does answer over TCP: it is this network that blocks UDP."
                : " It does not answer over TCP either: see whether it is up, and whether its name is right.";
  }
  text += "\n\n" + line("Server", report.server.to_string());
  if (!report.mapped) return text;
  text += line("Seen as", report.mapped->to_string());
  text += line("Translated", report.translated ? "yes" : "no");
  text += line("Mapping", dependence(report.mapping)) + line("Filtering", dependence(report.filtering));
  if (report.translated) {
    text += line("Hairpinning", yes_or_no(report.hairpinning)) +
            line("Port kept", yes_or_no(report.preserves_port));
  }
  if (report.lifetime) {
    const auto& lifetime = *report.lifetime;
    text += line("Lifetime", lifetime.less_than
                                 ? seconds(lifetime.at_least) + " to " + seconds(*lifetime.less_than)
                                 : "more than " + seconds(lifetime.at_least));
  }
  return text;
}

std::string text_of(const Seen& seen) {
  std::string text = "The server answers over " + name_of(seen.transport) + ".\n\n";
  text += line("Server", seen.server.to_string()) + line("Seen as", seen.mapped.to_string()) +
          line("From", seen.local.to_string()) + line("Translated", seen.mapped == seen.local ? "no" : "yes");
  if (!seen.tls_version.empty()) text += line("Protected by", seen.tls_version);
  return text;
}

int exit_code(const NatReport& report) {
  switch (prospect(report)) {
    case petrel::stun::NatProspect::any_peer:
    case petrel::stun::NatProspect::most_peers:
      return 0;
    case petrel::stun::NatProspect::few_peers:
      return 3;
    case petrel::stun::NatProspect::no_udp:
      return 5;
    case petrel::stun::NatProspect::unknown:
      return report.mapped ? 4 : 1;
  }
  return 1;
}

}  // namespace nat
