#include <algorithm>
#include <utility>

#include "kvs/session.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/kvs/sigv4.hpp"

namespace petrel::inline v0::kvs {
namespace {

// Refusals and breaks of one host in a row before another is asked for.
constexpr unsigned max_refusals = 3;
// A connection that has lasted so long was a good one: what comes next is new trouble.
constexpr Duration good_life = std::chrono::seconds(10);
// Off the end of a connection's life, at random.
constexpr Duration life_spread = std::chrono::minutes(3);
// Texts that come while the TURN servers are being asked for.
constexpr std::size_t max_held = 64;
constexpr std::size_t max_draining = 4;

}  // namespace

std::string_view Session::connect_action() const {
  return config_.role == Role::master ? "ConnectAsMaster" : "ConnectAsViewer";
}

void Session::connect(TimePoint now) {
  const auto endpoint = http::parse_url(endpoints_.wss);
  const bool is_websocket = endpoint && (endpoint->scheme == "wss" || endpoint->scheme == "ws");
  if (!is_websocket) {
    endpoints_ = {};
    return trouble(now, make_error_code(Errc::bad_answer),
                   "the service gave an endpoint that is no WebSocket URL", true);
  }
  QueryParameters parameters{{"X-Amz-ChannelARN", arn_}};
  if (config_.role == Role::viewer) parameters.emplace_back("X-Amz-ClientId", config_.client_id);
  opening_ = Socket{.id = ++last_id_};
  actions_.push_back(OpenSocket{opening_->id,
                                presign(*endpoint, std::move(parameters), *credentials_,
                                        {.unix_time = clock_.now(now), .region = region_}),
                                config_.connect_limit});
}

void Session::handle_socket_opened(TimePoint now, std::uint32_t id) {
  now_ = std::max(now_, now);
  if (over_ || !opening_ || opening_->id != id) return;
  ++stats_.connections;
  log(now_, LogLevel::info, "kvs.connected", {});
  if (active_) {
    // Make before break: what is under way on the old one still comes.
    actions_.push_back(CloseSocket{active_->id});
    if (draining_.size() >= max_draining) draining_.erase(draining_.begin());
    draining_.push_back(active_->id);
  }
  active_ = std::exchange(opening_, std::nullopt);
  active_->opened_at = now_;
  active_->heard_at = now_;
  active_->replace_at =
      now_ + config_.connection_life -
      random_between(random_, Duration(0), std::min(life_spread, config_.connection_life / 10));
  bringing_up_ = false;
  bring_up_at_.reset();
  connect_renewed_ = false;
  connect_corrected_ = false;
  detours_ = 0;
  outbox_.handle_connected();
  settle(now_);
}

void Session::handle_socket_refused(TimePoint now, std::uint32_t id, const http::Response& response) {
  now_ = std::max(now_, now);
  if (over_ || !opening_ || opening_->id != id) return;
  opening_.reset();
  ++refusals_;
  const ServiceError error = read_service_error(response);
  const std::string detail =
      describe(error, {connect_action(), config_.channel, region_, clock_.local(now_)});
  if (error.error == Errc::clock_wrong && error.server_time && !std::exchange(connect_corrected_, true)) {
    clock_.correct(now_, *error.server_time);
    ++stats_.clock_corrections;
    log(now_, LogLevel::warning, "kvs.clock_corrected", detail);
    bring_up(now_);
    return settle(now_);
  }
  const bool by_credentials = error.error == Errc::bad_credentials ||
                              error.error == Errc::credentials_expired || error.error == Errc::access_denied;
  if (by_credentials && !std::exchange(connect_renewed_, true)) {
    want_credentials(/*refused=*/true);
    return settle(now_);
  }
  connect_renewed_ = false;
  connect_corrected_ = false;
  if (error.error == Errc::channel_not_found) {
    described_ = false;
    endpoints_ = {};
    if (!parse_channel_arn(config_.channel)) arn_.clear();
    if (parse_channel_arn(config_.channel)) described_ = true;
  }
  if (error.error == Errc::refused || error.error == Errc::service_failed || refusals_ >= max_refusals)
    endpoints_ = {};
  // A 400 is an endpoint that is of no use any more as often as a mistake.
  const bool transient = error.transient() || error.error == Errc::refused ||
                         error.error == Errc::channel_not_found || error.error == Errc::bad_answer;
  trouble(now_, error.error, detail, transient);
  settle(now_);
}

void Session::handle_socket_closed(TimePoint now, std::uint32_t id, std::error_code error,
                                   std::string detail) {
  now_ = std::max(now_, now);
  std::erase(draining_, id);
  if (over_) return;
  if (opening_ && opening_->id == id) {
    opening_.reset();
    if (++refusals_ >= max_refusals) endpoints_ = {};
    retry_later(now_, error, std::move(detail), /*transient=*/true);
  } else if (active_ && active_->id == id) {
    lost(now_, error, std::move(detail));
  }
  settle(now_);
}

void Session::lost(TimePoint now, std::error_code error, std::string detail) {
  const bool was_good = now >= active_->opened_at + good_life;
  active_.reset();
  if (was_good) {
    refusals_ = 0;
    backoff_.reset();
  } else if (++refusals_ >= max_refusals) {
    endpoints_ = {};
  }
  // The service closes a master's old connection when it takes the new one, and its goodbye may be here
  // first. If that one does not open, retry_later() tells.
  if (opening_) return;
  if (bringing_up_) {
    // Another one is on its way.
    if (std::exchange(announced_, false)) emit(Interrupted{error, std::move(detail), {}});
    return;
  }
  if (bring_up_at_) {
    if (std::exchange(announced_, false)) emit(Interrupted{error, std::move(detail), *bring_up_at_ - now});
    return;
  }
  retry_later(now, error, std::move(detail), /*transient=*/true);
}

void Session::replace_socket(TimePoint now, bool fresh_endpoints) {
  if (bringing_up_ || opening_) return;
  if (fresh_endpoints) {
    endpoints_ = {};
    // GO_AWAY leaves a minute. A service that sends it to whoever comes must not be asked without end.
    if (active_ && now < active_->opened_at + good_life) {
      if (!bring_up_at_) bring_up_at_ = active_->opened_at + good_life;
      return;
    }
  }
  backoff_.reset();
  bring_up(now);
}

void Session::handle_network_change(TimePoint now) {
  now_ = std::max(now_, now);
  if (over_) return;
  // A new connection goes by the new way; whether the old one still works does not matter then. One that is
  // waiting for its next attempt makes it now.
  replace_socket(now_, /*fresh_endpoints=*/false);
  settle(now_);
}

void Session::watch_socket(TimePoint now) {
  if (!active_) return;
  if (active_->pinged_at) {
    if (now < *active_->pinged_at + config_.pong_limit) return;
    const std::uint32_t id = active_->id;
    actions_.push_back(CloseSocket{id});
    return lost(now, std::make_error_code(std::errc::timed_out),
                "the signaling service has stopped answering");
  }
  if (now >= active_->heard_at + config_.ping_after) {
    active_->pinged_at = now;
    actions_.push_back(SendPing{active_->id});
  }
  if (now >= active_->replace_at && !bring_up_at_) {
    log(now, LogLevel::info, "kvs.replacing", {});
    replace_socket(now, /*fresh_endpoints=*/true);
  }
}

void Session::handle_pong(TimePoint now, std::uint32_t id) {
  now_ = std::max(now_, now);
  if (!active_ || active_->id != id) return;
  active_->heard_at = now_;
  active_->pinged_at.reset();
}

void Session::handle_text(TimePoint now, std::uint32_t id, std::string_view text) {
  now_ = std::max(now_, now);
  if (over_) return;
  const bool is_active = active_ && active_->id == id;
  if (!is_active && std::ranges::find(draining_, id) == draining_.end()) return;
  if (is_active) {
    active_->heard_at = now_;
    active_->pinged_at.reset();
  }
  if (text.empty()) return;  // The service sends such to keep the way open.
  if (!announced_) {
    if (held_.size() < max_held && text.size() <= max_frame_bytes) {
      held_.emplace_back(text);
    } else {
      ++stats_.dropped;
    }
    return;
  }
  read(now_, text, is_active);
  settle(now_);
}

void Session::read(TimePoint now, std::string_view text, bool is_active) {
  auto message = read_message(text);
  if (!message) {
    ++stats_.malformed;
    return;
  }
  ++stats_.messages_received;
  const std::string& sender = message->sender;
  std::visit(
      [&](auto& content) {
        using Content = std::remove_cvref_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, DescriptionMessage>) {
          handle_description(now, sender, std::move(content));
        } else if constexpr (std::is_same_v<Content, CandidateMessage>) {
          if (peers_.take_candidate(now, sender, content)) emit(Candidate{sender, std::move(content)});
        } else if constexpr (std::is_same_v<Content, GoAway>) {
          log(now, LogLevel::info, "kvs.go_away", {});
          if (is_active) replace_socket(now, /*fresh_endpoints=*/true);
        } else if constexpr (std::is_same_v<Content, ReconnectIceServer>) {
          log(now, LogLevel::info, "kvs.reconnect_ice_server", {});
          request_ice(now, /*restart=*/true);
        } else if constexpr (std::is_same_v<Content, StatusResponse>) {
          handle_status(now, content);
        } else {
          ++stats_.unexpected;
        }
      },
      message->content);
}

void Session::handle_description(TimePoint now, const std::string& sender, DescriptionMessage description) {
  const bool is_offer = description.type == DescriptionType::offer;
  // A master is called and a viewer calls; a storage session calls both.
  const bool expected = config_.storage_session        ? is_offer
                        : config_.role == Role::master ? !sender.empty()
                                                       : sender.empty();
  if (!expected) {
    ++stats_.unexpected;
    return;
  }
  if (config_.storage_session) {
    storage_offered_ = true;
    storage_join_at_.reset();
  }
  if (is_offer) {
    emit(Offer{sender, std::move(description.sdp)});
  } else {
    emit(Answer{sender, std::move(description.sdp)});
  }
  for (CandidateMessage& candidate : peers_.describe(now, sender))
    emit(Candidate{sender, std::move(candidate)});
}

void Session::handle_status(TimePoint now, const StatusResponse& status) {
  auto message = outbox_.take_unconfirmed(status.correlation_id);
  constexpr int ok = 200;
  if (!message || status.status_code == ok) return;
  http::Response as_response{static_cast<http::Status>(status.status_code), {}, {}};
  as_response.headers.add("x-amzn-ErrorType", status.error_type);
  ServiceError error = read_service_error(as_response);
  if (error.transient() && message->attempts < Outbox::max_attempts) {
    message->queued_at = now;
    if (outbox_.push(*std::move(message))) return;
  }
  std::string detail = "the service did not deliver a message (" + std::to_string(status.status_code);
  if (!error.type.empty()) detail += " " + error.type;
  if (!status.description.empty()) detail += ": " + status.description;
  detail += ")";
  std::ranges::replace_if(detail, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
  emit(MessageRefused{message->recipient, error.error, std::move(detail)});
}

Result<void> Session::send_description(TimePoint now, const std::string& peer,
                                       const DescriptionMessage& description) {
  now_ = std::max(now_, now);
  if (over_) return petrel::Errc::closed;
  if (description.sdp.size() > max_description_bytes) return petrel::Errc::too_long;
  if (!peer.empty() && !is_channel_name(peer)) return Errc::bad_client_id;
  const std::string id = "petrel-" + std::to_string(++last_correlation_);
  auto pushed =
      outbox_.push({Outbox::Kind::description, peer, write_message(description, peer, id), id, now_});
  settle(now_);
  return pushed;
}

Result<void> Session::send_candidate(TimePoint now, const std::string& peer,
                                     const CandidateMessage& candidate) {
  now_ = std::max(now_, now);
  if (over_) return petrel::Errc::closed;
  if (!peer.empty() && !is_channel_name(peer)) return Errc::bad_client_id;
  auto pushed = outbox_.push({Outbox::Kind::candidate, peer, write_message(candidate, peer, {}), {}, now_});
  settle(now_);
  return pushed;
}

void Session::forget_peer(const std::string& peer) {
  peers_.forget(peer);
  outbox_.forget(peer);
}

void Session::flush_outbox(TimePoint now) {
  if (!connected()) return;
  while (auto message = outbox_.take(now)) {
    ++stats_.messages_sent;
    actions_.push_back(SendText{active_->id, std::move(message->frame)});
  }
}

}  // namespace petrel::inline v0::kvs
