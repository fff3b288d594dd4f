#include "ice/stream.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::ice {
namespace {

bool is_usable(State state) { return state == State::connected || state == State::completed; }

}  // namespace

Stream::Stream(StreamId id, Shared& shared)
    : id_(id),
      shared_(shared),
      current_(std::make_unique<Generation>(id, shared, make_credentials(shared.random))) {}

const Credentials& Stream::restart_credentials() {
  if (!next_credentials_) next_credentials_ = make_credentials(shared_.random);
  return *next_credentials_;
}

void Stream::add_ufrags(std::vector<std::string>& to) const {
  to.push_back(current_->local_credentials().ufrag);
  if (previous_) to.push_back(previous_->local_credentials().ufrag);
  if (next_credentials_) to.push_back(next_credentials_->ufrag);
}

void Stream::restart(TimePoint now) {
  restart_credentials();
  auto next = std::make_unique<Generation>(id_, shared_, *std::exchange(next_credentials_, std::nullopt));
  // Of several restarts in a row, those that came to nothing are forgotten.
  const bool worth_keeping =
      !previous_ || current_->has_carrier() || (current_->has_remote() && !previous_->has_carrier());
  if (worth_keeping) previous_ = std::move(current_);
  current_ = std::move(next);
  previous_ends_.reset();
  restarted_ = restarted_ || state_ != State::new_;
  settle(now);
}

bool Stream::cancel_restart(TimePoint now) {
  next_credentials_.reset();
  if (!previous_ || current_->has_remote()) return false;
  current_ = std::move(previous_);
  settle(now);
  return true;
}

Result<void> Stream::set_remote_credentials(TimePoint now, Credentials credentials, bool remote_is_lite) {
  const auto set = current_->set_remote_credentials(now, std::move(credentials), remote_is_lite);
  if (set && previous_) previous_->retire();
  return set;
}

bool Stream::handle_request(TimePoint now, std::string_view ufrag, const Datagram& datagram,
                            const stun::MessageView& request) {
  for (Generation* generation : {current_.get(), previous_.get()}) {
    if (generation == nullptr || generation->local_credentials().ufrag != ufrag) continue;
    generation->handle_request(now, datagram, request);
    return true;
  }
  return false;
}

bool Stream::handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response) {
  return current_->handle_response(now, datagram, response) ||
         (previous_ && previous_->handle_response(now, datagram, response));
}

void Stream::fail_flow(FlowId flow) {
  current_->fail_flow(flow);
  if (previous_) previous_->fail_flow(flow);
}

void Stream::handle_connection(TimePoint now, const ConnectionKey& opened) {
  current_->handle_connection(now, opened);
  if (previous_) previous_->handle_connection(now, opened);
}

void Stream::fail_connection(const ConnectionEnded& ended) {
  current_->fail_connection(ended);
  if (previous_) previous_->fail_connection(ended);
}

void Stream::handle_timeout(TimePoint now) {
  current_->handle_timeout(now);
  if (previous_) previous_->handle_timeout(now);
}

std::optional<TimePoint> Stream::next_timeout() const {
  std::optional<TimePoint> next = current_->next_timeout();
  if (previous_) next = earlier(next, previous_->next_timeout());
  return earlier(next, previous_ends_);
}

void Stream::settle(TimePoint now) {
  current_->settle(now);
  if (previous_) {
    previous_->settle(now);
    if (current_->has_selected() && !previous_ends_) previous_ends_ = now + retirement;
    const bool over = previous_ends_ && now >= *previous_ends_;
    // Without a pair that works it has nothing left to give, once there is no way back to it.
    if (over || (!previous_->has_carrier() && current_->has_remote())) previous_.reset();
  }
  if (!previous_) previous_ends_.reset();
  if (state_ != State::closed) set_state(now, merged_state());
}

// As RTCIceTransport has it (W3C webrtc 5.6.4): a restart does not take a connection back that
// works, and forgets that one was lost.
State Stream::merged_state() const {
  const State fresh = current_->state();
  if (is_usable(fresh)) return fresh;
  if (previous_ && is_usable(previous_->state())) return State::connected;
  if (fresh == State::new_ && restarted_) return State::checking;
  return fresh;
}

void Stream::set_state(TimePoint now, State state) {
  if (state == state_) return;
  state_ = state;
  shared_.config.log.log(now, LogLevel::info, "ice.state",
                         {{"stream", std::int64_t{id_.value}}, {"state", to_string(state)}});
  shared_.emit(StateChanged{id_, state});
}

void Stream::withdraw_consent() {
  current_->withdraw_consent();
  if (previous_) previous_->withdraw_consent();
}

void Stream::close(TimePoint now) {
  current_->close();
  if (previous_) previous_->close();
  set_state(now, State::closed);
}

Generation& Stream::carrier() const {
  // RFC 8445 9: the old pair until the new generation has chosen. If the old one has gone
  // quiet, any pair of the new one that works is better.
  const bool old_works = previous_ && is_usable(previous_->state()) && !previous_->is_broken();
  const bool take_new = current_->has_selected() || (current_->has_carrier() && !old_works);
  return take_new || !previous_ ? *current_ : *previous_;
}

bool Stream::has_proven(FlowId flow, const Endpoint& source) const {
  return current_->has_proven(flow, source) || (previous_ && previous_->has_proven(flow, source));
}

std::optional<SelectedPair> Stream::selected() const {
  auto selected = current_->selected();
  return selected || !previous_ ? selected : previous_->selected();
}

StreamReport Stream::report() const {
  StreamReport report = current_->report();
  if (!previous_ || current_->has_selected()) return report;
  // What carries the data belongs into the picture.
  for (PairReport& pair : previous_->report().pairs) {
    if (pair.selected) report.pairs.push_back(std::move(pair));
  }
  return report;
}

}  // namespace petrel::inline v0::ice
