#pragma once

#include <string>

namespace petrel::inline v0 {

/// Where the project's sources are, for tests that read files of it. A function and not a macro, so that
/// only one object file depends on the place.
std::string source_directory();

}  // namespace petrel::inline v0
