#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/turn_server/config.hpp"
#include "shared/server_options.hpp"

namespace turn {

struct Options {
  /// Complete but for the certificate.
  petrel::turn_server::ServerConfig config;
  /// For each of config.listeners: the option that asked for it, as it was written.
  std::vector<std::string> asked_by;
  std::optional<std::string> certificate_path;
  std::optional<std::string> key_path;
  bool verbose = false;
};

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace turn
