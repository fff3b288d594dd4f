#include <algorithm>
#include <utility>

#include "kvs/session.hpp"

namespace petrel::inline v0::kvs {
namespace {

// A channel takes a second or two to become active.
constexpr Duration creation_poll = std::chrono::milliseconds(500);
constexpr unsigned max_creation_polls = 60;

// Steps back within one bring-up: a channel that is not there is made, one that is there is described.
constexpr unsigned max_detours = 4;

// The TURN servers' credentials are taken for expired this long before they are. Where that would leave less
// than half of their life, half is what they get.
constexpr Duration ice_margin = std::chrono::seconds(30);
// While there is no TURN server at all, for a reason that does not pass by itself.
constexpr Duration ice_slow_retry = std::chrono::minutes(5);

// For the service's offer after a join, before it is asked again.
constexpr Duration storage_patience = std::chrono::seconds(6);
constexpr unsigned max_quick_joins = 3;
constexpr Duration storage_slow_retry = std::chrono::seconds(30);

}  // namespace

void Session::start_call(TimePoint now, Purpose purpose, ApiRequest request, const std::string& host) {
  if (over_ || find_call(purpose) != nullptr) return;
  auto url = http::parse_url(host);
  if (!url) {
    // Ours passed check(); the others come from the service.
    endpoints_ = {};
    return trouble(now, make_error_code(Errc::bad_answer), "the service gave an endpoint that is no URL",
                   true);
  }
  calls_.push_back(Call{purpose, ApiCall(std::move(request), *std::move(url))});
  send_call(now, calls_.back());
}

void Session::send_call(TimePoint now, Call& call) {
  call.send_at.reset();
  call.awaits_credentials = !credentials_good(now);
  if (call.awaits_credentials) return want_credentials(refused_);
  call.id = ++last_id_;
  ++stats_.calls;
  log(now, LogLevel::debug, "kvs.call", to_string(call.call.api()));
  actions_.push_back(
      SendCall{call.id, call.call.url(),
               call.call.signed_request(*credentials_, region_, clock_.now(now), config_.user_agent),
               config_.call_limit});
}

Session::Call* Session::find_call(Purpose purpose) {
  const auto found = std::ranges::find(calls_, purpose, &Call::purpose);
  return found == calls_.end() ? nullptr : &*found;
}

void Session::drop_call(Purpose purpose) {
  std::erase_if(calls_, [&](const Call& call) { return call.purpose == purpose; });
}

void Session::handle_response(TimePoint now, std::uint32_t id, const http::Response& response) {
  now_ = std::max(now_, now);
  const auto call = std::ranges::find(calls_, id, &Call::id);
  if (over_ || id == 0 || call == calls_.end()) return;
  judged(now_, id, call->call.judge(response, random_));
  settle(now_);
}

void Session::handle_call_failed(TimePoint now, std::uint32_t id, std::error_code error, std::string detail) {
  now_ = std::max(now_, now);
  const auto call = std::ranges::find(calls_, id, &Call::id);
  if (over_ || id == 0 || call == calls_.end()) return;
  judged(now_, id, call->call.judge_failure(error, std::move(detail), random_));
  settle(now_);
}

void Session::judged(TimePoint now, std::uint32_t id, ApiCall::Verdict verdict) {
  const auto call = std::ranges::find(calls_, id, &Call::id);
  call->id = 0;
  switch (verdict) {
    case ApiCall::Verdict::again_now:
      clock_.correct(now, *call->call.error().server_time);
      ++stats_.clock_corrections;
      log(now, LogLevel::warning, "kvs.clock_corrected", detail_of(now, call->call));
      return send_call(now, *call);
    case ApiCall::Verdict::again_later:
      call->send_at = now + call->call.delay();
      return;
    case ApiCall::Verdict::new_credentials:
      call->awaits_credentials = true;
      return want_credentials(/*refused=*/true);
    case ApiCall::Verdict::done:
    case ApiCall::Verdict::failed:
      break;
  }
  const Call ended = std::move(*call);
  calls_.erase(call);
  if (verdict == ApiCall::Verdict::done) {
    call_done(now, ended.purpose, ended.call.api(), ended.call.body());
  } else {
    call_failed(now, ended.purpose, ended.call);
  }
}

std::string Session::detail_of(TimePoint now, const ApiCall& call) const {
  if (!call.failure_detail().empty()) return call.failure_detail();
  return describe(call.error(), {to_string(call.api()), config_.channel, region_, clock_.local(now)});
}

void Session::call_done(TimePoint now, Purpose purpose, Api api, const std::string& body) {
  switch (purpose) {
    case Purpose::bring_up:
      return bring_up_answered(now, api, body);
    case Purpose::storage:
      storage_join_at_ = now + storage_patience;
      return;
    case Purpose::ice:
      break;
  }
  auto servers = read_ice_servers(body);
  if (!servers) {
    const auto error = servers.error();
    emit(Warning{error, "the TURN servers that the service gave cannot be read"});
    ice_refresh_at_ = now + ice_backoff_.next(random_);
    return ice_settled(now);
  }
  ice_servers_.resize(1);  // The STUN server stays.
  Duration ttl = servers->front().ttl;
  for (IceServerEntry& server : *servers) {
    ttl = std::min<Duration>(ttl, server.ttl);
    ice_servers_.push_back(std::move(server));
  }
  ice_backoff_.reset();
  ice_warned_ = false;
  // A little less than that, so that a fleet does not ask in step.
  const Duration life = std::max<Duration>(ttl - ice_margin, ttl / 2);
  ice_refresh_at_ = now + random_between(random_, life * 9 / 10, life);
  const bool restart = std::exchange(ice_restart_, false);
  if (ice_settled_ || announced_) emit(IceServersChanged{restart});
  ice_settled(now);
}

void Session::ice_settled(TimePoint now) {
  ice_settled_ = true;
  announce(now);
}

void Session::call_failed(TimePoint now, Purpose purpose, const ApiCall& call) {
  const ServiceError& error = call.error();
  switch (purpose) {
    case Purpose::bring_up:
      return bring_up_failed(now, call);
    case Purpose::storage:
      emit(Warning{error.error, detail_of(now, call)});
      storage_join_at_ = now + storage_slow_retry;
      return;
    case Purpose::ice:
      break;
  }
  const bool passes = error.transient() || !call.failure_detail().empty();
  ice_refresh_at_ = now + (passes ? ice_backoff_.next(random_) + Backoff::longest : ice_slow_retry);
  if (error.error == Errc::channel_not_found) endpoints_ = {};  // For the next time.
  if (!std::exchange(ice_warned_, true)) {
    emit(Warning{error.error, "calls have to do without TURN servers: " + detail_of(now, call)});
  }
  ice_settled(now);
}

void Session::bring_up_answered(TimePoint now, Api api, const std::string& body) {
  const auto not_understood = [&] {
    trouble(now, make_error_code(Errc::bad_answer),
            "the answer to kinesisvideo:" + std::string(to_string(api)) + " is not understood", true);
  };
  if (api == Api::describe_channel) {
    const auto channel = read_channel(body);
    if (!channel) return not_understood();
    arn_ = channel->arn;
    if (channel->status == ChannelStatus::deleting) {
      arn_.clear();
      ServiceError error;
      error.error = make_error_code(Errc::channel_being_deleted);
      return trouble(now, error.error, describe(error, {to_string(api), config_.channel, region_, 0}), false);
    }
    if (channel->status == ChannelStatus::creating) {
      if (++polls_ > max_creation_polls) {
        return trouble(now, make_error_code(Errc::service_failed), "the new channel does not become active",
                       true);
      }
      bringing_up_ = true;
      bring_up_at_ = now + creation_poll;
      return;
    }
    described_ = true;
  } else if (api == Api::create_channel) {
    const auto arn = read_created(body);
    if (!arn) return not_understood();
    arn_ = *arn;
    polls_ = 0;
    log(now, LogLevel::info, "kvs.channel_created", config_.channel);
  } else {
    auto endpoints = read_endpoints(body);
    if (!endpoints) return not_understood();
    endpoints_ = *std::move(endpoints);
  }
  bring_up(now);
}

void Session::bring_up_failed(TimePoint now, const ApiCall& call) {
  const ServiceError& error = call.error();
  const bool by_name = !parse_channel_arn(config_.channel);
  if (error.error == Errc::channel_not_found) {
    described_ = false;
    endpoints_ = {};
    const bool may_create = call.api() == Api::describe_channel && config_.role == Role::master &&
                            config_.create_channel && by_name;
    arn_ = by_name ? std::string() : config_.channel;
    // The service may take a moment to agree with itself on what there is.
    if (++detours_ > max_detours) {
      return trouble(now, error.error, detail_of(now, call), /*transient=*/may_create);
    }
    if (may_create) {
      return start_call(now, Purpose::bring_up, create_channel(config_.channel, config_.channel_options),
                        config_.endpoint_url);
    }
    // Known from before and gone now: describe it by its name, once.
    if (by_name && call.api() == Api::get_endpoint) return bring_up(now);
  }
  // Somebody else was faster; then it is there.
  if (error.error == Errc::channel_exists && call.api() == Api::create_channel && ++detours_ <= max_detours) {
    return bring_up(now);
  }
  const bool transient = error.transient() || !call.failure_detail().empty();
  trouble(now, error.error, detail_of(now, call), transient);
}

void Session::request_ice(TimePoint now, bool restart) {
  ice_restart_ = ice_restart_ || restart;
  ice_refresh_at_.reset();
  if (endpoints_.https.empty()) {
    ice_refresh_at_ = now + Backoff::longest;  // The bring-up under way will have it.
    return;
  }
  start_call(now, Purpose::ice, get_ice_servers(arn_, config_.client_id), endpoints_.https);
}

void Session::join_storage_session(TimePoint now) {
  storage_join_at_.reset();
  if (storage_offered_ || !active_) return;
  if (endpoints_.webrtc.empty()) {
    emit(Warning{make_error_code(Errc::refused),
                 "the channel has no storage session: configure media storage for it, or do without"});
    return;
  }
  if (storage_joins_ >= max_quick_joins) {
    storage_joins_ = 0;
    storage_join_at_ = now + storage_slow_retry;
    return;
  }
  ++storage_joins_;
  start_call(now, Purpose::storage, join_storage(arn_, config_.role, config_.client_id), endpoints_.webrtc);
}

}  // namespace petrel::inline v0::kvs
