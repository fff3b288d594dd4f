#include <algorithm>
#include <utility>

#include "datachannel/core.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

// Streams in one request: their numbers fit a packet of the smallest path (RFC 6525 4.1).
constexpr std::size_t max_streams_per_reset = 256;

constexpr Duration first_retry = 1s;

}  // namespace

void Core::close(TimePoint now, ChannelId id) {
  now = clamp(now);
  Channel* channel = find(id);
  if (channel == nullptr) return;
  switch (channel->state) {
    case State::connecting:
      finish(now, *channel);  // The peer has not heard of it.
      return;
    case State::open:
      channel->state = State::closing;
      want_reset_when_sent(*channel);
      settle(now);
      return;
    case State::closing:
      return;
    case State::closed:
      while (!channel->unread.empty()) {
        unread_cost_ -= channel->unread.pop_front().data.size() + unread_overhead;
      }
      forget_if_done(*channel);
      settle(now);
      return;
  }
}

void Core::close(TimePoint now) {
  now = clamp(now);
  if (closing_ || phase_ == Phase::over) return;
  if (!is_up()) {
    abort(now);
    return;
  }
  closing_ = true;
  phase_ = Phase::draining;
  paused_ = false;
  drain_deadline_ = now + drain_patience;
  for (const auto& [id, channel] : channels_) {
    if (channel->state == State::open) channel->state = State::closing;
  }
  settle(now);
}

void Core::abort(TimePoint now) {
  now = clamp(now);
  if (phase_ == Phase::over) return;
  closing_ = true;
  if (link_ != nullptr) link_->abort(now);
  end(now, {});
}

// The channel is closed by the peer (without an error), or because of what the peer did.
void Core::begin_closing(TimePoint now, Channel& channel, std::error_code error) {
  if (channel.is_live()) {
    channel.state = State::closing;
    channel.error = error;
    events_.push_back(datachannel::Closing{channel.id});
    log(now, error ? LogLevel::warning : LogLevel::info, "datachannel.closing", channel);
  }
  // Nobody would read it. Of a message that is begun SCTP must have the end, or it could not reset.
  channel.queue.discard();
  if (channel.queue.empty()) scheduler_.leave(channel.turn);
  want_reset_when_sent(channel);
}

void Core::fail(TimePoint now, Channel& channel, std::error_code error) {
  for (Assembly& assembly : channel.assemblies) unfinished_bytes_ -= assembly.drop();
  begin_closing(now, channel, error);
}

void Core::want_reset_when_sent(Channel& channel) {
  if (phase_ != Phase::up || !channel.queue.empty() || channel.outgoing_reset) return;
  if (*channel.init.id >= outgoing_streams_) {
    // A stream that nothing was sent on may not be there yet, and the peer waits for its reset. It comes
    // to be by sending; an ACK changes nothing.
    push(channel, {.kind = MessageKind::control, .data = {ack_message}});
    return;
  }
  const auto [it, is_new] = resets_.try_emplace(*channel.init.id);
  // What is asked for is the reset of the channel before: this one's comes after it.
  if (!is_new && it->second.reused) it->second.again = true;
}

void Core::handle(TimePoint now, const sctp::IncomingReset& reset) {
  for (const std::uint16_t stream : reset.streams) peer_has_reset(now, stream);
}

// All that came on the stream before is read already: the association keeps them in order.
void Core::peer_has_reset(TimePoint now, std::uint16_t stream) {
  retired_.erase(stream);
  for (StreamSet& dropping : dropping_) dropping.erase(stream);
  if (const auto early = early_.find(stream); early != early_.end()) {
    unfinished_bytes_ -= early->second.drop();
    early_.erase(early);
  }
  if (const auto reset = resets_.find(stream); reset != resets_.end()) reset->second.peer_reset = true;
  Channel* channel = on_stream(stream);
  if (channel == nullptr) return;
  for (Assembly& assembly : channel->assemblies) unfinished_bytes_ -= assembly.drop();
  channel->incoming_reset = true;
  begin_closing(now, *channel, {});
  if (channel->outgoing_reset) finish(now, *channel);
}

// One request at a time (RFC 6525 5.1.1), and only when all that was sent is acknowledged. A peer that
// gets a request before the data that it follows would answer "in progress", of which usrsctp, on either
// side, loses track when a packet is lost.
bool Core::issue_resets(TimePoint now) {
  const bool was_paused = std::exchange(paused_, false);
  if (phase_ != Phase::up) return was_paused;
  reset_batch_.clear();
  for (const auto& [stream, reset] : resets_) {
    if (reset.step == Reset::Step::asked) return was_paused;
    if (reset.step == Reset::Step::wanted && reset_batch_.size() < max_streams_per_reset) {
      reset_batch_.push_back(stream);
    }
  }
  if (reset_batch_.empty()) return was_paused;
  paused_ = link_->unacknowledged() > 0;
  if (paused_) return false;
  for (const std::uint16_t stream : reset_batch_) resets_[stream].step = Reset::Step::asked;
  if (const auto asked = link_->reset(now, reset_batch_); !asked) {
    const std::vector<std::uint16_t> refused = reset_batch_;
    for (const std::uint16_t stream : refused) reset_answered(now, stream, asked.error());
  }
  return true;
}

void Core::handle(TimePoint now, const sctp::OutgoingReset& reset) {
  for (const std::uint16_t stream : reset.streams) reset_answered(now, stream, reset.error);
}

void Core::reset_answered(TimePoint now, std::uint16_t stream, std::error_code error) {
  const auto it = resets_.find(stream);
  if (it == resets_.end() || it->second.step != Reset::Step::asked) return;
  Reset& reset = it->second;
  if (error) {
    if (++reset.attempts >= max_reset_attempts) {
      give_up_reset(now, stream, Errc::reset_refused);
      return;
    }
    reset.step = Reset::Step::refused;
    reset.due = now + first_retry * (1 << (reset.attempts - 1));
    return;
  }
  Channel* channel = on_stream(stream);
  if (reset.again) {
    reset = {};
    return;
  }
  if (channel == nullptr || reset.reused) {
    // An OPEN that was refused, or the channel before this one.
    resets_.erase(it);
    if (channel == nullptr) return;
    channel->awaiting_reset = false;
    if (!channel->queue.empty() && channel->may_send()) scheduler_.enter(channel->turn);
    return;
  }
  channel->outgoing_reset = true;
  if (channel->incoming_reset) {
    finish(now, *channel);
  } else {
    reset.step = Reset::Step::answered;
    reset.due = now + close_patience;
  }
}

void Core::handle_reset_timeouts(TimePoint now) {
  std::vector<std::uint16_t> unanswered;
  for (auto& [stream, reset] : resets_) {
    if (now < reset.due) continue;
    if (reset.step == Reset::Step::refused) reset.step = Reset::Step::wanted;
    if (reset.step == Reset::Step::answered) unanswered.push_back(stream);
  }
  for (const std::uint16_t stream : unanswered) give_up_reset(now, stream, Errc::reset_unanswered);
}

// The channel is closed here; its stream cannot be used again before the peer has reset it.
void Core::give_up_reset(TimePoint now, std::uint16_t stream, std::error_code error) {
  resets_.erase(stream);
  retired_.insert(stream);
  Channel* channel = on_stream(stream);
  if (channel == nullptr) return;
  if (!channel->error) channel->error = error;
  finish(now, *channel);
}

void Core::finish(TimePoint now, Channel& channel) {
  channel.state = State::closed;
  channel.queue = {};
  channel.awaiting_stream = false;
  scheduler_.leave(channel.turn);
  if (current_ == &channel) current_ = nullptr;
  for (Assembly& assembly : channel.assemblies) unfinished_bytes_ -= assembly.drop();
  if (channel.init.id && on_stream(*channel.init.id) == &channel) {
    by_stream_.erase(*channel.init.id);
    resets_.erase(*channel.init.id);
  }
  events_.push_back(Closed{channel.id, channel.error});
  log(now, channel.error ? LogLevel::warning : LogLevel::info, "datachannel.closed", channel);
}

void Core::shut_down_when_sent(TimePoint now) {
  if (phase_ != Phase::draining || shutting_down_) return;
  if (!scheduler_.empty() || current_ != nullptr) return;
  shutting_down_ = true;
  link_->shut_down(now);
}

// The association is over.
void Core::end(TimePoint now, std::error_code error) {
  if (link_ != nullptr) read(now, true);
  phase_ = Phase::over;
  for (const auto& [id, channel] : channels_) {
    if (channel->state == State::closed) continue;
    if (error) channel->error = error;
    // A channel that somebody was closing ended as it was meant to.
    if (!error && !closing_ && channel->is_live()) channel->error = Errc::transport_closed;
    finish(now, *channel);
  }
  early_.clear();
  unfinished_bytes_ = 0;
  resets_.clear();
  events_.push_back(TransportClosed{error});
}

void Core::forget_if_done(Channel& channel) {
  if (channel.state != State::closed || !channel.closed_taken || !channel.unread.empty()) return;
  if (channel.from_peer) peer_names_bytes_ -= channel.label.size() + channel.init.protocol.size();
  channels_.erase(channel.id);
}

}  // namespace petrel::inline v0::datachannel
