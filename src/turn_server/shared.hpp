#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "petrel/base/log.hpp"
#include "petrel/base/random.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/turn_server/server.hpp"

namespace petrel::inline v0::turn_server {

/// What every part of the server works with: configuration, time, and the queues that lead outside.
class Shared {
 public:
  /// Packets that nobody polled: a few batches for each of many calls. What comes on top is lost.
  static constexpr std::size_t max_unsent_packets = 4096;

  Shared(TimePoint now, ServerConfig config, RandomSource& random);

  const ServerConfig& config() const { return config_; }
  RandomSource& random_source() { return random_; }
  ServerStats& stats() { return stats_; }
  const ServerStats& stats() const { return stats_; }

  TimePoint now() const { return now_; }
  void advance(TimePoint now) { now_ = std::max(now_, now); }
  std::int64_t unix_time() const;
  void set_unix_time(std::int64_t seconds);

  /// Ids are never used again, so that after 2^31 of them there are no more.
  bool has_flows(std::uint32_t count) const { return first_accepted_flow.value - next_flow_ >= count; }
  FlowId new_flow() { return {next_flow_++}; }

  bool has_room() const { return transmits_.size() < max_unsent_packets; }
  /// So many that streams are not read until most of them have left; they may not lose any.
  bool is_backlogged() const { return transmits_.size() > max_unsent_packets / 2; }
  bool is_nearly_polled() const { return transmits_.size() < max_unsent_packets / 8; }
  /// Ask has_room() first, but for what a stream must not lose.
  void transmit(Transmit transmit) { transmits_.push_back(std::move(transmit)); }
  void request(IoRequest request) { requests_.push_back(std::move(request)); }
  void report(Event event) { events_.push_back(event); }
  void log(LogLevel level, std::string_view code, std::initializer_list<LogField> fields) const {
    logger_.log(now_, level, code, fields);
  }

  std::optional<Transmit> poll_transmit();
  std::optional<IoRequest> poll_request();
  std::optional<Event> poll_event();

 private:
  ServerConfig config_;
  RandomSource& random_;
  Logger logger_;
  ServerStats stats_;
  TimePoint now_;
  TimePoint wall_clock_set_at_;
  std::int64_t wall_clock_;
  std::uint32_t next_flow_ = 1;
  std::deque<Transmit> transmits_;
  std::deque<IoRequest> requests_;  // At most a few for each flow, and flows are limited.
  std::deque<Event> events_;        // At most two for each listener, and for the alternate.
};

}  // namespace petrel::inline v0::turn_server
