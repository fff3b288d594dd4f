#pragma once

#include <string_view>

namespace kvs_service {

/// page.html, put into the program when it is built.
extern const std::string_view page_html;

}  // namespace kvs_service
