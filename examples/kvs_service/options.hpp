#pragma once

#include <string>
#include <variant>

#include "kvs_service/service.hpp"
#include "shared/server_options.hpp"

namespace kvs_service {

struct Options {
  ServiceConfig config;
  std::string sdk_path;          ///< AWS's JavaScript SDK, for the viewer's page; may be empty.
  std::string channel = "demo";  ///< What the page views.
  bool quiet = false;
};

/// Reads the command line.
std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace kvs_service
