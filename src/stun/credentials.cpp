#include "petrel/stun/credentials.hpp"

#include <cstdint>

namespace petrel::inline v0::stun {
namespace {

constexpr std::string_view nonce_cookie = "obMatJos2";  // RFC 8489 9.2
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t feature_digits = 4;  // 24 bits, six to a digit.

constexpr std::uint32_t password_algorithms_bit = 1U << 0;  // RFC 8489 18.1
constexpr std::uint32_t username_anonymity_bit = 1U << 1;

std::string joined(const LongTermCredentials& credentials) {
  std::string text(credentials.username);
  text.append(1, ':').append(credentials.realm).append(1, ':').append(credentials.password);
  return text;
}

}  // namespace

crypto::Md5Digest long_term_key_md5(const LongTermCredentials& credentials) {
  return crypto::md5(as_bytes(joined(credentials)));
}

crypto::Sha256Digest long_term_key_sha256(const LongTermCredentials& credentials) {
  return crypto::sha256(as_bytes(joined(credentials)));
}

UserHash userhash(std::string_view username, std::string_view realm) {
  std::string text(username);
  text.append(1, ':').append(realm);
  return crypto::sha256(as_bytes(text));
}

std::optional<SecurityFeatures> security_features(std::string_view nonce) {
  if (!nonce.starts_with(nonce_cookie)) return std::nullopt;
  nonce.remove_prefix(nonce_cookie.size());
  if (nonce.size() < feature_digits) return std::nullopt;
  std::uint32_t bits = 0;
  for (const char digit : nonce.substr(0, feature_digits)) {
    const std::size_t value = base64_digits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
  }
  return SecurityFeatures{(bits & password_algorithms_bit) != 0, (bits & username_anonymity_bit) != 0};
}

std::string make_nonce(SecurityFeatures features, std::string_view unpredictable) {
  const std::uint32_t bits = (features.password_algorithms ? password_algorithms_bit : 0) |
                             (features.username_anonymity ? username_anonymity_bit : 0);
  std::string nonce(nonce_cookie);
  for (std::size_t digit = feature_digits; digit-- > 0;) nonce += base64_digits[(bits >> (6 * digit)) & 0x3f];
  return nonce.append(unpredictable);
}

}  // namespace petrel::inline v0::stun
