#include "petrel/http/date.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "http/text.hpp"

namespace petrel::inline v0::http {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<unsigned> number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace

UtcTime to_utc(std::int64_t unix_time) {
  using namespace std::chrono;
  constexpr std::int64_t year_10000 = 253'402'300'800;
  const sys_seconds time{seconds(std::clamp<std::int64_t>(unix_time, 0, year_10000 - 1))};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return {.year = static_cast<unsigned>(static_cast<int>(date.year())),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .weekday = weekday(day).c_encoding(),
          .hour = static_cast<unsigned>(clock.hours().count()),
          .minute = static_cast<unsigned>(clock.minutes().count()),
          .second = static_cast<unsigned>(clock.seconds().count())};
}

std::optional<std::int64_t> from_utc(const UtcTime& time) {
  using namespace std::chrono;
  if (time.year > 9999 || time.month > 12 || time.day > 31) return std::nullopt;
  const year_month_day date{year(static_cast<int>(time.year)), month(time.month), day(time.day)};
  if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  return (sys_days(date).time_since_epoch() + hours(time.hour) + minutes(time.minute) +
          seconds(time.second)) /
         seconds(1);
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  constexpr std::size_t size = 29;
  if (text.size() != size || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto month_at = std::ranges::find(months, text.substr(8, 3));
  const auto date = number(text.substr(5, 2));
  const auto years = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (month_at == months.end() || !date || !years || !hour || !minute || !second) return std::nullopt;
  return from_utc({.year = *years,
                   .month = static_cast<unsigned>(month_at - months.begin()) + 1,
                   .day = *date,
                   .hour = *hour,
                   .minute = *minute,
                   .second = *second});
}

std::string to_date(std::int64_t unix_time) {
  const UtcTime time = to_utc(unix_time);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04u %02u:%02u:%02u GMT",
                                 weekdays[time.weekday].data(), time.day, months[time.month - 1].data(),
                                 time.year, time.hour, time.minute, time.second);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace petrel::inline v0::http
