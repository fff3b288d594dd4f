#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <system_error>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/stun/nat_discovery.hpp"
#include "support/seeded_random.hpp"

namespace {

using namespace petrel;
using namespace petrel::stun;

// A question that may still be answered.
struct Asked {
  FlowId flow;
  Endpoint to;
  TransactionId id;
};

// A discovery, and a server and NAT that do what the input says.
struct Machine {
  testing::SeededRandom random{1};
  TimePoint now{};
  Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
  Endpoint other = Endpoint::v4(192, 0, 2, 2, 3479);
  NatDiscovery discovery;
  std::map<FlowId, bool> sockets;  // Is it open?
  std::vector<Asked> asked;
  std::size_t sent = 0;
  std::size_t events = 0;

  explicit Machine(bool measure_lifetime)
      : discovery(
            now,
            {.server = server, .local = IpAddress::v4(10, 0, 0, 1), .measure_lifetime = measure_lifetime},
            random) {}

  void drain() {
    while (const auto transmit = discovery.poll_transmit()) {
      const auto view = MessageView::parse(transmit->payload.bytes());
      PETREL_ASSERT(view && view->fingerprint_ok() && sockets.at(transmit->flow) && events == 0);
      const Asked question{transmit->flow, transmit->destination, view->id()};
      if (std::ranges::none_of(asked, [&](const Asked& each) { return each.id == question.id; })) {
        asked.push_back(question);
      }
      PETREL_ASSERT(asked.size() <= 7 + 2 * 8);
      ++sent;
      PETREL_ASSERT(sent <= asked.size() * 8);
    }
    while (const auto request = discovery.poll_request()) {
      if (const auto* bind = std::get_if<BindUdp>(&*request)) {
        PETREL_ASSERT(sockets.emplace(bind->flow, false).second && sockets.size() <= 3 + 8);
      } else {
        PETREL_ASSERT(sockets.erase(std::get<CloseFlow>(*request).flow) == 1);
      }
    }
    while (const auto report = discovery.poll_event()) {
      ++events;
      PETREL_ASSERT(!describe(*report).empty());
      PETREL_ASSERT(report->mapped || report->error);
    }
    PETREL_ASSERT(events <= 1);
    PETREL_ASSERT(events == 0 || (!discovery.next_timeout() && sockets.empty()));
  }

  void open(ByteReader& input) {
    for (auto& [flow, is_open] : sockets) {
      if (is_open) continue;
      is_open = true;
      const FlowId changed = flow;
      if (input.u8() % 16 == 15) {
        sockets.erase(changed);
        return discovery.handle_flow(now, changed,
                                     FlowFailed{std::make_error_code(std::errc::address_in_use)});
      }
      return discovery.handle_flow(now, changed, FlowOpened{Endpoint::v4(10, 0, 0, 1, input.u16())});
    }
  }

  Endpoint endpoint(ByteReader& input) {
    switch (input.u8() % 6) {
      case 0:
        return server;
      case 1:
        return other;
      case 2:
        return {server.address, other.port};
      case 3:
        return {other.address, server.port};
      case 4:
        return Endpoint::v4(203, 0, 113, 5, input.u16());
      default:
        return Endpoint::v4(input.u8(), input.u8(), input.u8(), input.u8(), input.u16());
    }
  }

  void answer(ByteReader& input) {
    if (asked.empty()) return;
    const Asked question = asked[input.u8() % asked.size()];
    const std::uint8_t shape = input.u8();
    // Mostly success, from whom was asked.
    Builder builder((shape & 3) == 0 ? static_cast<Class>(input.u8() % 4) : Class::success_response,
                    Method::binding, question.id);
    if ((shape & 4) != 0) builder.error_code(300 + input.u16() % 400, "");
    builder.xor_mapped_address(endpoint(input));
    if ((shape & 8) != 0) builder.other_address(endpoint(input));
    if ((shape & 16) != 0) builder.attribute(static_cast<AttributeType>(input.u16()), {});
    const Endpoint from = (shape & 32) != 0 ? endpoint(input) : question.to;
    const FlowId flow = (shape & 64) != 0 ? FlowId{input.u8() % 12U} : question.flow;
    if (const auto packet = builder.finish({.fingerprint = (shape & 128) != 0})) {
      discovery.handle_datagram(now, {flow, from, {}, packet->bytes()});
    }
  }
};

}  // namespace

// Property: whatever arrives, a discovery sends a bounded number of questions by open sockets, ends with
// exactly one event in bounded time, has closed every socket then, and is silent after it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  Machine machine((input.u8() & 1) != 0);
  machine.drain();
  while (input.remaining() > 0) {
    switch (input.u8() % 6) {
      case 0:
        machine.open(input);
        break;
      case 1:
      case 2:
        machine.answer(input);
        break;
      case 3:
        machine.now += std::chrono::milliseconds(input.u16());
        machine.discovery.handle_timeout(machine.now);
        break;
      case 4:
        if (const auto due = machine.discovery.next_timeout()) {
          machine.now = std::max(machine.now, *due);
          machine.discovery.handle_timeout(machine.now);
          PETREL_ASSERT(!machine.discovery.next_timeout() || *machine.discovery.next_timeout() > machine.now);
        }
        break;
      default: {
        const Bytes junk = input.bytes(std::min<std::size_t>(input.u8(), input.remaining()));
        machine.discovery.handle_datagram(machine.now, {FlowId{1}, machine.server, {}, junk});
        break;
      }
    }
    machine.drain();
  }

  for (int step = 0; machine.events == 0; ++step) {
    PETREL_ASSERT(step < 1000);
    while (std::ranges::any_of(machine.sockets, [](const auto& each) { return !each.second; })) {
      machine.open(input);
      machine.drain();
    }
    if (const auto due = machine.discovery.next_timeout()) {
      machine.now = std::max(machine.now, *due);
      machine.discovery.handle_timeout(machine.now);
    }
    machine.drain();
  }
  PETREL_ASSERT(machine.now <= TimePoint{} + std::chrono::hours(24 * 365));
  return 0;
}
