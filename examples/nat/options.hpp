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
  std::optional<petrel::IpAddress> local;
  petrel::IpFamily family = petrel::IpFamily::v4;
  bool measure_lifetime = false;
};

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

/// What is printed: a paragraph, and the findings one by one. `answers_by_tcp`: what a server did that is
/// silent over UDP.
std::string text_of(const petrel::stun::NatReport& report, std::optional<bool> answers_by_tcp = {});

/// What the program ends with; the codes are in --help.
int exit_code(const petrel::stun::NatReport& report);

}  // namespace nat
