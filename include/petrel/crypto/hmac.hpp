#pragma once

#include "petrel/base/bytes.hpp"
#include "petrel/crypto/digest.hpp"

namespace petrel::inline v0::crypto {

PETREL_API Sha1Digest hmac_sha1(Bytes key, Bytes data);
PETREL_API Sha256Digest hmac_sha256(Bytes key, Bytes data);

}  // namespace petrel::inline v0::crypto
