#pragma once

#include <chrono>
#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/crypto/secret_text.hpp"

namespace petrel::inline v0::whip {

/// What a client wants of a WHIP or WHEP endpoint. The URL is needed.
struct SessionConfig {
  /// The endpoint, http or https. A query may carry what the server wants there; it is not logged.
  std::string url{};
  /// Sent as `Authorization: Bearer …` to the origin of `url` and to no other, whatever redirects and
  /// Location say (RFC 9725 4.7). Empty: none.
  crypto::SecretText bearer_token{};
  /// Every offer has all its candidates, and none is sent after it: for servers that take no PATCH. A server
  /// that answers so is remembered without this.
  bool wait_for_candidates = false;
  /// Ask by OPTIONS which ICE servers there are, before each session's offer; a refusal does no harm. Without
  /// it they come with the answer, too late for the first gathering. *deviates*: RFC 9725 4.6 would have them
  /// come with the answer, for clients that gather after it.
  bool ask_for_ice_servers = true;
  std::string user_agent = "petrel";

  Duration call_limit = std::chrono::seconds(10);  ///< For one request, TLS handshake included.
  Duration close_limit = std::chrono::seconds(3);  ///< For the last DELETE.
  LogSink* log = nullptr;                          ///< Outlives the session. It is never given a secret.
};

/// What is wrong with a configuration: Errc::bad_url, bad_token, or http::Errc of the URL.
PETREL_API Result<void> check(const SessionConfig& config);

}  // namespace petrel::inline v0::whip
