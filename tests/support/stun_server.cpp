#include "support/stun_server.hpp"

#include <utility>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::testing {
namespace {

template <class Item>
std::optional<Item> take(std::deque<Item>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<Item> item(std::move(queue.front()));
  queue.pop_front();
  return item;
}

}  // namespace

bool StunServer::handle_datagram(TimePoint, const Datagram& datagram) {
  const auto request = stun::MessageView::parse(datagram.payload);
  if (!request || request->message_class() != stun::Class::request ||
      request->method() != stun::Method::binding) {
    return false;
  }
  ++requests_;
  if (silent_) return true;
  stun::Builder answer(stun::Class::success_response, stun::Method::binding, request->id());
  answer.xor_mapped_address(datagram.source);
  outgoing_.push_back({datagram.flow, datagram.source, answer.finish({}).value()});
  events_.push_back({datagram.source});
  return true;
}

std::optional<IoRequest> StunServer::poll_request() {
  if (!bind_) return std::nullopt;
  return std::exchange(bind_, std::nullopt);
}

std::optional<Transmit> StunServer::poll_transmit() { return take(outgoing_); }
std::optional<StunServer::Event> StunServer::poll_event() { return take(events_); }

}  // namespace petrel::inline v0::testing
