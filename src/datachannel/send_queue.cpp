#include "datachannel/send_queue.hpp"

#include <utility>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::datachannel {
namespace {

constexpr std::byte empty_payload{0};  // RFC 8831 6.6

bool counts(const SendQueue::Entry& entry) { return entry.kind != MessageKind::control; }

}  // namespace

void SendQueue::push(Entry entry) {
  if (counts(entry)) amount_ += entry.data.size() - entry.taken;
  entries_.push_back(std::move(entry));
}

Bytes SendQueue::rest() const {
  const Entry& entry = entries_.front();
  return entry.data.empty() ? Bytes(&empty_payload, 1) : Bytes(entry.data).subspan(entry.taken);
}

bool SendQueue::take(std::size_t bytes) {
  Entry& entry = entries_.front();
  const std::size_t rest_size = rest().size();
  PETREL_ASSERT(bytes <= rest_size);
  if (!entry.data.empty()) {
    entry.taken += bytes;
    if (counts(entry)) amount_ -= bytes;
  }
  if (bytes < rest_size) return false;
  drop_front();
  return true;
}

std::size_t SendQueue::expire(TimePoint now) {
  // A channel has one lifetime for all, so the first is always the oldest.
  std::size_t dropped = 0;
  while (const auto expiry = next_expiry()) {
    if (now < *expiry) break;
    drop_front();
    ++dropped;
  }
  return dropped;
}

std::optional<TimePoint> SendQueue::next_expiry() const {
  if (entries_.empty() || entries_.front().begun) return std::nullopt;
  return entries_.front().expires;
}

void SendQueue::discard() {
  std::optional<Entry> begun;
  if (!entries_.empty() && entries_.front().begun) begun = entries_.pop_front();
  entries_.clear();
  amount_ = 0;
  if (begun) push(*std::move(begun));
}

void SendQueue::drop_front() {
  const Entry& entry = entries_.front();
  if (counts(entry)) amount_ -= entry.data.size() - entry.taken;
  entries_.pop_front();
}

}  // namespace petrel::inline v0::datachannel
