#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"

namespace petrel::inline v0::ice {

/// The short-term credentials of one stream's generation, RFC 8445 5.3: what a
/// connectivity check proves to know. The password never leaves in a packet.
struct Credentials {
  std::string ufrag;
  std::string password;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// RFC 8839 5.4: ice-ufrag is 4 to 256 ice-chars, ice-pwd 22 to 256.
constexpr std::size_t min_ufrag_length = 4;
constexpr std::size_t min_password_length = 22;
constexpr std::size_t max_credential_length = 256;

/// Fresh credentials of 48 and 144 random bits; RFC 8445 5.3 asks for 24 and 128.
PETREL_API Credentials make_credentials(RandomSource& random);

/// Whether lengths and characters are those of RFC 8839 5.4.
PETREL_API bool is_valid(const Credentials& credentials);

/// ALPHA, DIGIT, "+" or "/" (RFC 8839 5.1).
PETREL_API bool is_ice_text(std::string_view text);

}  // namespace petrel::inline v0::ice
