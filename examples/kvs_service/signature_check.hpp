#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "petrel/http/message.hpp"

namespace kvs_service {

/// Whom the service knows: access key id to secret access key, and the session token where one is to be
/// given.
struct Account {
  std::string secret;
  std::string token{};
};
using Accounts = std::map<std::string, Account, std::less<>>;

/// What AWS answers to a request that is not signed as it should be.
struct Denial {
  std::string type;
  std::string message;
};

/// Checks SigV4 in the headers, or in the query where it is there; nullopt: it is right.
std::optional<Denial> check_signature(const petrel::http::Request& request, const Accounts& accounts,
                                      const std::string& region, std::int64_t unix_time);

}  // namespace kvs_service
