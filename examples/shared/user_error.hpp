#pragma once

#include <stdexcept>

namespace shared {

/// Something that the person at the command line can put right. what() is one line that says how; the
/// program prints it and ends with exit code 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace shared
