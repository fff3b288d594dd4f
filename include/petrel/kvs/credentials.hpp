#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/crypto/secret_text.hpp"

namespace petrel::inline v0::kvs {

using crypto::SecretText;

/// What AWS knows a caller by.
struct Credentials {
  std::string access_key_id;
  SecretText secret_access_key{};
  SecretText session_token{};                ///< Of temporary credentials only.
  std::optional<std::int64_t> expires_at{};  ///< Seconds since 1970; absent: never.

  bool empty() const { return access_key_id.empty() || secret_access_key.empty(); }
};

}  // namespace petrel::inline v0::kvs
