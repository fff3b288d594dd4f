#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::http {

/// The seconds since 1970 of a Date field in the form that is sent today, "Sun, 06 Nov 1994 08:49:37 GMT"
/// (RFC 9110 5.6.7); nullopt for anything else. The day of the week is not looked at.
PETREL_API std::optional<std::int64_t> parse_date(std::string_view text);

/// A Date field; for the years 1970 to 9999.
PETREL_API std::string to_date(std::int64_t unix_time);

}  // namespace petrel::inline v0::http
