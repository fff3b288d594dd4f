#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"

namespace petrel::inline v0::dtls {

/// The hashes of RFC 8122 5 that may still be used, weakest first.
enum class HashAlgorithm : std::uint8_t { sha1, sha224, sha256, sha384, sha512 };

/// A hash of a certificate as signalling carries it: the value of `a=fingerprint`, RFC 8122 5.
struct Fingerprint {
  HashAlgorithm algorithm = HashAlgorithm::sha256;
  std::vector<std::byte> bytes;

  /// Reads "sha-256 AB:CD:…". Names and digits in any case (RFC 8122 wants upper-case
  /// digits; not every peer obeys). Errors: bad_fingerprint, unknown_hash.
  PETREL_API static Result<Fingerprint> parse(std::string_view value);

  /// "sha-256 AB:CD:…", the value of the SDP attribute.
  PETREL_API std::string to_string() const;

  /// Takes a time that does not depend on the bytes.
  PETREL_API friend bool operator==(const Fingerprint& a, const Fingerprint& b);
};

}  // namespace petrel::inline v0::dtls
