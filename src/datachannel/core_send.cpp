#include <algorithm>
#include <chrono>
#include <utility>

#include "datachannel/core.hpp"

namespace petrel::inline v0::datachannel {
namespace {

// The least that SCTP can be told; what is over is dropped before it gets there.
constexpr Duration shortest_lifetime = std::chrono::milliseconds(1);

}  // namespace

Result<bool> Core::try_send(TimePoint now, ChannelId id, Bytes message, bool is_text) {
  now = clamp(now);
  Channel* channel = find(id);
  if (channel == nullptr) {
    error_detail_ = "there is no channel " + std::to_string(id.value);
    return Errc::unknown_channel;
  }
  if (!channel->is_open()) {
    error_detail_ = "the channel is " + std::string(to_string(channel->state));
    return Errc::not_open;
  }
  const std::size_t theirs = parameters_.remote_max_message_size;
  if (theirs != 0 && message.size() > theirs) {
    error_detail_ = "the message has " + std::to_string(message.size()) + " bytes, the peer takes " +
                    std::to_string(theirs);
    return Errc::message_too_long;
  }
  if (message.size() > config_.max_message_size) {
    error_detail_ = "the message has " + std::to_string(message.size()) + " bytes, max_message_size is " +
                    std::to_string(config_.max_message_size);
    return Errc::message_too_long;
  }
  if (channel->queue.cost() >= config_.max_buffered) {
    channel->wants_writable = true;
    return false;
  }

  SendQueue::Entry entry{.kind = is_text ? MessageKind::text : MessageKind::binary};
  if (const auto& lifetime = channel->init.max_packet_life_time) {
    entry.expires = now + std::chrono::milliseconds(*lifetime);
  }
  if (send_at_once(now, *channel, entry, message)) {
    after_sending(*channel, message.size());
  } else if (channel->is_open()) {
    entry.data.assign(message.begin(), message.end());
    const std::size_t taken = entry.taken;
    push(*channel, std::move(entry));
    if (taken > 0) after_sending(*channel, message.size());
  }
  settle(now);
  return true;
}

// Gives a message to SCTP without a copy, if nobody else waits. False: not all was taken, and `entry`
// says how much.
bool Core::send_at_once(TimePoint now, Channel& channel, SendQueue::Entry& entry, Bytes message) {
  if (!is_up() || blocked_ || !scheduler_.empty() || !channel.queue.empty()) return false;
  if (current_ != nullptr || !channel.may_send()) return false;
  constexpr std::byte empty_payload{0};
  const bool is_empty = message.empty();
  const bool ordered = channel.init.ordered || channel.awaiting_ack;
  const auto taken = link_->send(now, {.stream = *channel.init.id,
                                       .protocol = protocol_of(entry.kind, is_empty),
                                       .delivery = delivery_of(now, channel, ordered, entry.expires),
                                       .last = true,
                                       .payload = is_empty ? Bytes(&empty_payload, 1) : message});
  if (!taken) return false;  // Whatever is wrong, flush() will meet it again.
  if (*taken == 0) return false;
  scheduler_.charge(channel.turn, *taken);
  if (is_empty || *taken == message.size()) {
    ++channel.stats.messages_sent;
    channel.stats.bytes_sent += message.size();
    return true;
  }
  blocked_ = true;
  entry.taken = *taken;
  entry.begun = true;
  entry.ordered = ordered;
  channel.stats.bytes_sent += *taken;
  if (!interleaving_) current_ = &channel;
  return false;
}

void Core::push(Channel& channel, SendQueue::Entry entry) {
  channel.queue.push(std::move(entry));
  if (channel.may_send()) scheduler_.enter(channel.turn);
}

void Core::flush(TimePoint now) {
  while (is_up() && !blocked_) {
    Channel* channel = current_;
    if (channel == nullptr) {
      Turn* turn = scheduler_.next();
      if (turn == nullptr) return;
      channel = turn->channel;
      expire(now, *channel);
      if (channel->queue.empty()) continue;
    }
    send_piece(now, *channel);
  }
}

void Core::send_piece(TimePoint now, Channel& channel) {
  SendQueue::Entry& entry = channel.queue.front();
  const bool is_control = entry.kind == MessageKind::control;
  if (!entry.begun) entry.ordered = is_control || channel.init.ordered || channel.awaiting_ack;
  const Bytes rest = channel.queue.rest();
  // Without interleaving nobody else's turn would come before the message ends.
  const Bytes piece = interleaving_ ? rest.first(std::min(rest.size(), piece_bytes)) : rest;
  const auto taken = link_->send(
      now,
      {.stream = *channel.init.id,
       .protocol = protocol_of(entry.kind, entry.data.empty()),
       .delivery = is_control ? sctp::Delivery{} : delivery_of(now, channel, entry.ordered, entry.expires),
       .last = piece.size() == rest.size(),
       .payload = piece});
  if (!taken && taken.error() != sctp::Errc::unknown_stream) {
    blocked_ = true;  // The association is ending; an event will say so.
    return;
  }
  if (!taken) {
    channel.error = Errc::no_stream;
    log(now, LogLevel::warning, "datachannel.no_stream", channel);
    retired_.insert(*channel.init.id);
    finish(now, channel);
    return;
  }
  if (*taken < piece.size()) {
    // Either SCTP is full, or it waits for the peer to grant a stream; others need not wait for that.
    if (*taken == 0 && *channel.init.id >= outgoing_streams_) {
      channel.awaiting_stream = true;
      any_awaits_stream_ = true;
      scheduler_.leave(channel.turn);
    } else {
      blocked_ = true;
    }
  }
  if (*taken == 0) return;

  const std::size_t amount_before = channel.queue.amount();
  scheduler_.charge(channel.turn, *taken);
  entry.begun = true;
  const bool is_message = !is_control;
  const bool is_empty = entry.data.empty();
  current_ = interleaving_ ? nullptr : &channel;
  if (channel.queue.take(*taken)) {
    current_ = nullptr;
    if (is_message) ++channel.stats.messages_sent;
  }
  if (is_message && !is_empty) channel.stats.bytes_sent += *taken;
  if (channel.queue.empty()) scheduler_.leave(channel.turn);
  after_sending(channel, amount_before);
}

sctp::Delivery Core::delivery_of(TimePoint now, const Channel& channel, bool ordered,
                                 std::optional<TimePoint> expires) const {
  sctp::Delivery delivery{.ordered = ordered, .max_retransmits = channel.init.max_retransmits};
  // What the message has waited for here counts.
  if (expires) delivery.max_lifetime = std::max(*expires - now, shortest_lifetime);
  return delivery;
}

// Less waits than before: says so to whom it concerns.
void Core::after_sending(Channel& channel, std::size_t amount_before) {
  const std::size_t amount = channel.queue.amount();
  if (amount_before > channel.low_threshold && amount <= channel.low_threshold && !channel.low_queued) {
    channel.low_queued = true;
    events_.push_back(BufferedAmountLow{channel.id});
  }
  if (channel.wants_writable && channel.is_open() && channel.queue.cost() < config_.max_buffered) {
    channel.wants_writable = false;
    if (!std::exchange(channel.writable_queued, true)) events_.push_back(Writable{channel.id});
  }
  if (channel.state == State::closing) want_reset_when_sent(channel);
}

void Core::expire(TimePoint now, Channel& channel) {
  const std::size_t before = channel.queue.amount();
  const std::size_t expired = channel.queue.expire(now);
  if (expired == 0) return;
  channel.stats.messages_expired += expired;
  if (channel.queue.empty()) scheduler_.leave(channel.turn);
  after_sending(channel, before);
}

void Core::retry_without_stream() {
  if (!std::exchange(any_awaits_stream_, false)) return;
  for (const auto& [id, channel] : channels_) {
    if (!channel->awaiting_stream) continue;
    channel->awaiting_stream = false;
    if (!channel->queue.empty() && channel->may_send()) scheduler_.enter(channel->turn);
  }
}

}  // namespace petrel::inline v0::datachannel
