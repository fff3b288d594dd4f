#pragma once

#include <optional>
#include <string>
#include <variant>

#include "petrel/ice/agent.hpp"
#include "petrel/stun/nat_report.hpp"
#include "shared/server_options.hpp"

namespace nat {

struct Options {
  petrel::ice::StunServer server;
  /// Over anything but UDP only the address is asked for: what a NAT does to UDP is not learned that way.
  petrel::TransportProtocol transport = petrel::TransportProtocol::udp;
  std::string url;  ///< The server again, with its transport.
  std::string ca_path;
  std::optional<petrel::IpAddress> local;
  petrel::IpFamily family = petrel::IpFamily::v4;
  bool measure_lifetime = false;
};

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

/// What is printed: a paragraph, and the findings one by one. `answers_by_tcp`: what a server did that is
/// silent over UDP.
std::string text_of(const petrel::stun::NatReport& report, std::optional<bool> answers_by_tcp = {});

/// What an answer over TCP, TLS or DTLS says.
struct Seen {
  petrel::TransportProtocol transport{};
  petrel::Endpoint mapped;
  petrel::Endpoint local;
  petrel::Endpoint server;
  std::string tls_version{};
};
std::string text_of(const Seen& seen);

/// What the program ends with; the codes are in --help.
int exit_code(const petrel::stun::NatReport& report);

}  // namespace nat
