#include "petrel/dtls/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "petrel/crypto/digest.hpp"
#include "petrel/dtls/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

struct Hash {
  HashAlgorithm algorithm;
  std::string_view name;  // RFC 8122 5
  std::size_t size;
};
constexpr std::array<Hash, 5> hashes{{{HashAlgorithm::sha1, "sha-1", 20},
                                      {HashAlgorithm::sha224, "sha-224", 28},
                                      {HashAlgorithm::sha256, "sha-256", 32},
                                      {HashAlgorithm::sha384, "sha-384", 48},
                                      {HashAlgorithm::sha512, "sha-512", 64}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  c = lower(c);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

// fingerprint = hash-func SP 2UHEX *(":" 2UHEX), RFC 8122 5.
Result<Fingerprint> Fingerprint::parse(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return Errc::bad_fingerprint;
  const std::string_view name = value.substr(0, space);
  const std::string_view digits = value.substr(space + 1);

  const auto hash =
      std::ranges::find_if(hashes, [&](const Hash& known) { return same_name(known.name, name); });
  if (hash == hashes.end()) return Errc::unknown_hash;
  if (digits.size() != hash->size * 3 - 1) return Errc::bad_fingerprint;

  Fingerprint fingerprint{hash->algorithm, {}};
  fingerprint.bytes.reserve(hash->size);
  for (std::size_t i = 0; i < digits.size(); i += 3) {
    const auto high = hex_digit(digits[i]);
    const auto low = hex_digit(digits[i + 1]);
    if (!high || !low || (i + 2 < digits.size() && digits[i + 2] != ':')) return Errc::bad_fingerprint;
    fingerprint.bytes.push_back(static_cast<std::byte>(*high * 16 + *low));
  }
  return fingerprint;
}

std::string Fingerprint::to_string() const {
  static constexpr std::string_view upper_digits = "0123456789ABCDEF";
  std::string text(hashes[static_cast<std::size_t>(algorithm)].name);
  char separator = ' ';
  for (const std::byte b : bytes) {
    text.push_back(separator);
    text.push_back(upper_digits[std::to_integer<std::size_t>(b >> 4)]);
    text.push_back(upper_digits[std::to_integer<std::size_t>(b & std::byte{15})]);
    separator = ':';
  }
  return text;
}

bool operator==(const Fingerprint& a, const Fingerprint& b) {
  return a.algorithm == b.algorithm && crypto::equal_in_constant_time(a.bytes, b.bytes);
}

}  // namespace petrel::inline v0::dtls
