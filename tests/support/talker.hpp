#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::testing {

/// A FlowCore that does nothing by itself: asks for what it is told to ask for, sends what it
/// is told to send, and keeps what comes. For tests of streams and multicast.
class Talker {
 public:
  struct Nothing {};
  using Event = Nothing;

  /// What one flow has seen.
  struct Heard {
    std::vector<std::byte> bytes;
    std::vector<TimePoint> times;
    std::vector<FlowChange> changes;

    template <class Change>
    std::optional<Change> last() const {
      if (changes.empty() || !std::holds_alternative<Change>(changes.back())) return std::nullopt;
      return std::get<Change>(changes.back());
    }
    template <class Change>
    std::ptrdiff_t count() const {
      return std::ranges::count_if(
          changes, [](const FlowChange& each) { return std::holds_alternative<Change>(each); });
    }
    bool failed_with(std::errc error) const {
      const auto failed = last<FlowFailed>();
      return failed && failed->error == error;
    }
  };

  void request(IoRequest request) { requests_.push_back(std::move(request)); }
  /// In pieces that fit a PacketBuffer.
  void send(FlowId flow, Bytes bytes, const Endpoint& to = {}) {
    while (!bytes.empty()) {
      const Bytes piece = bytes.first(std::min(bytes.size(), PacketBuffer::capacity));
      outgoing_.push_back({flow, to, *PacketBuffer::copy_of(piece)});
      bytes = bytes.subspan(piece.size());
    }
  }

  Heard& flow(FlowId id) { return flows_[id]; }
  /// Flows that were accepted, in order.
  const std::vector<FlowId>& accepted() const { return accepted_; }
  const std::vector<LocalAddress>& interfaces() const { return interfaces_; }
  int interface_changes() const { return interface_changes_; }

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    Heard& heard = flows_[datagram.flow];
    heard.bytes.insert(heard.bytes.end(), datagram.payload.begin(), datagram.payload.end());
    heard.times.push_back(now);
    return true;
  }
  void handle_timeout(TimePoint) {}
  void handle_flow(TimePoint, FlowId flow, const FlowChange& change) {
    flows_[flow].changes.push_back(change);
    if (std::holds_alternative<FlowAccepted>(change)) accepted_.push_back(flow);
  }
  void handle_interfaces(TimePoint, std::span<const LocalAddress> addresses) {
    interfaces_.assign(addresses.begin(), addresses.end());
    ++interface_changes_;
  }
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<IoRequest> poll_request() { return take(requests_); }
  std::optional<Transmit> poll_transmit() { return take(outgoing_); }
  std::optional<Event> poll_event() { return std::nullopt; }

 private:
  template <class Item>
  static std::optional<Item> take(std::deque<Item>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<Item> item(std::move(queue.front()));
    queue.pop_front();
    return item;
  }

  std::map<FlowId, Heard> flows_;
  std::vector<FlowId> accepted_;
  std::vector<LocalAddress> interfaces_;
  int interface_changes_ = 0;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> outgoing_;
};

}  // namespace petrel::inline v0::testing
