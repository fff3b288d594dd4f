#pragma once

#include <array>
#include <cstddef>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::crypto {

using Md5Digest = std::array<std::byte, 16>;
using Sha1Digest = std::array<std::byte, 20>;
using Sha256Digest = std::array<std::byte, 32>;

/// RFC 6455 4.2.2 proves with it that a server has read the WebSocket handshake.
PETREL_API Sha1Digest sha1(Bytes data);
/// MD5 exists for one reason: RFC 8489 9.2.2 derives the long-term STUN key with it.
PETREL_API Md5Digest md5(Bytes data);
PETREL_API Sha256Digest sha256(Bytes data);

/// Equal, in a time that depends on the sizes only. For whatever a peer could guess byte by byte.
PETREL_API bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace petrel::inline v0::crypto
