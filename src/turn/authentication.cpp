#include "turn/authentication.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::turn {
namespace {

bool is_supported(stun::PasswordAlgorithm algorithm) {
  return algorithm == stun::PasswordAlgorithm::md5 || algorithm == stun::PasswordAlgorithm::sha256;
}

}  // namespace

Authentication::Authentication(Credentials credentials) : credentials_(std::move(credentials)) {}

void Authentication::set_credentials(Credentials credentials, bool keep_username) {
  if (keep_username && credentials.username != credentials_.username) {
    next_credentials_ = std::move(credentials);
    return;
  }
  next_credentials_.reset();
  credentials_ = std::move(credentials);
  ++generation_;
  if (keys_) derive_keys();
}

void Authentication::derive_keys() {
  const stun::LongTermCredentials parts{credentials_.username, realm_, credentials_.password};
  const auto keys_of = [](Bytes key) { return Keys{crypto::HmacSha1Key(key), crypto::HmacSha256Key(key)}; };
  previous_keys_ = std::move(keys_);
  keys_ = algorithm_ == stun::PasswordAlgorithm::sha256 ? keys_of(stun::long_term_key_sha256(parts))
                                                        : keys_of(stun::long_term_key_md5(parts));
}

void Authentication::add_to(stun::Builder& request) const {
  if (!keys_) return;
  if (features_.username_anonymity) {
    request.userhash(stun::userhash(credentials_.username, realm_));
  } else {
    request.username(credentials_.username);
  }
  request.realm(realm_).nonce(nonce_);
  if (algorithm_) {
    // RFC 8489 9.2.5: the list goes back as it came, so that the server sees whether somebody cut it.
    request.attribute(stun::AttributeType::password_algorithms, offered_algorithms_);
    request.password_algorithm(*algorithm_);
  }
}

stun::Seal Authentication::seal() {
  stun::Seal seal{.fingerprint = false};
  if (!keys_) return seal;
  // RFC 8489 9.2.5: to whom PASSWORD-ALGORITHMS came signs with SHA-256 only, whatever makes the key.
  if (algorithm_) {
    seal.integrity_sha256 = &keys_->sha256;
  } else {
    seal.integrity = &keys_->sha1;
  }
  return seal;
}

bool Authentication::verify(const stun::MessageView& response) {
  const auto signed_with = [&](std::optional<Keys>& keys) {
    if (!keys) return false;
    return algorithm_ ? response.integrity_sha256_ok(keys->sha256) : response.integrity_ok(keys->sha1);
  };
  return signed_with(keys_) || signed_with(previous_keys_);
}

Result<void> Authentication::choose_algorithm(const stun::MessageView& response, std::string_view nonce,
                                              bool same_realm) {
  const auto features = stun::security_features(nonce).value_or(stun::SecurityFeatures{});
  const auto offered = response.password_algorithms();
  // RFC 8489 9.2.5: the nonce cannot be changed by whoever wants us to use a weaker algorithm, and
  // says that there must be a list.
  if (features.password_algorithms && !offered) return Errc::weak_authentication;

  std::optional<stun::PasswordAlgorithm> algorithm;
  if (offered) {
    const auto* first = std::ranges::find_if(*offered, is_supported);
    if (first == offered->end()) return Errc::weak_authentication;
    algorithm = *first;
  }
  // Stricter than the RFC: within an allocation a realm goes no way back. Otherwise whoever takes out
  // the list and the cookie would get a request signed by a weak key to guess the password from.
  const auto is_sha256 = [](const auto& a) { return a == stun::PasswordAlgorithm::sha256; };
  if (same_realm && ((is_sha256(algorithm_) && !is_sha256(algorithm)) ||
                     (features_.username_anonymity && !features.username_anonymity))) {
    return Errc::weak_authentication;
  }

  features_ = features;
  algorithm_ = algorithm;
  const Bytes list = response.find(stun::AttributeType::password_algorithms).value_or(Bytes{});
  offered_algorithms_.assign(list.begin(), list.end());
  return {};
}

Result<void> Authentication::handle_challenge(const stun::MessageView& response, int code,
                                              std::optional<unsigned> signed_by) {
  const auto nonce = response.nonce();
  const auto realm = response.realm();
  if (!nonce || (!realm && realm_.empty())) return Errc::malformed_answer;
  if (credentials_.username.empty()) return Errc::wrong_credentials;
  const bool same_realm = keys_ && (!realm || *realm == realm_);

  // RFC 8489 9.2.5: a 401 is worth another try only if that differs from what was refused.
  const bool replaced = code == stun::error_code::unauthenticated && same_realm && signed_by == generation_;
  if (replaced) {
    if (!next_credentials_) return Errc::wrong_credentials;
    credentials_ = *std::exchange(next_credentials_, std::nullopt);
    ++generation_;
  }

  const auto algorithm_before = algorithm_;
  if (const auto chosen = choose_algorithm(response, *nonce, same_realm); !chosen) return chosen;
  nonce_ = *nonce;
  if (realm) realm_ = *realm;
  // A new nonce alone, which is the usual case, changes no key.
  if (!same_realm || algorithm_ != algorithm_before || replaced) derive_keys();
  return {};
}

}  // namespace petrel::inline v0::turn
