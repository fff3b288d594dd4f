#include "whip/session.hpp"

#include <algorithm>
#include <utility>

#include "http/text.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/whip/ice_restart.hpp"
#include "whip/refusal.hpp"

namespace petrel::inline v0::whip {
namespace {

constexpr std::size_t max_etag = 256;  // A tag is an id; it is sent back with every fragment.

// Uniform in [low, high], to the millisecond.
Duration random_between(RandomSource& random, Duration low, Duration high) {
  const auto in_ms = [](Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  };
  return std::chrono::milliseconds(random.between(in_ms(low), std::max(in_ms(low), in_ms(high))));
}

// RFC 8842 5.2: an offer leaves the DTLS role open, an answer must not.
bool is_offer(std::string_view sdp) { return sdp.find("a=setup:actpass") != sdp.npos; }

// RFC 9725 4.3.3: a restart's fragment says the same about ICE as the offer did.
std::string ice_lines_of(std::string_view sdp) {
  std::string lines;
  for (const std::string_view name : {"a=ice-lite", "a=ice-options:", "a=ice-pacing:"}) {
    const std::size_t at = sdp.find("\n" + std::string(name));
    if (at == sdp.npos) continue;
    const std::string_view rest = sdp.substr(at + 1);
    lines.append(rest.substr(0, rest.find_first_of("\r\n"))).append("\r\n");
  }
  return lines;
}

bool holds_candidate(std::string_view sdp, std::string_view candidate) {
  return sdp.find("a=" + std::string(candidate) + "\r\n") != sdp.npos;
}

}  // namespace

Result<void> check(const SessionConfig& config) {
  const auto url = http::parse_url(config.url);
  if (!url) return url.error();
  if (url->scheme != "http" && url->scheme != "https") return Errc::bad_url;
  // RFC 6750 2.1, and nothing that could end the field's line.
  const bool is_sendable = std::ranges::all_of(config.bearer_token.reveal(), [](char c) {
    return http::is_letter(c) || http::is_digit(c) ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
  if (!is_sendable) return Errc::bad_token;
  return {};
}

Session::Session(TimePoint now, SessionConfig config, RandomSource& random)
    : config_(std::move(config)), endpoint_(http::parse_url(config_.url).value()), random_(random) {
  begin(now);
}

void Session::begin(TimePoint now) {
  begin_at_.reset();
  if (!config_.ask_for_ice_servers) return want_offer();
  state_ = State::asking;
  start_call(now, Purpose::options, endpoint_, {}, {});
}

void Session::want_offer() {
  state_ = State::wanting;
  emit(OfferWanted{config_.wait_for_candidates || no_trickle_});
}

Result<void> Session::send_offer(TimePoint now, std::string sdp) {
  if (state_ == State::closing || over()) return petrel::Errc::closed;
  if (state_ != State::wanting) return petrel::Errc::wrong_state;
  const TrickleFragment ice = ice_fragment_of(sdp);
  ufrag_ = ice.ufrag;
  pwd_ = ice.pwd;
  offer_ = std::move(sdp);
  std::erase_if(candidates_, [&](const Candidate& each) {
    return !each.candidate.empty() && holds_candidate(offer_, each.candidate);
  });
  state_ = State::posting;
  start_call(now, Purpose::offer, endpoint_, {}, offer_);
  return {};
}

Result<void> Session::send_candidate(TimePoint now, const Candidate& candidate) {
  if (state_ == State::closing || over()) return petrel::Errc::closed;
  // Of a generation or a session that is over.
  if (state_ == State::asking || state_ == State::waiting) return {};
  if (!candidate.ufrag.empty() && !ufrag_.empty() && candidate.ufrag != ufrag_) return {};
  if (!trickles() || trickle_stopped_) return {};
  if (!candidate.candidate.empty()) {
    if (holds_candidate(offer_, candidate.candidate)) return {};
    // One that the server could not read would cost it the whole fragment.
    if (candidate.candidate.size() + 2 > max_fragment_line || !http::is_field_value(candidate.candidate)) {
      return petrel::Errc::invalid_argument;
    }
    if (candidates_taken_ == max_fragment_candidates) return petrel::Errc::limit_reached;
    ++candidates_taken_;
  }
  // The end is said once: mids share a transport (BUNDLE).
  const auto is_end = [](const Candidate& each) { return each.candidate.empty(); };
  if (is_end(candidate) && std::ranges::any_of(candidates_, is_end)) return {};
  candidates_.push_back(candidate);
  flush_candidates(now);
  return {};
}

Result<void> Session::restart_ice(TimePoint now, std::string_view offer) {
  if (state_ == State::closing || over()) return petrel::Errc::closed;
  if (state_ != State::established || !session_url_) return petrel::Errc::wrong_state;
  if (no_restart_) return Errc::no_restart;
  TrickleFragment fragment = ice_fragment_of(offer);
  if (fragment.ufrag.empty() || fragment.pwd.empty()) return petrel::Errc::invalid_argument;
  // RFC 9725 4.3.3: what an earlier PATCH is answered counts no longer.
  cancel_calls(Purpose::trickle);
  cancel_calls(Purpose::restart);
  candidates_.clear();
  candidates_taken_ = 0;
  trickle_stopped_ = false;
  ufrag_ = fragment.ufrag;
  pwd_ = fragment.pwd;
  offer_ = offer;
  log(now, LogLevel::info, "whip.restart_ice");
  start_call(now, Purpose::restart, *session_url_, "*", ice_lines_of(offer) + write(fragment));
  return {};
}

void Session::handle_connected(TimePoint now) {
  if (state_ == State::established && !connected_at_) connected_at_ = now;
}

void Session::abandon(TimePoint now, std::error_code error, std::string detail) {
  if (state_ != State::posting && state_ != State::established && state_ != State::wanting) return;
  lose(now, error, std::move(detail));
}

void Session::close(TimePoint now) {
  if (over() || state_ == State::closing) return;
  begin_at_.reset();
  for (const Purpose purpose : {Purpose::options, Purpose::trickle, Purpose::restart}) cancel_calls(purpose);
  const bool is_posting = state_ == State::posting;
  state_ = State::closing;
  close_at_ = now + config_.close_limit;
  leave_session(now);
  // An offer that is under way may have made a session: its answer says which to end.
  if (!is_posting) cancel_calls(Purpose::offer);
  finish_closing(now);
}

void Session::finish_closing(TimePoint now) {
  if (state_ != State::closing || (!calls_.empty() && now < *close_at_)) return;
  for (const Call& call : std::exchange(calls_, {})) actions_.push_back(CancelCall{call.id});
  close_at_.reset();
  state_ = State::over;
  emit(Closed{});
}

// 201, or another 2xx with a description in it, which not few servers send.
void Session::take_answer(TimePoint now, const Call& call, const http::Response& response) {
  const bool has_url = take_session_url(call, response);
  if (state_ == State::closing) return leave_session(now);
  const std::string_view type = response.headers.get("Content-Type").value_or("");
  if (!type.starts_with("application/sdp") && !response.body.starts_with("v=0")) {
    leave_session(now);
    return give_up(now, Errc::bad_answer,
                   where(call.url) + " answers the offer without a description: check the URL");
  }
  if (is_offer(response.body)) {
    leave_session(now);
    return give_up(now, Errc::counter_offer,
                   where(call.url) +
                       " answers with an offer of its own, which petrel does not take: let it answer ours");
  }
  if (auto servers = ice_servers_of(response.headers); !servers.empty()) ice_servers_ = std::move(servers);
  answer_ = response.body;
  const std::string_view tag = response.headers.get("ETag").value_or("");
  etag_ = tag.size() <= max_etag ? tag : "";
  state_ = State::established;
  was_answered_ = true;
  log(now, LogLevel::info, "whip.answered", where(call.url));
  emit(Answered{answer_});
  if (!has_url) {
    emit(Warning{make_error_code(Errc::bad_session_url),
                 where(call.url) + " does not say where the session is (Location): no candidates can be sent "
                                   "to it, and it cannot be ended in order"});
  }
  flush_candidates(now);
}

bool Session::take_session_url(const Call& call, const http::Response& response) {
  session_url_.reset();
  const auto location = response.headers.get("Location");
  if (!location) return false;
  auto url = http::resolve(call.url, *location);
  if (!url || (url->scheme != "http" && url->scheme != "https")) return false;
  session_url_ = *std::move(url);
  return true;
}

void Session::flush_candidates(TimePoint now) {
  if (state_ != State::established || candidates_.empty()) return;
  if (has_call(Purpose::trickle) || has_call(Purpose::restart)) return;  // One PATCH at a time.
  if (!session_url_ || !trickles() || trickle_stopped_) return candidates_.clear();
  TrickleFragment fragment{ufrag_, pwd_, {}};
  for (const Candidate& each : candidates_) {
    auto section = std::ranges::find(fragment.sections, each.mid, &TrickleSection::mid);
    if (section == fragment.sections.end()) {
      fragment.sections.push_back({.mid = each.mid, .ufrag = ufrag_, .pwd = pwd_, .candidates = {}});
      section = std::prev(fragment.sections.end());
    }
    if (each.candidate.empty()) {
      section->end_of_candidates = true;
    } else {
      section->candidates.push_back(each.candidate);
    }
  }
  candidates_.clear();
  start_call(now, Purpose::trickle, *session_url_, etag_, write(fragment));
}

void Session::trickled(TimePoint now, Call call, const http::Response& response) {
  const auto status = static_cast<unsigned>(response.status);
  if (status / 100 == 2) return flush_candidates(now);
  const Refusal refusal = refusal_of(response.status, carries_token(call.url));
  if (status == 404 || status == 410) {
    return lose(now, Errc::session_gone, where(call.url) + " has ended the session");
  }
  // RFC 9725 4.3.1: 405 for all PATCH, 422 for what is not supported of the two.
  if (status == 405 || status == 501 || status == 415 || status == 422) {
    no_trickle_ = true;
    if (status == 405 || status == 501) no_restart_ = true;
    log(now, LogLevel::info, "whip.no_trickle", where(call.url));
    return candidates_.clear();
  }
  if (refusal.transient && status != 412 && repeat_later(now, call, retry_after(response))) return;
  stop_trickling(now, refusal.error, explain(call, response, refusal.advice));
}

void Session::stop_trickling(TimePoint now, std::error_code error, std::string detail) {
  trickle_stopped_ = true;
  candidates_.clear();
  log(now, LogLevel::warning, "whip.trickle_stopped", detail);
  emit(Warning{error, "candidates could not be sent: " + std::move(detail)});
}

void Session::restarted(TimePoint now, Call call, const http::Response& response) {
  const auto status = static_cast<unsigned>(response.status);
  const Refusal refusal = refusal_of(response.status, carries_token(call.url));
  if (status == 404 || status == 410) {
    return lose(now, Errc::session_gone, where(call.url) + " has ended the session");
  }
  if (status == 405 || status == 501 || status == 415 || status == 422) {
    no_restart_ = true;
    return refuse_restart(now, Errc::no_restart, explain(call, response, "the server restarts no ICE"));
  }
  if (status / 100 != 2) {
    if (refusal.transient && repeat_later(now, call, retry_after(response))) return;
    return refuse_restart(now, refusal.error, explain(call, response, refusal.advice));
  }
  auto fragment = parse_trickle_fragment(response.body);
  if (!fragment || fragment->ufrag.empty() || fragment->pwd.empty()) {
    return refuse_restart(now, Errc::bad_answer,
                          where(call.url) + " answers the restart without ICE credentials");
  }
  const std::string_view tag = response.headers.get("ETag").value_or("");
  etag_ = tag.size() <= max_etag ? tag : "";
  answer_ = with_ice_credentials(answer_, fragment->ufrag, fragment->pwd);
  log(now, LogLevel::info, "whip.restarted", where(call.url));
  emit(Restarted{answer_, *std::move(fragment)});
  flush_candidates(now);
}

void Session::refuse_restart(TimePoint now, std::error_code error, std::string detail) {
  log(now, LogLevel::warning, "whip.restart_refused", detail);
  candidates_.clear();
  trickle_stopped_ = true;  // Ours are of a generation that the server does not have.
  emit(RestartRefused{error, std::move(detail)});
}

// Ends the session at the server, if it has one. Nobody waits for its word.
void Session::leave_session(TimePoint now) {
  if (!session_url_) return;
  const http::Url url = *std::exchange(session_url_, std::nullopt);
  start_call(now, Purpose::end, url, {}, {});
}

void Session::lose(TimePoint now, std::error_code error, std::string detail, std::optional<Duration> after) {
  for (const Purpose purpose : {Purpose::options, Purpose::offer, Purpose::trickle, Purpose::restart}) {
    cancel_calls(purpose);
  }
  if (error == Errc::session_gone) session_url_.reset();
  leave_session(now);
  if (connected_at_ && now - *connected_at_ >= stable_after) failures_ = 0;
  connected_at_.reset();
  candidates_.clear();
  candidates_taken_ = 0;
  trickle_stopped_ = false;
  offer_.clear();
  ufrag_.clear();
  Duration ceiling = first_wait;
  for (unsigned i = 0; i < failures_ && ceiling < longest_wait; ++i) ceiling *= 2;
  ++failures_;
  // With jitter: those whom one server sends away at once must not come back at once.
  const Duration wait =
      after.value_or(Duration{}) + random_between(random_, least_wait, std::min(ceiling, longest_wait));
  state_ = State::waiting;
  begin_at_ = now + wait;
  log(now, LogLevel::warning, "whip.interrupted", detail);
  emit(Interrupted{error, std::move(detail), wait});
}

void Session::give_up(TimePoint now, std::error_code error, std::string detail) {
  for (const Purpose purpose : {Purpose::options, Purpose::offer, Purpose::trickle, Purpose::restart}) {
    cancel_calls(purpose);
  }
  for (const Call& call : std::exchange(calls_, {})) {
    if (call.purpose != Purpose::end) actions_.push_back(CancelCall{call.id});  // An end goes its own way.
  }
  begin_at_.reset();
  state_ = State::over;
  log(now, LogLevel::error, "whip.failed", detail);
  emit(Failed{error, std::move(detail)});
}

void Session::handle_timeout(TimePoint now) {
  if (begin_at_ && now >= *begin_at_) begin(now);
  for (Call& call : calls_) {
    if (call.send_at && now >= *call.send_at) send_call(call);
  }
  if (close_at_ && now >= *close_at_) finish_closing(now);
}

std::optional<TimePoint> Session::next_timeout() const {
  std::optional<TimePoint> next = begin_at_;
  const auto consider = [&](const std::optional<TimePoint>& other) {
    if (other && (!next || *other < *next)) next = other;
  };
  consider(close_at_);
  for (const Call& call : calls_) consider(call.send_at);
  return next;
}

void Session::log(TimePoint now, LogLevel level, std::string_view code, std::string_view detail) const {
  const Logger logger{config_.log, "whip", {}};
  if (detail.empty()) return logger.log(now, level, code);
  logger.log(now, level, code, {{"detail", detail}});
}

}  // namespace petrel::inline v0::whip
