#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/text.hpp"

namespace petrel::inline v0::http {

/// One header field, as views into its line; or why it is none.
struct FieldLine {
  std::string_view name;
  std::string_view value;
  std::string_view fault;  ///< A literal; empty: it is one.
};

/// RFC 9112 5, for a line that is not empty.
inline FieldLine read_field_line(std::string_view line) {
  // RFC 9112 5.2: a line that continues the one before (obs-fold) is refused.
  if (line.front() == ' ' || line.front() == '\t') {
    return {{}, {}, "a header field is folded over two lines"};
  }
  std::string_view value = line;
  const std::string_view name = take_until(value, ':');
  // RFC 9112 5.1: no white space between name and colon; is_token() sees to it.
  if (name.size() == line.size() || !is_token(name)) return {{}, {}, "a header field is not NAME: VALUE"};
  value = trim(value);
  if (!is_field_value(value)) return {{}, {}, "a control character in a header field"};
  return {name, value, {}};
}

/// A Content-Length; nullopt when it is no number. What cannot be counted is the largest there is.
inline std::optional<std::uint64_t> read_content_length(std::string_view text) {
  constexpr std::size_t max_digits = 18;  // More than any body, and few enough not to overflow.
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  if (text.size() > max_digits) return UINT64_MAX;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

}  // namespace petrel::inline v0::http
