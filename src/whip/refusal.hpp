#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/time.hpp"
#include "petrel/http/message.hpp"
#include "petrel/whip/errc.hpp"

namespace petrel::inline v0::whip {

/// What a server's status means to a client that has sent an offer.
struct Refusal {
  Errc error = Errc::unexpected_status;
  std::string_view advice;  ///< What is wrong and what to do, without a full stop. A literal.
  bool transient = false;   ///< The same may go well later.
};

/// `has_token`: the request carried one.
Refusal refusal_of(http::Status status, bool has_token);

/// Retry-After in seconds, at most max_retry_after; nullopt where there is none, or a date, which would need
/// the server's clock.
std::optional<Duration> retry_after(const http::Response& response);
inline constexpr Duration max_retry_after = std::chrono::minutes(10);

/// What a server says about a refusal, fit for a terminal: the beginning of a text or JSON body, in one line
/// and without `secret`.
std::string words_of(const http::Response& response, std::string_view secret);

}  // namespace petrel::inline v0::whip
