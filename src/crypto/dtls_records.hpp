#pragma once

#include <cstdint>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::crypto {

/// Whether a datagram is one or more whole DTLS records, RFC 6347 4.1: type, version, epoch,
/// sequence number, length, and as many bytes. OpenSSL drops the rest too, without a word. Types
/// are those from change_cipher_spec up to `last_type`.
inline bool is_dtls_records(Bytes datagram, std::uint8_t last_type) {
  constexpr std::uint8_t first_type = 20;
  constexpr std::uint8_t dtls_major = 0xfe;
  ByteReader reader(datagram);
  do {
    const std::uint8_t type = reader.u8();
    const std::uint8_t major = reader.u8();
    reader.skip(1 + 2 + 6);
    reader.skip(reader.u16());
    if (!reader.ok() || type < first_type || type > last_type || major != dtls_major) return false;
  } while (reader.remaining() != 0);
  return true;
}

}  // namespace petrel::inline v0::crypto
