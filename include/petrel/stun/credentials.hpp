#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/crypto/digest.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::stun {

/// Keys for MESSAGE-INTEGRITY, RFC 8489 9.1.1 and 9.2.2.
///
/// The RFC has names, realms and passwords pass through OpaqueString (RFC 8265 4.2)
/// first. For ASCII that changes nothing. For anything else the caller has to do it:
/// petrel carries no Unicode tables and uses the bytes as they are.

/// The password itself; borrowed from it.
inline Bytes short_term_key(std::string_view password) { return as_bytes(password); }

/// What a long-term key is made of.
struct LongTermCredentials {
  std::string_view username;
  std::string_view realm;
  std::string_view password;
};

PETREL_API crypto::Md5Digest long_term_key_md5(const LongTermCredentials& credentials);
PETREL_API crypto::Sha256Digest long_term_key_sha256(const LongTermCredentials& credentials);

/// The value of USERHASH (RFC 8489 14.4), which hides the username on the way.
PETREL_API UserHash userhash(std::string_view username, std::string_view realm);

/// What a server announces inside its nonce, where nobody on the way can take it out
/// without spoiling the nonce (RFC 8489 9.2, 9.2.1).
struct SecurityFeatures {
  bool password_algorithms = false;  ///< Bit 0: a PASSWORD-ALGORITHMS must come with this nonce.
  bool username_anonymity = false;   ///< Bit 1: USERHASH may replace USERNAME.

  friend bool operator==(SecurityFeatures, SecurityFeatures) = default;
};

/// The features announced by a nonce; nullopt when it does not begin with the nonce cookie
/// "obMatJos2". Bits count from the right, as the test vector has them and erratum 6290 says.
PETREL_API std::optional<SecurityFeatures> security_features(std::string_view nonce);

/// A nonce that announces `features`: cookie, feature bits, then `unpredictable`.
PETREL_API std::string make_nonce(SecurityFeatures features, std::string_view unpredictable);

}  // namespace petrel::inline v0::stun
