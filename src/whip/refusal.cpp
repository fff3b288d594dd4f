#include "whip/refusal.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"

namespace petrel::inline v0::whip {
namespace {

constexpr std::size_t max_words = 160;  // A line of a terminal, beside what we say.

}  // namespace

Refusal refusal_of(http::Status status, bool has_token) {
  switch (static_cast<unsigned>(status)) {
    case 400:
      return {Errc::bad_request, "the server does not understand the offer: is it for WHIP or WHEP?", false};
    case 401:
      if (!has_token) return {Errc::unauthorized, "the server wants a bearer token: give it one", false};
      return {Errc::unauthorized, "the server does not take the bearer token: give it a new one", false};
    case 403:
      return {Errc::forbidden, "the server does not allow it: check what the token may do, and where", false};
    case 404:
    case 410:
      return {Errc::no_endpoint, "there is no such endpoint, or no stream of that name: check the URL", true};
    case 405:
    case 501:
      return {Errc::not_an_endpoint, "what is at this URL takes no offers: check the URL", false};
    case 406:
      return {Errc::not_acceptable, "the server can use nothing of the offer: it wants another codec", false};
    case 409:
      return {Errc::conflict,
              "somebody publishes there already, or, for a player, nobody does yet: end the other or wait",
              true};
    case 412:
      return {Errc::stale_generation, "the server is at another ICE generation: a new session helps", true};
    case 415:
      return {Errc::wrong_type, "the server takes no application/sdp: check the URL", false};
    case 422:
      return {Errc::offer_refused, "the server cannot use the offer: it wants other media or codecs", false};
    case 428:
      return {Errc::precondition_required,
              "the server wants an ETag that it has not given: its administrator has to look into it", false};
    case 408:
    case 429:
      return {Errc::too_many_requests, "the server is asked too often: ask for a higher limit there", true};
    case 503:
      return {Errc::unavailable, "the server is busy: wait, or look into its log", true};
    default:
      break;
  }
  if (static_cast<unsigned>(status) / 100 == 5) {
    return {Errc::server_error, "the server has failed: look into its log", true};
  }
  return {Errc::unexpected_status, "this is no answer of WHIP or WHEP: check the URL", false};
}

std::optional<Duration> retry_after(const http::Response& response) {
  const auto field = response.headers.get("Retry-After");
  if (!field) return std::nullopt;
  const std::string_view text = http::trim(*field);
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return max_retry_after;
  if (error != std::errc{}) return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(seconds), max_retry_after);
}

std::string words_of(const http::Response& response, std::string_view secret) {
  const std::string_view type = response.headers.get("Content-Type").value_or("");
  if (!type.starts_with("text/plain") && type.find("json") == type.npos) return {};
  std::string words = response.body;
  if (!secret.empty()) {
    for (std::size_t at = words.find(secret); at != words.npos; at = words.find(secret, at)) {
      words.replace(at, secret.size(), "*");
      ++at;
    }
  }
  std::ranges::replace_if(words, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
  if (words.size() > max_words) words = words.substr(0, max_words) + "...";
  return std::string(http::trim(words));
}

}  // namespace petrel::inline v0::whip
