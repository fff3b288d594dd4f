#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::kvs {

/// Messages that wait: for a connection, or for their turn at the rates that the service allows.
class Outbox {
 public:
  // Per connection, by the service's quotas. The window is a little longer than its second, since a network
  // may push packets together.
  static constexpr std::size_t descriptions_per_window = 5;
  static constexpr std::size_t candidates_per_window = 20;
  static constexpr Duration window = std::chrono::milliseconds(1100);

  static constexpr std::size_t max_messages = 512;
  static constexpr std::size_t max_bytes = 4 * 1024 * 1024;
  /// What the channel's default message TTL would leave of it anyway.
  static constexpr Duration patience = std::chrono::seconds(60);
  /// Descriptions whose fate is not known. After this time without a word they have arrived.
  static constexpr std::size_t max_unconfirmed = 32;
  static constexpr Duration confirmed_after = std::chrono::seconds(10);
  /// How often a throttled description is sent in all.
  static constexpr unsigned max_attempts = 3;

  enum class Kind : std::uint8_t { description, candidate };
  struct Message {
    Kind kind = Kind::description;
    std::string recipient{};
    std::string frame{};
    std::string correlation_id{};
    TimePoint queued_at{};
    unsigned attempts = 0;
  };

  /// petrel::Errc::limit_reached when it is full.
  Result<void> push(Message message);
  /// The next that may go now. A candidate does not overtake a description to the same peer.
  std::optional<Message> take(TimePoint now);
  /// The one that the service has said something about, if it is still remembered.
  std::optional<Message> take_unconfirmed(std::string_view correlation_id);
  /// A new connection has its own rates.
  void handle_connected();
  /// Whatever is for that peer is not to be sent any more.
  void forget(std::string_view recipient);

  void handle_timeout(TimePoint now);
  /// When take() may have something, or something gets too old.
  std::optional<TimePoint> next_timeout(bool connected) const;

  std::size_t size() const { return messages_.size(); }
  std::size_t dropped() const { return dropped_; }

 private:
  struct Rate {
    std::size_t limit;
    std::deque<TimePoint> sent{};

    bool allows(TimePoint now) const { return sent.size() < limit || now >= sent.front() + window; }
    void note(TimePoint now) {
      sent.push_back(now);
      if (sent.size() > limit) sent.pop_front();
    }
  };
  bool overtakes(std::deque<Message>::const_iterator message) const;
  Rate& rate_of(Kind kind) { return kind == Kind::description ? descriptions_ : candidates_; }
  const Rate& rate_of(Kind kind) const { return kind == Kind::description ? descriptions_ : candidates_; }

  std::deque<Message> messages_;
  std::size_t bytes_ = 0;
  std::deque<Message> unconfirmed_;  // queued_at: when it was sent.
  Rate descriptions_{descriptions_per_window};
  Rate candidates_{candidates_per_window};
  std::size_t dropped_ = 0;
};

}  // namespace petrel::inline v0::kvs
