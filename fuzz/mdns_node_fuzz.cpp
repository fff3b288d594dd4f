#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "petrel/mdns/node.hpp"
#include "support/seeded_random.hpp"

// Two nodes on one link, on which the input loses, damages and invents packets, and that publish and
// look for each other's names. Properties: each query has one outcome and within its time, timers that
// have been served are in the future, an undamaged world gives out only addresses that somebody
// published, and queues keep to their limits.

namespace {

using namespace petrel;
using namespace petrel::mdns;

void require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  explicit Input(Bytes bytes) : reader_(bytes) {}
  bool empty() const { return reader_.remaining() == 0; }
  std::uint8_t byte() { return reader_.u8(); }
  Bytes bytes(std::size_t count) { return reader_.bytes(std::min(count, reader_.remaining())); }

 private:
  ByteReader reader_;
};

struct Host {
  Host(std::uint8_t number, TimePoint now)
      : address(IpAddress::v4(192, 168, 0, number)), random(number), node(now, {FlowId{100}}, random) {}

  IpAddress address;
  testing::SeededRandom random;
  Node node;
  FlowId flow{};
  std::vector<std::string> names{};
  std::vector<std::pair<QueryId, TimePoint>> queries{};
  std::deque<Transmit> sent{};

  void drain(TimePoint now, bool honest) {
    while (auto request = node.poll_request()) {
      if (const auto* join = std::get_if<JoinMulticast>(&*request)) {
        flow = join->flow;
        node.handle_flow(now, flow, FlowOpened{{address, port}});
      }
    }
    while (auto transmit = node.poll_transmit()) sent.push_back(*std::move(transmit));
    require(sent.size() <= 4 * Node::max_queued_packets);
    while (auto event = node.poll_event()) {
      const QueryId id = std::visit([](const auto& outcome) { return outcome.id; }, *event);
      require(std::erase_if(queries, [&](const auto& query) { return query.first == id; }) == 1);
      const auto* resolved = std::get_if<Resolved>(&*event);
      if (resolved == nullptr) continue;
      require(!resolved->addresses.empty());
      for (const IpAddress& found : resolved->addresses) {
        require(!found.is_multicast() && !found.is_unspecified());
        if (honest) require(found.is_v4() && found.octets()[0] == 192 && found.octets()[1] == 168);
      }
    }
    for (const auto& [id, asked] : queries) require(now < asked + std::chrono::seconds(7));
  }
};

void deliver(TimePoint now, Host& to, Endpoint source, Bytes payload) {
  static_cast<void>(to.node.handle_datagram(now, {to.flow, source, {to.address, port}, payload}));
}

void step(Input& input, TimePoint& now, Host& from, Host& to, bool& honest, unsigned action) {
  const Endpoint source{from.address, port};
  switch (action) {
    case 0:  // A packet arrives, also at home as multicast does.
    case 1:
      if (from.sent.empty()) break;
      deliver(now, to, source, from.sent.front().payload.bytes());
      deliver(now, from, source, from.sent.front().payload.bytes());
      from.sent.pop_front();
      break;
    case 2:
      if (!from.sent.empty()) from.sent.pop_front();
      break;
    case 3: {
      if (from.sent.empty()) break;
      PacketBuffer& payload = from.sent.front().payload;
      const std::size_t at = (input.byte() * 256u + input.byte()) % payload.size();
      payload.data()[at] ^= static_cast<std::byte>(input.byte());
      honest = false;
      break;
    }
    case 4:  // Somebody else sends a packet.
      honest = false;
      deliver(
          now, to,
          {IpAddress::v4(192, 168, 0, 77), static_cast<std::uint16_t>(input.byte() * 256u + input.byte())},
          input.bytes(input.byte()));
      break;
    case 5:
      now += std::chrono::milliseconds(1 << (input.byte() % 14));
      for (Node* node : {&from.node, &to.node}) {
        node->handle_timeout(now);
        const auto next = node->next_timeout();
        require(!next || *next > now);
      }
      break;
    case 6: {
      const IpAddress address = IpAddress::v4(192, 168, 0, input.byte());
      if (auto name = from.node.publish(now, address)) from.names.push_back(*std::move(name));
      break;
    }
    case 7: {
      const std::string name = to.names.empty() ? "00000000-0000-4000-8000-000000000000.local"
                                                : to.names[input.byte() % to.names.size()];
      if (auto id = from.node.resolve(now, name)) from.queries.emplace_back(*id, now);
      break;
    }
    case 8:
      if (!from.names.empty()) from.node.unpublish(now, from.names[input.byte() % from.names.size()]);
      break;
    case 9:
      if (from.queries.empty()) break;
      from.node.cancel(from.queries.back().first);
      from.queries.pop_back();
      break;
    case 10:
      if (input.byte() % 2 == 0) {
        from.node.handle_interfaces(now, {});
      } else {
        from.node.handle_flow(now, from.flow, FlowFailed{std::make_error_code(std::errc::io_error)});
      }
      break;
    default: {
      const LocalAddress here{from.address, "eth0"};
      from.node.handle_interfaces(now, std::span(&here, 1));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_steps = 500;
  TimePoint now{};
  Host a(1, now), b(2, now);
  bool honest = true;
  for (Host* host : {&a, &b}) {
    const LocalAddress here{host->address, "eth0"};
    host->node.handle_interfaces(now, std::span(&here, 1));
  }
  Input input(std::as_bytes(std::span(data, size)));
  for (std::size_t steps = 0; !input.empty() && steps < max_steps; ++steps) {
    a.drain(now, honest);
    b.drain(now, honest);
    const std::uint8_t what = input.byte();
    Host& from = what % 2 == 0 ? a : b;
    step(input, now, from, &from == &a ? b : a, honest, (what / 2u) % 12);
  }
  for (Host* host : {&a, &b}) {
    host->drain(now, honest);
    host->node.close(now);
    host->queries.clear();
    host->drain(now, honest);
    require(!host->node.next_timeout());
  }
  return 0;
}
