#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/crypto/secret.hpp"

namespace petrel::inline v0::srtp {

/// How packets are protected, by the numbers of the IANA registry "DTLS-SRTP Protection
/// Profiles" (RFC 5764 4.1.2, RFC 7714 14.2). dtls::SrtpProfile has the same numbers.
enum class Profile : std::uint16_t {
  aes128_cm_sha1_80 = 0x0001,
  aead_aes_128_gcm = 0x0007,
  aead_aes_256_gcm = 0x0008,
};

/// Whether `profile` is one of the above: it may come from a cast.
constexpr bool is_known(Profile profile) {
  return profile == Profile::aes128_cm_sha1_80 || profile == Profile::aead_aes_128_gcm ||
         profile == Profile::aead_aes_256_gcm;
}

constexpr std::size_t key_size(Profile profile) { return profile == Profile::aead_aes_256_gcm ? 32 : 16; }

/// RFC 3711 8.2: 112 bits for AES-CM. RFC 7714 12: 96 bits for GCM.
constexpr std::size_t salt_size(Profile profile) { return profile == Profile::aes128_cm_sha1_80 ? 14 : 12; }

/// What protection adds to an RTP packet.
constexpr std::size_t rtp_overhead(Profile profile) {
  return profile == Profile::aes128_cm_sha1_80 ? 10 : 16;
}

/// What protection adds to an RTCP packet: the tag and the index (RFC 3711 3.4).
constexpr std::size_t rtcp_overhead(Profile profile) { return rtp_overhead(profile) + 4; }

/// The master key and salt of one direction, RFC 3711 3.2.1.
struct Keys {
  crypto::Secret key;
  crypto::Secret salt;
};

}  // namespace petrel::inline v0::srtp
