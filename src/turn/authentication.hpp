#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/result.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/attributes.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/client.hpp"

namespace petrel::inline v0::turn {

/// The client's side of the long-term credential mechanism, RFC 8489 9.2: what the server asked for
/// in its challenges, and the keys that follow from it.
class Authentication {
 public:
  explicit Authentication(Credentials credentials);

  /// Other credentials. With `keep_username`, ones of another user wait until the server refuses those
  /// that are in use.
  void set_credentials(Credentials credentials, bool keep_username);

  /// A challenge came, so that requests are signed.
  bool challenged() const { return keys_.has_value(); }
  /// Grows whenever other credentials come into use. A request remembers by which it was signed.
  unsigned generation() const { return generation_; }

  /// USERNAME or USERHASH, REALM, NONCE and what goes with them; nothing before the first challenge.
  void add_to(stun::Builder& request) const;
  stun::Seal seal();

  /// Was this response signed with the password that its request was signed with?
  bool verify(const stun::MessageView& response);

  /// Takes a 401 or 438 response in. Success: sign the request with what was learnt and send it again.
  /// `signed_by`: the generation that signed the refused request, if any. Errc::wrong_credentials,
  /// weak_authentication or malformed_answer.
  Result<void> handle_challenge(const stun::MessageView& response, int code,
                                std::optional<unsigned> signed_by);

 private:
  struct Keys {
    crypto::HmacSha1Key sha1;
    crypto::HmacSha256Key sha256;
  };

  Result<void> choose_algorithm(const stun::MessageView& response, std::string_view nonce, bool same_realm);
  void derive_keys();

  Credentials credentials_;
  std::optional<Credentials> next_credentials_;
  unsigned generation_ = 0;

  std::string realm_;
  std::string nonce_;
  stun::SecurityFeatures features_;
  std::vector<std::byte> offered_algorithms_;         // As they came, to be sent back.
  std::optional<stun::PasswordAlgorithm> algorithm_;  // Empty: MD5, as ever before RFC 8489.

  std::optional<Keys> keys_;
  std::optional<Keys> previous_keys_;  // For answers to requests that were under way at the change.
};

}  // namespace petrel::inline v0::turn
