#pragma once

#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::stun {

/// When an unanswered request is sent again, RFC 8489 6.2.1. The defaults send at 0, 0.5,
/// 1.5, 3.5, 7.5, 15.5 and 31.5 s and give up at 39.5 s. ICE chooses its own `rto`.
struct RetransmissionSchedule {
  Duration rto = std::chrono::milliseconds(500);  ///< The first wait; each further one is twice as long.
  unsigned max_sends = 7;                         ///< Rc, 1 to 16.
  unsigned last_wait = 16;                        ///< Rm: how many first waits the last one lasts.

  /// Over TCP or TLS a request is sent once, and given up after Ti = 39.5 s (RFC 8489 6.2.2).
  static constexpr RetransmissionSchedule reliable() {
    return {.rto = std::chrono::milliseconds(39'500), .max_sends = 1, .last_wait = 1};
  }
};

/// The life of one request: when to send it, again, and when to give up.
///
/// It neither holds the message nor sends it. The owner sends whenever due() says so,
/// and discards the transaction when the answer is there or failed() says so.
class PETREL_API Transaction {
 public:
  Transaction(TimePoint now, const TransactionId& id, const RetransmissionSchedule& schedule = {});

  const TransactionId& id() const { return id_; }

  /// True when the request is to be sent now, the first time at once. Each true counts as
  /// one sending. A call that is late sends once, not once for every sending it missed.
  bool due(TimePoint now);
  /// True once the last wait is over.
  bool failed(TimePoint now) const;
  /// When due() or failed() next becomes true; nullopt after due() was called on a failed transaction.
  std::optional<TimePoint> next_timeout() const;

  /// How often it was sent. An answer to a request that was sent once measures the round
  /// trip; after that nobody knows which sending was answered (Karn, RFC 8489 6.2.1).
  unsigned sends() const { return sends_; }
  /// When it was sent last.
  TimePoint last_sent() const { return last_sent_; }

 private:
  TransactionId id_;
  RetransmissionSchedule schedule_;
  unsigned sends_ = 0;
  Duration wait_;
  TimePoint last_sent_;
  std::optional<TimePoint> next_;
};

}  // namespace petrel::inline v0::stun
