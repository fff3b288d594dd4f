#include "kvs/outbox.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {

Result<void> Outbox::push(Message message) {
  if (messages_.size() >= max_messages || bytes_ + message.frame.size() > max_bytes) {
    ++dropped_;
    return petrel::Errc::limit_reached;
  }
  bytes_ += message.frame.size();
  messages_.push_back(std::move(message));
  return {};
}

// Whatever is in front of it has to wait; if that is for the same peer, so has this.
bool Outbox::overtakes(std::deque<Message>::const_iterator message) const {
  return std::any_of(messages_.begin(), message,
                     [&](const Message& earlier) { return earlier.recipient == message->recipient; });
}

std::optional<Outbox::Message> Outbox::take(TimePoint now) {
  for (auto each = messages_.begin(); each != messages_.end(); ++each) {
    if (!rate_of(each->kind).allows(now)) continue;
    if (overtakes(each)) continue;
    Message message = std::move(*each);
    messages_.erase(each);
    bytes_ -= message.frame.size();
    rate_of(message.kind).note(now);
    ++message.attempts;
    if (!message.correlation_id.empty()) {
      if (unconfirmed_.size() >= max_unconfirmed) unconfirmed_.pop_front();
      unconfirmed_.push_back(message);
      unconfirmed_.back().queued_at = now;
    }
    return message;
  }
  return std::nullopt;
}

std::optional<Outbox::Message> Outbox::take_unconfirmed(std::string_view correlation_id) {
  const auto found = std::ranges::find(unconfirmed_, correlation_id, &Message::correlation_id);
  if (found == unconfirmed_.end()) return std::nullopt;
  Message message = std::move(*found);
  unconfirmed_.erase(found);
  return message;
}

void Outbox::handle_connected() {
  descriptions_.sent.clear();
  candidates_.sent.clear();
}

void Outbox::forget(std::string_view recipient) {
  std::erase_if(messages_, [&](const Message& each) {
    if (each.recipient != recipient) return false;
    bytes_ -= each.frame.size();
    return true;
  });
  std::erase_if(unconfirmed_, [&](const Message& each) { return each.recipient == recipient; });
}

void Outbox::handle_timeout(TimePoint now) {
  std::erase_if(messages_, [&](const Message& each) {
    if (now < each.queued_at + patience) return false;
    bytes_ -= each.frame.size();
    ++dropped_;
    return true;
  });
  while (!unconfirmed_.empty() && now >= unconfirmed_.front().queued_at + confirmed_after)
    unconfirmed_.pop_front();
}

std::optional<TimePoint> Outbox::next_timeout(bool connected) const {
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint other) {
    if (!next || other < *next) next = other;
  };
  for (auto each = messages_.begin(); each != messages_.end(); ++each) {
    consider(each->queued_at + patience);
    if (!connected) continue;
    const Rate& rate = rate_of(each->kind);
    if (rate.sent.size() < rate.limit || overtakes(each)) continue;
    consider(rate.sent.front() + window);
  }
  if (!unconfirmed_.empty()) consider(unconfirmed_.front().queued_at + confirmed_after);
  return next;
}

}  // namespace petrel::inline v0::kvs
