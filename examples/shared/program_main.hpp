#pragma once

#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

#include "shared/server_options.hpp"
#include "shared/user_error.hpp"

namespace shared {

/// What every program does with its options: `run(options)`, whose result is the exit code, unless the
/// command line was answered by a text. A UserError ends with 2, any other exception with 1, each in one
/// line.
template <class Options, class Run>
int program_main(const char* name, std::variant<Options, EarlyExit> parsed, Run run) {
  if (const auto* exit = std::get_if<EarlyExit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  try {
    return run(std::get<Options>(std::move(parsed)));
  } catch (const UserError& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace shared
