#pragma once

#include <string>
#include <system_error>

namespace petrel::inline v0::turn {

/// Why no message passes to or from the server any more.
struct LinkFailure {
  std::error_code error;
  std::string detail;
};

}  // namespace petrel::inline v0::turn
