#pragma once

#include <string_view>

namespace transfer {

/// page.html, put into the program when it is built.
extern const std::string_view page;

}  // namespace transfer
