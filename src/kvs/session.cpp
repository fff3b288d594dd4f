#include "kvs/session.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {
namespace {

// Events that nobody polled. Offers come at a few a second; an owner that takes none for so long has gone.
constexpr std::size_t max_unread_events = 1024;

// Temporary credentials are renewed when they have less than this left.
constexpr std::int64_t least_credential_life = 60;

// After trouble that does not pass by itself, once the session has worked: a policy that somebody is just
// mending, a channel that is made anew.
constexpr Duration slow_retry_least = std::chrono::seconds(20);
constexpr Duration slow_retry_most = std::chrono::seconds(60);

// For the first TURN servers, once the WebSocket is open.
constexpr Duration ice_patience = std::chrono::seconds(5);

// "petrel-" and 16 hexadecimal digits.
std::string random_client_id(RandomSource& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id = "petrel-";
  for (const std::byte b : random.bytes<8>()) {
    id += digits[std::to_integer<unsigned>(b) >> 4U];
    id += digits[std::to_integer<unsigned>(b) & 0xfU];
  }
  return id;
}

}  // namespace

Result<void> check(const SessionConfig& config) {
  if (!parse_channel_arn(config.channel) && !is_channel_name(config.channel)) return Errc::bad_channel;
  if (!is_region(region_of(config))) return Errc::bad_region;
  if (!config.client_id.empty() && (config.role == Role::master || !is_client_id(config.client_id))) {
    return Errc::bad_client_id;
  }
  if (config.endpoint_url.empty()) return {};
  const auto url = http::parse_url(config.endpoint_url);
  if (!url) return url.error();
  if (url->scheme != "http" && url->scheme != "https") return http::Errc::unsupported_scheme;
  return {};
}

std::string region_of(const SessionConfig& config) {
  if (const auto arn = parse_channel_arn(config.channel)) return arn->region;
  return config.region;
}

Session::Session(TimePoint now, SessionConfig config, std::int64_t unix_time, RandomSource& random)
    : config_(std::move(config)),
      region_(region_of(config_)),
      random_(random),
      clock_(now, unix_time),
      now_(now) {
  if (config_.endpoint_url.empty()) config_.endpoint_url = control_plane_url(region_);
  if (config_.role == Role::viewer && config_.client_id.empty()) config_.client_id = random_client_id(random);
  // An ARN needs no describing: the next call says whether the channel is there.
  if (parse_channel_arn(config_.channel)) {
    arn_ = config_.channel;
    described_ = true;
  }
  ice_servers_.push_back({{stun_url(region_)}, {}, {}, std::chrono::seconds(0)});
  bring_up(now);
}

void Session::set_unix_time(TimePoint now, std::int64_t unix_time) { clock_.observe(now, unix_time); }

bool Session::credentials_good(TimePoint now) const {
  if (!credentials_ || refused_) return false;
  return !credentials_->expires_at || *credentials_->expires_at > clock_.now(now) + least_credential_life;
}

void Session::want_credentials(bool refused) {
  if (refused) refused_ = true;
  if (wanted_) return;
  wanted_ = true;
  actions_.push_back(WantCredentials{refused_});
}

void Session::handle_credentials(TimePoint now, Credentials credentials) {
  now_ = std::max(now_, now);
  if (over_) return;
  wanted_ = false;
  refused_ = false;
  if (credentials.empty()) {
    const auto error = make_error_code(Errc::no_credentials);
    return trouble(now_, error, error.message(), /*transient=*/false);
  }
  credentials_ = std::move(credentials);
  // Whether they are over is for the service to say: it may be our clock that is wrong. They get their
  // chance.
  if (credentials_->expires_at) {
    const std::int64_t chance = clock_.now(now_) + 2 * least_credential_life;
    credentials_->expires_at = std::max(*credentials_->expires_at, chance);
  }
  for (Call& call : calls_) {
    if (call.awaits_credentials) send_call(now_, call);
  }
  if (bringing_up_ && !find_call(Purpose::bring_up) && !opening_) bring_up(now_);
  settle(now_);
}

void Session::handle_no_credentials(TimePoint now, std::error_code error, std::string detail,
                                    bool transient) {
  now_ = std::max(now_, now);
  if (over_) return;
  wanted_ = false;
  std::erase_if(calls_, [](const Call& call) { return call.awaits_credentials; });
  if (bringing_up_ || !active_) {
    trouble(now_, error, std::move(detail), transient);
  } else {
    ice_refresh_at_ = now_ + ice_backoff_.next(random_);
    emit(Warning{error, std::move(detail)});
  }
  settle(now_);
}

// The next step towards a WebSocket, whatever is there already.
void Session::bring_up(TimePoint now) {
  if (over_) return;
  bringing_up_ = true;
  bring_up_at_.reset();
  if (!credentials_good(now)) return want_credentials(refused_);
  if (!described_) {
    const std::string& channel = arn_.empty() ? config_.channel : arn_;
    return start_call(now, Purpose::bring_up, describe_channel(channel), config_.endpoint_url);
  }
  if (endpoints_.wss.empty()) {
    return start_call(now, Purpose::bring_up, get_endpoint(arn_, config_.role, config_.storage_session),
                      config_.endpoint_url);
  }
  if (!ice_settled_) request_ice(now, /*restart=*/false);
  connect(now);
}

void Session::retry_later(TimePoint now, std::error_code error, std::string detail, bool transient) {
  bringing_up_ = false;
  detours_ = 0;
  drop_call(Purpose::bring_up);
  const Duration delay =
      transient ? backoff_.next(random_) : random_between(random_, slow_retry_least, slow_retry_most);
  bring_up_at_ = now + delay;
  log(now, LogLevel::warning, "kvs.retry", detail);
  // While the old connection still works (GO_AWAY), nothing is interrupted.
  if (active_) return;
  announced_ = false;
  emit(Interrupted{error, std::move(detail), delay});
}

void Session::give_up(TimePoint now, std::error_code error, std::string detail) {
  log(now, LogLevel::error, "kvs.failed", detail);
  close(now);
  emit(SessionFailed{error, std::move(detail)});
}

// Before it has ever worked, what is wrong is wrong with what the user gave: that ends it. Afterwards it is
// something that happened, and a camera at the other end of the country had better try again.
void Session::trouble(TimePoint now, std::error_code error, std::string detail, bool transient) {
  if (!transient && !was_connected_) return give_up(now, error, std::move(detail));
  retry_later(now, error, std::move(detail), transient);
}

void Session::close(TimePoint now) {
  now_ = std::max(now_, now);
  if (over_) return;
  over_ = true;
  announced_ = false;
  bringing_up_ = false;
  if (active_) actions_.push_back(CloseSocket{active_->id});
  if (opening_) actions_.push_back(CloseSocket{opening_->id});
  active_.reset();
  opening_.reset();
  calls_.clear();
  held_.clear();
}

// A call goes better with TURN servers; but one that waits for ever goes not at all.
void Session::announce(TimePoint now) {
  if (announced_ || !active_) return;
  if (!ice_settled_ && now < active_->opened_at + ice_patience) return;
  announced_ = true;
  was_connected_ = true;
  emit(Connected{});
  if (config_.storage_session && !storage_offered_ && !storage_join_at_) storage_join_at_ = now;
  for (const std::string& text : std::exchange(held_, {})) read(now, text, /*is_active=*/true);
}

void Session::emit(Event event) {
  if (events_.size() >= max_unread_events) {
    ++stats_.dropped;
    return;
  }
  events_.push_back(std::move(event));
}

void Session::log(TimePoint now, LogLevel level, std::string_view code, std::string_view detail) const {
  const Logger logger{config_.log, "kvs", config_.channel};
  if (detail.empty()) return logger.log(now, level, code);
  logger.log(now, level, code, {{"detail", detail}});
}

void Session::settle(TimePoint now) {
  if (over_) return;
  announce(now);
  flush_outbox(now);
}

void Session::handle_timeout(TimePoint now) {
  now_ = std::max(now_, now);
  if (over_) return;
  for (Call& call : calls_) {
    if (call.send_at && now_ >= *call.send_at) send_call(now_, call);
  }
  if (bring_up_at_ && now_ >= *bring_up_at_) bring_up(now_);
  if (ice_refresh_at_ && now_ >= *ice_refresh_at_) request_ice(now_, ice_restart_);
  if (storage_join_at_ && now_ >= *storage_join_at_) join_storage_session(now_);
  watch_socket(now_);
  peers_.handle_timeout(now_);
  outbox_.handle_timeout(now_);
  settle(now_);
}

std::optional<TimePoint> Session::next_timeout() const {
  if (over_) return std::nullopt;
  std::optional<TimePoint> next;
  const auto consider = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  for (const Call& call : calls_) consider(call.send_at);
  consider(bring_up_at_);
  consider(ice_refresh_at_);
  consider(storage_join_at_);
  if (active_) {
    consider(active_->pinged_at ? *active_->pinged_at + config_.pong_limit
                                : active_->heard_at + config_.ping_after);
    if (!bringing_up_ && !bring_up_at_) consider(active_->replace_at);
    if (!announced_ && !ice_settled_) consider(active_->opened_at + ice_patience);
  }
  consider(peers_.next_timeout());
  consider(outbox_.next_timeout(connected()));
  return next;
}

SessionStats Session::stats() const {
  SessionStats stats = stats_;
  stats.dropped += peers_.dropped() + outbox_.dropped();
  return stats;
}

}  // namespace petrel::inline v0::kvs
