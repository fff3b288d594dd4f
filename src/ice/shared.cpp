#include "ice/shared.hpp"

#include <algorithm>
#include <utility>

#include "ice/check.hpp"
#include "ice/connections.hpp"
#include "ice/relay.hpp"

namespace petrel::inline v0::ice {
namespace {

template <class News>
bool is_older_news(const Event& known, const Event& event) {
  const auto* before = std::get_if<News>(&known);
  const auto* after = std::get_if<News>(&event);
  return before != nullptr && after != nullptr && before->stream == after->stream;
}

}  // namespace

bool Shared::transmit(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp) {
  if (relays != nullptr && relays->knows(flow))
    return relays->send(flow, destination, std::move(payload), dscp);
  if (connections != nullptr && connections->owns(flow))
    return connections->send(flow, destination, std::move(payload));
  return queue(flow, destination, std::move(payload), dscp);
}

bool Shared::queue(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp) {
  if (transmits.size() >= max_transmits) {
    ++stats.transmits_dropped;
    return false;
  }
  transmits.push_back({flow, destination, std::move(payload), dscp});
  return true;
}

void Shared::refuse(const Datagram& datagram, const stun::MessageView& request, const Refusal& refusal) {
  if (!refusals.admits(now)) {
    ++stats.refusals_withheld;
    return;
  }
  // Too large is only what we chose not to answer: nothing we echo can be.
  if (auto response = make_refusal(request, refusal, nullptr))
    transmit(datagram.flow, datagram.source, std::move(*response));
}

void Shared::emit(Event event) {
  if (events.size() >= events_before_coalescing) {
    std::erase_if(events, [&](const Event& known) {
      return is_older_news<StateChanged>(known, event) || is_older_news<PairSelected>(known, event);
    });
  }
  events.push_back(std::move(event));
}

}  // namespace petrel::inline v0::ice
