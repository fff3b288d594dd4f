#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::srtp::reference {

// SRTP straight from the RFCs, without state, to compare the library with. It is itself
// held against the RFCs' vectors (reference_test.cpp).

using Octets = std::vector<std::byte>;

inline void check(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed");
}

using CipherContext =
    std::unique_ptr<EVP_CIPHER_CTX, decltype([](EVP_CIPHER_CTX* c) { EVP_CIPHER_CTX_free(c); })>;

/// AES in counter mode from the 128-bit counter block `iv`, RFC 3711 4.1.1.
inline Octets aes_cm(Bytes key, const std::array<std::byte, 16>& iv, Bytes data) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  Octets out(data.size());
  int size = 0;
  check(EVP_EncryptInit_ex(context.get(), cipher, nullptr, as_unsigned(key), as_unsigned(Bytes(iv))) == 1);
  check(EVP_EncryptUpdate(context.get(), as_unsigned(std::span<std::byte>(out)), &size, as_unsigned(data),
                          static_cast<int>(data.size())) == 1);
  return out;
}

/// RFC 3711 4.3.1 with a key derivation rate of 0, and 4.3.3. Labels: 0 encryption, 1
/// authentication, 2 salt; 3 to 5 for SRTCP. RFC 7714 11 pads the salt of GCM with zeros.
inline Octets derive(Bytes master_key, Bytes master_salt, std::uint8_t label, std::size_t size) {
  std::array<std::byte, 16> iv{};
  std::ranges::copy(master_salt, iv.begin());
  iv[7] ^= static_cast<std::byte>(label);
  return aes_cm(master_key, iv, Octets(size));
}

/// RFC 7714 8.1: the bytes at which SSRC, ROC and sequence number are XORed into the salt.
inline std::array<std::byte, 12> gcm_rtp_iv(Bytes salt, Bytes packet, std::uint32_t roc) {
  std::array<std::byte, 12> iv{};
  std::ranges::copy(packet.subspan(8, 4), iv.begin() + 2);
  for (std::size_t i = 0; i < 4; ++i) iv[6 + i] = static_cast<std::byte>(roc >> (24 - 8 * i));
  std::ranges::copy(packet.subspan(2, 2), iv.begin() + 10);
  for (std::size_t i = 0; i < iv.size(); ++i) iv[i] ^= salt[i];
  return iv;
}

/// RFC 7714 9.1.
inline std::array<std::byte, 12> gcm_rtcp_iv(Bytes salt, Bytes packet, std::uint32_t index) {
  std::array<std::byte, 12> iv{};
  std::ranges::copy(packet.subspan(4, 4), iv.begin() + 2);
  for (std::size_t i = 0; i < 4; ++i) iv[8 + i] = static_cast<std::byte>(index >> (24 - 8 * i));
  for (std::size_t i = 0; i < iv.size(); ++i) iv[i] ^= salt[i];
  return iv;
}

/// The ciphertext of `plain`, and the 16-byte tag.
inline Octets gcm(Bytes key, const std::array<std::byte, 12>& iv, Bytes associated, Bytes plain) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  Octets out(plain.size() + 16);
  int size = 0;
  check(EVP_EncryptInit_ex(context.get(), cipher, nullptr, as_unsigned(key), as_unsigned(Bytes(iv))) == 1);
  check(EVP_EncryptUpdate(context.get(), nullptr, &size, as_unsigned(associated),
                          static_cast<int>(associated.size())) == 1);
  check(EVP_EncryptUpdate(context.get(), as_unsigned(std::span<std::byte>(out)), &size, as_unsigned(plain),
                          static_cast<int>(plain.size())) == 1);
  int rest = 0;
  check(EVP_EncryptFinal_ex(context.get(), as_unsigned(std::span<std::byte>(out)) + size, &rest) == 1);
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, out.data() + plain.size()) == 1);
  return out;
}

inline Octets concatenated(Bytes a, Bytes b) {
  Octets out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

/// An RTP packet with a header of 12 bytes under session keys, RFC 7714 8.
inline Octets protect_rtp_gcm(Bytes key, Bytes salt, Bytes packet, std::uint32_t roc) {
  const Bytes header = packet.first(12);
  return concatenated(header, gcm(key, gcm_rtp_iv(salt, packet, roc), header, packet.subspan(12)));
}

/// An RTCP packet under session keys, encrypted, RFC 7714 9.
inline Octets protect_rtcp_gcm(Bytes key, Bytes salt, Bytes packet, std::uint32_t index) {
  const std::uint32_t esrtcp = index | 0x8000'0000U;
  Octets trailer;
  for (int shift = 24; shift >= 0; shift -= 8) trailer.push_back(static_cast<std::byte>(esrtcp >> shift));
  const Bytes header = packet.first(8);
  const Octets sealed =
      gcm(key, gcm_rtcp_iv(salt, packet, index), concatenated(header, trailer), packet.subspan(8));
  return concatenated(concatenated(header, sealed), trailer);
}

/// An RTP packet with a header of 12 bytes under session keys, RFC 3711 4.1.1 and 4.2.1.
inline Octets protect_rtp_cm(Bytes key, Bytes salt, Bytes auth_key, Bytes packet, std::uint32_t roc) {
  std::array<std::byte, 16> iv{};
  std::ranges::copy(salt, iv.begin());
  for (std::size_t i = 0; i < 4; ++i) iv[4 + i] ^= packet[8 + i];
  for (std::size_t i = 0; i < 4; ++i) iv[8 + i] ^= static_cast<std::byte>(roc >> (24 - 8 * i));
  for (std::size_t i = 0; i < 2; ++i) iv[12 + i] ^= packet[2 + i];
  Octets out = concatenated(packet.first(12), aes_cm(key, iv, packet.subspan(12)));

  Octets authenticated = out;
  for (int shift = 24; shift >= 0; shift -= 8) authenticated.push_back(static_cast<std::byte>(roc >> shift));
  std::array<std::byte, 20> tag{};
  unsigned int size = 0;
  check(HMAC(EVP_sha1(), auth_key.data(), static_cast<int>(auth_key.size()),
             as_unsigned(Bytes(authenticated)), authenticated.size(), as_unsigned(std::span<std::byte>(tag)),
             &size) != nullptr);
  out.insert(out.end(), tag.begin(), tag.begin() + 10);
  return out;
}

}  // namespace petrel::inline v0::srtp::reference
