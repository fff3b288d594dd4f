#pragma once

#include <memory>

#include "petrel/base/bytes.hpp"
#include "petrel/crypto/digest.hpp"

namespace petrel::inline v0::crypto {

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece, for what does not fit into memory.
class PETREL_API Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(Bytes piece);
  /// The digest of all that was given so far; more may follow.
  Sha256Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;  // OpenSSL's headers end in this module.
};

}  // namespace petrel::inline v0::crypto
