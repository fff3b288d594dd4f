#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "dtls/openssl_handles.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/crypto/secret.hpp"
#include "petrel/dtls/connection.hpp"

namespace petrel::inline v0::dtls {

/// RFC 5246 6.2.1.
enum class ContentType : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23
};

/// What one direction encrypts with, RFC 5246 6.3.
struct TrafficKey {
  crypto::Secret key;
  crypto::Secret iv;  ///< 4 bytes of salt for GCM (RFC 5288 3), 12 for ChaCha20-Poly1305 (RFC 7905 2).
};

enum class Aead : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

/// The records of DTLS 1.2 (RFC 6347 4.1) after the handshake, all of them in epoch 1 and all by an AEAD.
///
/// OpenSSL keeps some 35 KiB for a connection whose handshake is over, 21 of them to assemble handshake
/// messages that do not come any more. This keeps two cipher contexts.
class RecordLayer {
 public:
  /// An authentic record that was not seen before.
  struct Record {
    ContentType type;
    PacketBuffer content;
  };

  /// With the keys of a finished handshake, counting on from the last record that OpenSSL has sealed. Null if
  /// OpenSSL fails.
  static std::unique_ptr<RecordLayer> take_over(ssl_st& ssl, Role role, const SealedRecord& last);
  /// Null if OpenSSL fails.
  static std::unique_ptr<RecordLayer> make(Aead aead, const TrafficKey& sending, const TrafficKey& receiving,
                                           const SealedRecord& last);

  /// What a record adds to its content.
  std::size_t overhead() const { return header_size + explicit_size() + tag_size; }

  /// One record. Errors: petrel::Errc::too_long for a PacketBuffer, library_failure.
  Result<PacketBuffer> seal(ContentType type, Bytes content);
  /// One whole record. nullopt for another epoch's, a forged or a repeated one, and for what a PacketBuffer
  /// does not hold.
  std::optional<Record> open(Bytes record);

 private:
  static constexpr std::size_t header_size = 13;
  static constexpr std::size_t tag_size = 16;
  static constexpr std::size_t nonce_size = 12;
  using CipherHandle = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
  using Nonce = std::array<std::byte, nonce_size>;

  RecordLayer(Aead aead, const TrafficKey& sending, const TrafficKey& receiving, const SealedRecord& last);

  // The part of the nonce that a record carries.
  std::size_t explicit_size() const { return aead_ == Aead::chacha20_poly1305 ? 0 : 8; }
  Nonce nonce(const crypto::Secret& iv, std::uint64_t number, std::uint64_t carried) const;
  bool is_repeated(std::uint64_t sequence) const;
  void remember(std::uint64_t sequence);

  Aead aead_;
  crypto::Secret sending_iv_;
  crypto::Secret receiving_iv_;
  CipherHandle sealing_;
  CipherHandle opening_;
  std::uint64_t next_sequence_;
  std::uint64_t next_nonce_;
  /// RFC 6347 4.1.2.6: the highest sequence number that was authentic, and which of the 64 up to it were.
  std::uint64_t highest_ = 0;
  std::uint64_t seen_ = 0;
};

}  // namespace petrel::inline v0::dtls
