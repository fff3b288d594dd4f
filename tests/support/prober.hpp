#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::testing {

/// The smallest FlowCore: one socket, a datagram to each target every `interval`, and an
/// event for everything that arrives. For tests of the network itself.
class Prober {
 public:
  struct Heard {
    TimePoint at;
    Endpoint source;
    std::vector<std::byte> payload;
  };
  using Event = Heard;

  explicit Prober(Endpoint local, Duration interval = std::chrono::seconds(1))
      : local_(local), interval_(interval) {
    requests_.push_back(BindUdp{flow, local});
  }

  /// Asks for one more datagram to `to` at once.
  void send(const Endpoint& to, Bytes payload) {
    outgoing_.push_back({flow, to, *PacketBuffer::copy_of(payload)});
  }
  /// From `now` on, until the end, sends a numbered datagram to `target` every interval.
  void probe(TimePoint now, const Endpoint& target) {
    targets_.push_back(target);
    if (!next_) next_ = now;
  }
  void resolve(std::string name) { requests_.push_back(Resolve{1, std::move(name)}); }
  void close() { requests_.push_back(CloseFlow{flow}); }

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    events_.push_back({now, datagram.source, {datagram.payload.begin(), datagram.payload.end()}});
    return true;
  }
  void handle_timeout(TimePoint now) {
    if (!next_ || now < *next_) return;
    for (const Endpoint& target : targets_) {
      const std::array<std::byte, 4> number{std::byte(count_ >> 24), std::byte(count_ >> 16),
                                            std::byte(count_ >> 8), std::byte(count_)};
      send(target, number);
      ++count_;
    }
    next_ = *next_ + interval_;
  }
  void handle_flow(TimePoint, FlowId, const FlowChange& change) {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) local_ = opened->local;
    if (const auto* failed = std::get_if<FlowFailed>(&change)) error_ = failed->error;
  }
  void handle_resolved(TimePoint, std::uint32_t, const std::vector<IpAddress>& addresses) {
    resolved_ = addresses;
  }
  std::optional<TimePoint> next_timeout() const { return next_; }
  std::optional<IoRequest> poll_request() { return take(requests_); }
  std::optional<Transmit> poll_transmit() { return take(outgoing_); }
  std::optional<Event> poll_event() { return take(events_); }

  /// The address and port it really has, once it is attached and the network ran.
  const Endpoint& local() const { return local_; }
  std::error_code error() const { return error_; }
  const std::optional<std::vector<IpAddress>>& resolved() const { return resolved_; }
  unsigned sent() const { return count_; }

  static constexpr FlowId flow{1};

 private:
  template <class Item>
  static std::optional<Item> take(std::deque<Item>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<Item> item(std::move(queue.front()));
    queue.pop_front();
    return item;
  }

  Endpoint local_;
  Duration interval_;
  std::vector<Endpoint> targets_;
  std::optional<TimePoint> next_;
  unsigned count_ = 0;
  std::error_code error_;
  std::optional<std::vector<IpAddress>> resolved_;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> outgoing_;
  std::deque<Event> events_;
};

}  // namespace petrel::inline v0::testing
