#include "turn_server/authenticator.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "petrel/stun/credentials.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using stun::PasswordAlgorithm;
namespace error_code = stun::error_code;

// In the order of our preference, RFC 8489 9.2.
constexpr std::array offered_algorithms = {PasswordAlgorithm::sha256, PasswordAlgorithm::md5};

stun::SecurityFeatures features_of(const ServerConfig& config) {
  // USERHASH can be looked up where all users are listed. It cannot be turned back into a username,
  // which is what time-limited passwords and directories start from.
  return {.password_algorithms = true,
          .username_anonymity = config.auth_secret.empty() && config.directory == nullptr};
}

// Which key the request asks for (RFC 8489 9.2.4); nullopt: what it says does not fit our offer.
std::optional<PasswordAlgorithm> algorithm_of(const stun::MessageView& request) {
  const auto list = request.password_algorithms();
  const auto chosen = request.password_algorithm();
  const bool has_list = request.find(stun::AttributeType::password_algorithms).has_value();
  const bool has_choice = request.find(stun::AttributeType::password_algorithm).has_value();
  // A client that knows of no algorithms, as most do not.
  if (!has_list && !has_choice) return PasswordAlgorithm::md5;
  // One that was shown another list than ours has met somebody on the way.
  if (!list || !chosen || !std::ranges::equal(*list, offered_algorithms)) return std::nullopt;
  if (std::ranges::find(offered_algorithms, *chosen) == offered_algorithms.end()) return std::nullopt;
  return chosen;
}

bool signed_with(const stun::MessageView& request, const Signer& signer) {
  return signer.with_sha256 ? request.integrity_sha256_ok(signer.key.bytes())
                            : request.integrity_ok(signer.key.bytes());
}

}  // namespace

Authenticator::Authenticator(TimePoint now, const ServerConfig& config, RandomSource& random)
    : config_(config),
      features_(features_of(config)),
      nonces_(now, config.timeouts.nonce, features_, random) {}

std::variant<Authenticated, Refused> Authenticator::check(TimePoint now, std::int64_t unix_time,
                                                          const ClientId& client,
                                                          const stun::MessageView& request,
                                                          const Account* established) {
  if (!request.has_integrity() && !request.has_integrity_sha256())
    return Refused{error_code::unauthenticated};
  const auto nonce = request.nonce();
  if ((!request.username() && !request.userhash()) || !request.realm() || !nonce) {
    return Refused{error_code::bad_request};
  }
  const auto algorithm = algorithm_of(request);
  if (!algorithm) return Refused{error_code::bad_request};

  auto account = find_account(unix_time, request, established);
  if (!account) return Refused{error_code::unauthenticated, true};
  Signer signer{*algorithm == PasswordAlgorithm::sha256 ? account->sha256_key : account->md5_key,
                request.has_integrity_sha256()};
  if (!signed_with(request, signer)) return Refused{error_code::unauthenticated, true};
  // Only who knows the password learns whether a nonce is old.
  if (!nonces_.valid(now, client, *nonce)) return Refused{error_code::stale_nonce};
  return Authenticated{*std::move(account), std::move(signer)};
}

void Authenticator::add_challenge(TimePoint now, const ClientId& client, stun::Builder& answer) {
  answer.realm(config_.realm).nonce(nonces_.make(now, client)).password_algorithms(offered_algorithms);
}

std::optional<Account> Authenticator::find_account(std::int64_t unix_time, const stun::MessageView& request,
                                                   const Account* established) const {
  if (const auto hash = request.userhash(); hash && features_.username_anonymity) {
    if (established != nullptr && stun::userhash(established->username, config_.realm) == *hash) {
      return *established;
    }
    const auto user = std::ranges::find_if(
        config_.users, [&](const User& each) { return stun::userhash(each.name, config_.realm) == *hash; });
    if (user == config_.users.end()) return std::nullopt;
    return account(user->name, user->password, user->name);
  }
  const auto username = request.username();
  if (!username) return std::nullopt;
  if (established != nullptr && established->username == *username) return *established;
  return look_up(unix_time, *username);
}

std::optional<Account> Authenticator::look_up(std::int64_t unix_time, std::string_view username) const {
  const auto user = std::ranges::find(config_.users, username, &User::name);
  if (user != config_.users.end()) return account(user->name, user->password, user->name);
  if (auto known = time_limited(unix_time, username)) return known;
  if (config_.directory == nullptr) return std::nullopt;
  const auto password = config_.directory->password_of(username);
  if (!password) return std::nullopt;
  return account(username, *password, username);
}

std::optional<Account> Authenticator::time_limited(std::int64_t unix_time, std::string_view username) const {
  if (config_.auth_secret.empty()) return std::nullopt;
  const std::size_t colon = username.find(':');
  const std::string_view digits = username.substr(0, colon);
  std::int64_t expires = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), expires);
  if (error != std::errc{} || end != digits.data() + digits.size() || unix_time >= expires)
    return std::nullopt;
  const std::string_view name = colon == username.npos ? std::string_view{} : username.substr(colon + 1);
  return account(username, time_limited_password(config_.auth_secret, username),
                 name.empty() ? username : name);
}

Account Authenticator::account(std::string_view username, std::string_view password,
                               std::string_view quota_name) const {
  const stun::LongTermCredentials credentials{username, config_.realm, password};
  return {std::string(username), std::string(quota_name),
          crypto::Secret(stun::long_term_key_md5(credentials)),
          crypto::Secret(stun::long_term_key_sha256(credentials))};
}

}  // namespace petrel::inline v0::turn_server
