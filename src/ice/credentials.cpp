#include "petrel/ice/credentials.hpp"

#include <algorithm>
#include <vector>

namespace petrel::inline v0::ice {
namespace {

// RFC 8839 5.1: the 64 ice-chars, so that a character carries exactly 6 bits.
constexpr std::string_view ice_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// 48 bits tell the streams of one socket apart without ever colliding by chance.
constexpr std::size_t ufrag_length = 8;
// RFC 8445 5.3: at least 128 bits of randomness; 24 characters hold 144.
constexpr std::size_t password_length = 24;

std::string random_text(RandomSource& random, std::size_t length) {
  std::vector<std::byte> raw(length);
  random.fill(raw);
  std::string text;
  for (const std::byte b : raw) text += ice_chars[std::to_integer<std::size_t>(b) % ice_chars.size()];
  return text;
}

bool is_between(std::size_t value, std::size_t low, std::size_t high) {
  return low <= value && value <= high;
}

}  // namespace

Credentials make_credentials(RandomSource& random) {
  Credentials credentials;
  credentials.ufrag = random_text(random, ufrag_length);
  credentials.password = random_text(random, password_length);
  return credentials;
}

bool is_ice_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return ice_chars.find(c) != std::string_view::npos; });
}

bool is_valid(const Credentials& credentials) {
  return is_between(credentials.ufrag.size(), min_ufrag_length, max_credential_length) &&
         is_between(credentials.password.size(), min_password_length, max_credential_length) &&
         is_ice_text(credentials.ufrag) && is_ice_text(credentials.password);
}

}  // namespace petrel::inline v0::ice
