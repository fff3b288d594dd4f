#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "datachannel/protocol.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::datachannel {

/// Messages of one channel that wait for SCTP, in order; of the first a part may be gone.
class SendQueue {
 public:
  struct Entry {
    MessageKind kind = MessageKind::binary;
    std::vector<std::byte> data{};
    std::optional<TimePoint> expires{};
    std::size_t taken = 0;  ///< Bytes that SCTP has.
    bool begun = false;     ///< SCTP has some, and must get the rest.
    bool ordered = true;    ///< As it was begun: the pieces of a message go one way.
  };

  // What a message costs beside its bytes, so that empty ones cannot be queued without end.
  static constexpr std::size_t overhead = 128;

  bool empty() const { return entries_.empty(); }
  Entry& front() { return entries_.front(); }
  const Entry& front() const { return entries_.front(); }

  void push(Entry entry);
  /// What is left of the first message as SCTP is to have it: an empty message is one byte.
  Bytes rest() const;
  /// SCTP has taken so much of rest(). True if that was the end of the message, which is then gone.
  bool take(std::size_t bytes);

  /// Drops messages whose lifetime is over, unless they are begun. How many.
  std::size_t expire(TimePoint now);
  std::optional<TimePoint> next_expiry() const;
  /// Drops all but the message that is begun.
  void discard();

  /// Bytes of the application's that wait.
  std::size_t amount() const { return amount_; }
  /// The same with what each message costs beside.
  std::size_t cost() const { return amount_ + overhead * entries_.size(); }

 private:
  void drop_front();

  RingQueue<Entry> entries_;
  std::size_t amount_ = 0;
};

}  // namespace petrel::inline v0::datachannel
