#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "petrel/net/protocol_core.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::ice::testing {

/// The least STUN server: it tells everybody the address it sees.
class FakeStunServer {
 public:
  using Event = int;

  explicit FakeStunServer(IpAddress address) { requests_.push_back(BindUdp{FlowId{1}, {address, 3478}}); }

  bool handle_datagram(TimePoint, const Datagram& datagram) {
    const auto request = stun::MessageView::parse(datagram.payload);
    if (!request || silent || request->message_class() != stun::Class::request) return true;
    stun::Builder response(stun::Class::success_response, stun::Method::binding, request->id());
    transmits_.push_back(
        {FlowId{1}, datagram.source, response.xor_mapped_address(datagram.source).finish().value()});
    return true;
  }
  void handle_timeout(TimePoint) {}
  void handle_flow(TimePoint, FlowId, const FlowChange&) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<Transmit> poll_transmit() {
    if (transmits_.empty()) return std::nullopt;
    Transmit transmit = std::move(transmits_.front());
    transmits_.pop_front();
    return transmit;
  }
  std::optional<IoRequest> poll_request() {
    if (requests_.empty()) return std::nullopt;
    IoRequest request = std::move(requests_.front());
    requests_.pop_front();
    return request;
  }
  std::optional<Event> poll_event() { return std::nullopt; }

  bool silent = false;

 private:
  std::deque<Transmit> transmits_;
  std::deque<IoRequest> requests_;
};

}  // namespace petrel::inline v0::ice::testing
