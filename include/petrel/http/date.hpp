#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::http {

/// A time as a calendar and a clock show it, in UTC.
struct UtcTime {
  unsigned year = 1970;
  unsigned month = 1;    ///< 1 to 12.
  unsigned day = 1;      ///< 1 to 31.
  unsigned weekday = 4;  ///< 0 is Sunday.
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

/// For the years 1970 to 9999; what is outside counts as the nearest.
PETREL_API UtcTime to_utc(std::int64_t unix_time);
/// nullopt for what no calendar or clock shows. 60 is a second, the leap second, which Unix time does not
/// count. `weekday` is not looked at.
PETREL_API std::optional<std::int64_t> from_utc(const UtcTime& time);

/// The seconds since 1970 of a Date field in the form that is sent today, "Sun, 06 Nov 1994 08:49:37 GMT"
/// (RFC 9110 5.6.7); nullopt for anything else. The day of the week is not looked at.
PETREL_API std::optional<std::int64_t> parse_date(std::string_view text);

/// A Date field; for the years 1970 to 9999.
PETREL_API std::string to_date(std::int64_t unix_time);

}  // namespace petrel::inline v0::http
