#pragma once

#include <cstdint>

#include "petrel/crypto/secret.hpp"

namespace petrel::inline v0::dtls {

/// SRTP protection profiles by their numbers in the IANA registry (RFC 5764 4.1.2,
/// RFC 7714 14.2). srtp::Profile has the same numbers, so that a cast converts.
enum class SrtpProfile : std::uint16_t {
  aes128_cm_sha1_80 = 0x0001,
  aead_aes_128_gcm = 0x0007,
  aead_aes_256_gcm = 0x0008,
};

/// Master keys and salts that a handshake agreed on, RFC 5764 4.2. The DTLS client
/// sends with the client's key, and the server with the server's.
struct SrtpKeys {
  SrtpProfile profile = SrtpProfile::aead_aes_128_gcm;
  crypto::Secret client_key;
  crypto::Secret client_salt;
  crypto::Secret server_key;
  crypto::Secret server_salt;
};

}  // namespace petrel::inline v0::dtls
