#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "petrel/stun/binding_client.hpp"
#include "petrel/stun/builder.hpp"
#include "support/seeded_random.hpp"

namespace {

using namespace petrel;
using namespace petrel::stun;

void require(bool holds) {
  if (!holds) std::abort();
}

// A client, the world around it, and what both may never do.
struct World {
  testing::SeededRandom random{1};
  TimePoint now{};
  FlowId flow{1};
  Endpoint local = Endpoint::v4(10, 0, 0, 1, 1000);
  Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
  BindingClient client{now, {.flow = flow, .server = server, .software = "petrel"}, random};
  TransactionId last_id{};
  std::size_t sent = 0;
  std::size_t events = 0;

  void drain() {
    while (const auto transmit = client.poll_transmit()) {
      require(events == 0 && transmit->flow == flow);
      const auto view = MessageView::parse(transmit->payload.bytes());
      require(view && view->fingerprint_ok());
      last_id = view->id();
      server = transmit->destination;
      ++sent;
    }
    while (client.poll_event()) ++events;
    require(events <= 1);
    require(sent <= 5 * 7);  // Five servers, seven sendings each.
    require(client.next_timeout().has_value() == (events == 0));
  }

  void deliver(Bytes payload, const Endpoint& from) {
    client.handle_datagram(now, {flow, from, local, payload});
    drain();
  }

  // An answer to the running transaction, made of the next bytes of the input.
  void answer(ByteReader& input) {
    const std::uint8_t shape = input.u8();
    Builder builder(static_cast<Class>(shape & 3), (shape & 4) != 0 ? Method::allocate : Method::binding,
                    last_id);
    const Endpoint named = Endpoint::v4(input.u8(), input.u8(), input.u8(), input.u8(), input.u16());
    if ((shape & 8) != 0) builder.error_code(300 + input.u16() % 400, "");
    if ((shape & 16) != 0) builder.alternate_server(named);
    if ((shape & 32) != 0) builder.xor_mapped_address(named);
    if ((shape & 64) != 0)
      builder.attribute(static_cast<AttributeType>(input.u16()), input.bytes(input.u8() % 32));
    if (const auto packet = builder.finish({.fingerprint = (shape & 128) != 0}))
      deliver(packet->bytes(), server);
  }
};

}  // namespace

// Property: whatever arrives, the client sends a bounded number of requests, ends with exactly one
// event, is silent after it, and ends at the latest when all its servers have timed out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  World world;
  world.drain();
  while (input.remaining() > 0) {
    switch (input.u8() % 4) {
      case 0:
        world.now += std::chrono::milliseconds(input.u16());
        world.client.handle_timeout(world.now);
        world.drain();
        break;
      case 1:
        if (const auto due = world.client.next_timeout()) {
          world.now = std::max(world.now, *due);
          world.client.handle_timeout(world.now);
          world.drain();
          require(!world.client.next_timeout() || *world.client.next_timeout() > world.now);
        }
        break;
      case 2:
        world.answer(input);
        break;
      default:
        world.deliver(input.bytes(std::min<std::size_t>(input.u8(), input.remaining())), world.server);
        break;
    }
  }
  for (int step = 0; world.client.next_timeout(); ++step) {
    require(step <= 5 * 8);
    world.now = std::max(world.now, *world.client.next_timeout());
    world.client.handle_timeout(world.now);
    world.drain();
  }
  require(world.events == 1);
  return 0;
}
