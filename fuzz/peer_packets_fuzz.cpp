#include <cstdlib>
#include <deque>

#include "simulation/call.hpp"
#include "simulation/film.hpp"

// A call with a data channel, in a state that the input chooses, whose packets come back mutated, repeated
// and late, among packets of the input's own and calls of the application. The network itself checks the
// rules of a core (NetworkFault); a peer that was connected and met only what is forged must stay connected.
namespace {

using namespace std::chrono_literals;
using namespace petrel;
using petrel::testing::Call;

constexpr std::size_t max_operations = 64;
constexpr std::size_t kept_packets = 32;

struct Seen {
  Endpoint source;
  Endpoint destination;
  std::vector<std::byte> payload;
};

void inject(Call& call, Call::Side& side, const Seen& packet) {
  // Every flow that the peer may have; the wrong ones must not matter.
  for (std::uint32_t flow = 0; flow < 3; ++flow) {
    const Datagram datagram{FlowId{flow}, packet.source, packet.destination, packet.payload};
    side.peer->handle_datagram(call.network.now(), datagram);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(Bytes(reinterpret_cast<const std::byte*>(data), size));
  const std::uint8_t stage = input.u8() % 3;
  Call call(1);
  std::deque<Seen> seen;
  call.network.set_tap([&](std::uint64_t, const petrel::testing::Packet& packet) {
    seen.push_back(
        {packet.source, packet.destination, {packet.payload.bytes().begin(), packet.payload.bytes().end()}});
    if (seen.size() > kept_packets) seen.pop_front();
    return petrel::testing::Fate{};
  });
  petrel::testing::Film film(call);
  const ChannelId channel = call.alice.peer->create_data_channel(call.network.now(), "fuzzed").value();
  if (stage > 0) call.start();
  if (stage > 1 && !call.connects_within(10s)) std::abort();
  bool called_api = stage < 2;

  for (std::size_t step = 0; step < max_operations && input.remaining() > 0; ++step) {
    const std::uint8_t operation = input.u8();
    Call::Side& side = (operation & 1) != 0 ? call.alice : call.bob;
    switch ((operation >> 1) % 9) {
      case 0:
        call.network.run_for(std::chrono::milliseconds(input.u8()));
        break;
      case 1:  // A packet that was under way, with one byte changed.
        if (!seen.empty()) {
          Seen packet = seen[input.u8() % seen.size()];
          if (!packet.payload.empty())
            packet.payload[input.u16() % packet.payload.size()] ^= std::byte{input.u8()};
          inject(call, side, packet);
        }
        break;
      case 2:  // One of the input's own, from where the peer is.
        if (!seen.empty()) {
          Seen packet = seen.back();
          const Bytes own = input.bytes(std::min<std::size_t>(input.u8(), input.remaining()));
          packet.payload.assign(own.begin(), own.end());
          inject(call, side, packet);
        }
        break;
      case 3:
        film.start(1);
        break;
      case 4:
        side.peer->request_key_frame(call.network.now(), call.video);
        (void)explain(side.peer->report(call.network.now()));
        break;
      case 5:
        called_api = true;
        (void)side.peer->add_transceiver(call.network.now(), Kind::audio, {});
        (void)side.peer->set_local_description(call.network.now());
        break;
      case 6:
        called_api = true;
        if (input.u8() == 0) side.peer->close(call.network.now());
        break;
      case 7: {  // Messages of the application, both ways.
        const Bytes own = input.bytes(std::min<std::size_t>(input.u8(), input.remaining()));
        for (const ChannelId each : side.peer->channels()) {
          (void)side.peer->try_send(call.network.now(), each, own, (operation & 64) != 0);
          while (side.peer->receive(call.network.now(), each)) {
          }
        }
        break;
      }
      case 8:
        if ((operation & 64) != 0) {
          (void)side.peer->create_data_channel(call.network.now(), "more");
        } else {
          call.alice.peer->close_channel(call.network.now(), channel);
        }
        break;
    }
  }
  call.network.run_for(100ms);
  if (!called_api && !(call.alice.connected() && call.bob.connected())) std::abort();
  return 0;
}
