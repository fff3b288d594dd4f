#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace petrel::inline v0::sdp {

/// A line's value as fields with blanks between, taken from the left.
///
/// RFC 8866 wants exactly one blank; peers write several, and some leave one at the end, so
/// runs of blanks count as one.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  /// The next field; empty at the end.
  std::string_view next();
  /// Everything not yet taken, without blanks around it.
  std::string_view rest() const;
  bool at_end() const { return rest().empty(); }

 private:
  std::string_view rest_;
};

std::string_view without_blanks(std::string_view text);

/// Splits at the first `separator`: {before, after}; after is nullopt where there is none.
struct Split {
  std::string_view before;
  std::optional<std::string_view> after;
};
Split split(std::string_view text, char separator);

/// A decimal number and nothing else, within the range of the type.
template <std::unsigned_integral Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// RFC 8866 9, token: what mids, attribute names and encodings are made of.
bool is_token(std::string_view text);

}  // namespace petrel::inline v0::sdp
