#pragma once

#include <cstdint>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::crypto {

/// CRC-32 of ITU-T V.42 (the one of Ethernet and zip), which STUN's FINGERPRINT uses (RFC 8489 14.7).
PETREL_API std::uint32_t crc32(Bytes data);

}  // namespace petrel::inline v0::crypto
