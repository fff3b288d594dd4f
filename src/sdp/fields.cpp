#include "sdp/fields.hpp"

#include <algorithm>

namespace petrel::inline v0::sdp {
namespace {

// Tabs are not blanks in RFC 8866, but were seen where a person wrote the description.
constexpr std::string_view blanks = " \t";

bool is_token_character(char c) {
  // RFC 8866 9: token-char is %x21 / %x23-27 / %x2A-2B / %x2D-2E / %x30-39 / %x41-5A / %x5E-7E.
  return c > ' ' && c < '\x7f' && std::string_view("\"(),/:;<=>?@[\\]").find(c) == std::string_view::npos;
}

}  // namespace

std::string_view Fields::next() {
  const auto begin = rest_.find_first_not_of(blanks);
  if (begin == std::string_view::npos) {
    rest_ = {};
    return {};
  }
  rest_.remove_prefix(begin);
  const std::string_view field = rest_.substr(0, rest_.find_first_of(blanks));
  rest_.remove_prefix(field.size());
  return field;
}

std::string_view Fields::rest() const { return without_blanks(rest_); }

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Split split(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

}  // namespace petrel::inline v0::sdp
