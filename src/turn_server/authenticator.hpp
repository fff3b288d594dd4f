#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"
#include "petrel/crypto/secret.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn_server/config.hpp"
#include "turn_server/client_id.hpp"
#include "turn_server/nonces.hpp"

namespace petrel::inline v0::turn_server {

/// One user, and the keys that the password makes (RFC 8489 9.2.2).
struct Account {
  std::string username;
  std::string quota_name;  ///< Whom the quota counts: the name in time-limited credentials, or the username.
  crypto::Secret md5_key;
  crypto::Secret sha256_key;
};

/// Somebody has signed a request with this key, and wants the answer signed alike.
struct Signer {
  crypto::Secret key;
  bool with_sha256 = false;  ///< MESSAGE-INTEGRITY-SHA256 in place of MESSAGE-INTEGRITY.
};
struct Authenticated {
  Account account;
  Signer signer;
};
/// The error code to answer with. 401 and 438 take a challenge.
struct Refused {
  int code = 0;
  bool wrong_password = false;  ///< 401 not for want of credentials but because of them.
};

/// Finds out who signed a request, RFC 8489 9.2.4.
class Authenticator {
 public:
  /// The configuration must outlive it.
  Authenticator(TimePoint now, const ServerConfig& config, RandomSource& random);

  /// `established`: whom this client's allocation belongs to. He is known without being looked up again,
  /// so that time-limited credentials last as long as the call.
  std::variant<Authenticated, Refused> check(TimePoint now, std::int64_t unix_time, const ClientId& client,
                                             const stun::MessageView& request, const Account* established);

  /// What a 401 or 438 carries: REALM, a fresh NONCE, PASSWORD-ALGORITHMS.
  void add_challenge(TimePoint now, const ClientId& client, stun::Builder& answer);

 private:
  std::optional<Account> find_account(std::int64_t unix_time, const stun::MessageView& request,
                                      const Account* established) const;
  std::optional<Account> look_up(std::int64_t unix_time, std::string_view username) const;
  std::optional<Account> time_limited(std::int64_t unix_time, std::string_view username) const;
  Account account(std::string_view username, std::string_view password, std::string_view quota_name) const;

  const ServerConfig& config_;
  stun::SecurityFeatures features_;
  Nonces nonces_;
};

}  // namespace petrel::inline v0::turn_server
