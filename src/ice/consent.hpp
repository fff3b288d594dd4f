#pragma once

#include <list>
#include <optional>

#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::ice {

/// RFC 7675 5.1.
constexpr Duration consent_lifetime = std::chrono::seconds(30);
/// A peer that has left a question without an answer for that long is missing, though it may return.
constexpr Duration missing_after = std::chrono::seconds(5);

/// Consent freshness on the pair that carries data, RFC 7675.
///
/// Asks the peer every 4 to 6 s whether it still wants our packets, which also measures
/// the round trip and keeps NAT bindings open. Consent is lost, for good, once 30 s pass
/// without an answer.
class Consent {
 public:
  /// `granted`: when the peer last answered on this pair. `random` outlives the object.
  Consent(TimePoint now, TimePoint granted, RandomSource& random);

  bool has_asked(const stun::TransactionId& id) const;
  /// The round trip, if the id is that of an open question.
  std::optional<Duration> handle_response(TimePoint now, const stun::TransactionId& id);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// Asks now instead of at the time that is due.
  void ask(TimePoint now) {
    if (!lost_) next_check_ = now;
  }
  /// Somebody says that the peer has left this pair: asks at once, thrice within `limit`. Only what is
  /// asked from now on counts. While one probe runs, another changes nothing.
  void probe(TimePoint now, Duration limit);
  bool is_probing() const { return probe_.has_value(); }
  /// The probe has ended without an answer. Says so until the next answer or probe.
  bool is_probed_in_vain() const { return probed_in_vain_; }

  /// The Binding request to send now, if one is due.
  std::optional<stun::TransactionId> poll_check();

  bool lost() const { return lost_; }
  bool missing() const { return missing_; }
  /// When the first question was asked that has no answer yet.
  std::optional<TimePoint> open_since() const { return open_since_; }

 private:
  struct Question {
    stun::TransactionId id;
    TimePoint asked;
  };
  struct Probe {
    TimePoint began;
    TimePoint ends;
    Duration interval;
  };

  RandomSource& random_;
  TimePoint next_check_;
  TimePoint expires_;
  bool lost_ = false;
  bool missing_ = false;
  std::optional<TimePoint> open_since_;  ///< When the first question without an answer was asked.
  std::optional<Probe> probe_;
  bool probed_in_vain_ = false;
  std::optional<stun::TransactionId> check_;
  std::list<Question> unanswered_;
};

}  // namespace petrel::inline v0::ice
