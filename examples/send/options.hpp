#pragma once

#include <optional>
#include <string>
#include <variant>

#include "petrel/http/url.hpp"
#include "shared/server_options.hpp"

namespace transfer {

struct Options {
  shared::ServerOptions server{};
  std::string file{};                       ///< To send; empty: none.
  std::optional<std::string> folder{};      ///< To receive into.
  std::optional<petrel::http::Url> room{};  ///< Of another program; absent: one of our own.
  bool paste = false;
  bool serve = false;  ///< Rooms only.
};

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace transfer
