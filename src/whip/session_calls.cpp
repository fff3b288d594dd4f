// Session's requests: how they are made, sent, redirected, repeated and judged.

#include <algorithm>
#include <utility>

#include "whip/refusal.hpp"
#include "whip/session.hpp"

namespace petrel::inline v0::whip {
namespace {

constexpr std::string_view sdp_type = "application/sdp";
constexpr std::string_view fragment_type = "application/trickle-ice-sdpfrag";
// Before a PATCH that found no answer is sent again, doubled each time.
constexpr Duration repeat_wait = std::chrono::milliseconds(500);

}  // namespace

void Session::start_call(TimePoint, Purpose purpose, const http::Url& url, std::string if_match,
                         std::string body) {
  Call call{.url = url, .if_match = std::move(if_match), .body = std::move(body)};
  call.purpose = purpose;
  switch (purpose) {
    case Purpose::options:
      break;
    case Purpose::offer:
      call.method = http::Method::post;
      break;
    case Purpose::trickle:
    case Purpose::restart:
      call.method = http::Method::patch;
      break;
    case Purpose::end:
      call.method = http::Method::delete_;
      break;
  }
  calls_.push_back(std::move(call));
  send_call(calls_.back());
}

void Session::send_call(Call& call) {
  call.id = ++last_id_;
  call.send_at.reset();
  http::Request request{.method = call.method, .body = call.body};
  if (call.purpose == Purpose::offer) {
    request.headers.add("Content-Type", std::string(sdp_type));
    request.headers.add("Accept", std::string(sdp_type));
  }
  if (call.method == http::Method::patch) request.headers.add("Content-Type", std::string(fragment_type));
  if (!call.if_match.empty()) request.headers.add("If-Match", call.if_match);
  if (!config_.user_agent.empty()) request.headers.add("User-Agent", config_.user_agent);
  if (carries_token(call.url)) {
    request.headers.add("Authorization", "Bearer " + std::string(config_.bearer_token.reveal()));
  }
  actions_.push_back(SendCall{call.id, call.url, std::move(request), config_.call_limit});
}

bool Session::carries_token(const http::Url& url) const {
  return !config_.bearer_token.empty() && http::same_origin(url, endpoint_);
}

void Session::cancel_calls(Purpose purpose) {
  std::erase_if(calls_, [&](const Call& call) {
    if (call.purpose != purpose) return false;
    if (!call.send_at) actions_.push_back(CancelCall{call.id});
    return true;
  });
}

bool Session::has_call(Purpose purpose) const {
  return std::ranges::find(calls_, purpose, &Call::purpose) != calls_.end();
}

std::optional<Session::Call> Session::take_call(std::uint32_t id) {
  const auto found =
      std::ranges::find_if(calls_, [&](const Call& call) { return call.id == id && !call.send_at; });
  if (found == calls_.end()) return std::nullopt;
  Call call = std::move(*found);
  calls_.erase(found);
  return call;
}

void Session::handle_response(TimePoint now, std::uint32_t id, const http::Response& response) {
  auto call = take_call(id);
  if (!call) return;
  if (static_cast<unsigned>(response.status) / 100 == 3) {
    follow(now, *std::move(call), response);
  } else {
    concluded(now, *std::move(call), response);
  }
  finish_closing(now);
}

// RFC 9725 4.5: 307, and 308 is its like for good. The others may turn a POST into a GET.
void Session::follow(TimePoint now, Call call, const http::Response& response) {
  const auto status = static_cast<unsigned>(response.status);
  const auto refuse = [&](Errc error, std::string_view text) {
    const std::string detail = where(call.url) + ": " + std::string(text);
    switch (call.purpose) {
      case Purpose::options:
        return want_offer();
      case Purpose::offer:
        if (state_ == State::closing) return;
        return give_up(now, error, detail);
      case Purpose::trickle:
        return stop_trickling(now, error, detail);
      case Purpose::restart:
        return refuse_restart(now, error, detail);
      case Purpose::end:
        return;
    }
  };
  const auto location = response.headers.get("Location");
  if ((status != 307 && status != 308) || !location) {
    return refuse(Errc::bad_redirect, "the server redirects in a way that loses the offer: check the URL");
  }
  if (++call.redirects > max_redirects) {
    return refuse(Errc::too_many_redirects, "the server redirects again and again: check the URL");
  }
  auto target = http::resolve(call.url, *location);
  if (!target || (target->scheme != "http" && target->scheme != "https")) {
    return refuse(Errc::bad_redirect, "the server redirects to no URL of http: check the URL");
  }
  if (call.url.secure() && !target->secure()) {
    return refuse(
        Errc::insecure_redirect,
        "the server redirects from https to http, where anybody could answer: this is not followed");
  }
  call.url = *std::move(target);
  calls_.push_back(std::move(call));
  send_call(calls_.back());
}

void Session::concluded(TimePoint now, Call call, const http::Response& response) {
  const bool is_good = static_cast<unsigned>(response.status) / 100 == 2;
  switch (call.purpose) {
    case Purpose::options:
      if (is_good) ice_servers_ = ice_servers_of(response.headers);
      return want_offer();
    case Purpose::offer:
      if (is_good) return take_answer(now, call, response);
      return offer_refused(now, call, response);
    case Purpose::trickle:
      return trickled(now, std::move(call), response);
    case Purpose::restart:
      return restarted(now, std::move(call), response);
    case Purpose::end:
      return;
  }
}

void Session::offer_refused(TimePoint now, const Call& call, const http::Response& response) {
  // WHEP's counter-offer: the session is there already, and waits for an answer that nobody will give.
  const bool is_counter_offer = response.status == http::Status::not_acceptable &&
                                response.headers.get("Content-Type").value_or("").starts_with(sdp_type);
  if (is_counter_offer && take_session_url(call, response)) leave_session(now);
  if (state_ == State::closing) return;
  if (is_counter_offer) {
    return give_up(now, Errc::counter_offer,
                   where(call.url) + " makes a counter-offer, which petrel does not take: let it take ours");
  }
  const Refusal refusal = refusal_of(response.status, carries_token(call.url));
  std::string detail = explain(call, response, refusal.advice);
  if (refusal.error == Errc::unauthorized && !config_.bearer_token.empty() && !carries_token(call.url)) {
    detail += " (the token is for " + where(endpoint_) + " only, and not sent to where that redirects)";
  }
  // What was right once may be right again: servers refuse while they still think that the last session is
  // there, or while they are being set up anew.
  if (!refusal.transient && !was_answered_) return give_up(now, refusal.error, std::move(detail));
  lose(now, refusal.error, std::move(detail), retry_after(response));
}

void Session::handle_call_failed(TimePoint now, std::uint32_t id, std::error_code error, std::string detail) {
  auto call = take_call(id);
  if (!call) return;
  switch (call->purpose) {
    case Purpose::options:
    case Purpose::offer:
      if (state_ != State::closing) lose(now, error, std::move(detail));
      break;
    case Purpose::trickle:
      if (!repeat_later(now, *call, std::nullopt)) stop_trickling(now, error, std::move(detail));
      break;
    case Purpose::restart:
      if (!repeat_later(now, *call, std::nullopt)) refuse_restart(now, error, std::move(detail));
      break;
    case Purpose::end:
      break;
  }
  finish_closing(now);
}

// A fragment says the same however often it comes.
bool Session::repeat_later(TimePoint now, Call& call, std::optional<Duration> after) {
  if (call.repeats == max_repeats) return false;
  call.send_at = now + std::max(after.value_or(Duration{}), repeat_wait * (1 << call.repeats));
  ++call.repeats;
  calls_.push_back(std::move(call));
  return true;
}

// Without the query, in which there may be a secret.
std::string Session::where(const http::Url& url) const {
  return url.scheme + "://" + url.authority() + url.path;
}

std::string Session::explain(const Call& call, const http::Response& response,
                             std::string_view advice) const {
  std::string text = where(call.url) + " answers " + std::to_string(static_cast<unsigned>(response.status)) +
                     ": " + std::string(advice);
  const std::string words = words_of(response, config_.bearer_token.reveal());
  if (!words.empty()) text += " (it says: " + words + ")";
  return text;
}

}  // namespace petrel::inline v0::whip
