// One H.264 frame through a whole peer: packetize, history, SRTP, ICE, and the transmits that
// the driver would send. Two peers, connected in memory.

#include <chrono>
#include <cstdio>
#include <vector>

#include "measure.hpp"
#include "petrel/crypto/system_random.hpp"
#include "petrel/peer/peer.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;

TimePoint now{};  // Moves by 1/30 s for each frame.

PeerConfig config() {
  PeerConfig config;
  config.certificate =
      dtls::Certificate::generate(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))
          .value();
  return config;
}

struct Side {
  explicit Side(IpAddress address) : endpoint{address, 5000}, peer(now, config(), {}, random) {
    const LocalAddress local{address, "eth0"};
    peer.handle_interfaces(now, {&local, 1});
  }

  // Carries out what the peer asks for; its packets go to `other` at once. Answers how many.
  std::size_t run(Side& other) {
    std::size_t sent = 0;
    while (const auto request = peer.poll_request()) {
      if (const auto* bind = std::get_if<BindUdp>(&*request)) {
        flow = bind->flow;
        peer.handle_flow(now, flow, FlowOpened{endpoint});
      }
    }
    while (auto transmit = peer.poll_transmit()) {
      other.peer.handle_datagram(now, {other.flow, endpoint, other.endpoint, transmit->payload.bytes()});
      ++sent;
    }
    while (auto event = peer.poll_event()) {
      if (const auto* local = std::get_if<LocalCandidate>(&*event); local && !local->candidate.empty()) {
        (void)other.peer.add_ice_candidate(now, {local->candidate, local->mid, std::nullopt, ""});
      }
      if (const auto* frame = std::get_if<FrameArrived>(&*event)) bytes += frame->frame->bytes().size();
    }
    return sent;
  }

  Endpoint endpoint;
  crypto::SystemRandom random;
  Peer peer;
  FlowId flow{};
  std::size_t bytes = 0;
};

std::vector<std::byte> make_frame(std::size_t size) {
  std::vector<std::byte> frame;
  for (const int b : {0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65}) {
    frame.push_back(static_cast<std::byte>(b));
  }
  frame.resize(size, std::byte{0x5a});
  return frame;
}

}  // namespace

int main() {
  Side alice(IpAddress::v4(192, 0, 2, 1));
  Side bob(IpAddress::v4(192, 0, 2, 2));
  const TransceiverId video =
      alice.peer.add_transceiver(now, Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
          .value();
  alice.peer.set_local_description(now).value();
  bob.peer.set_remote_description(now, *alice.peer.local_description()).value();
  bob.peer.set_local_description(now).value();
  alice.peer.set_remote_description(now, *bob.peer.local_description()).value();
  while (alice.peer.connection_state() != ConnectionState::connected ||
         bob.peer.connection_state() != ConnectionState::connected) {
    alice.run(bob);
    bob.run(alice);
    now += 5ms;
    alice.peer.handle_timeout(now);
    bob.peer.handle_timeout(now);
  }

  constexpr std::size_t frame_size = 12'000;
  const std::vector<std::byte> content = make_frame(frame_size);
  std::size_t packets = 0;
  std::size_t frames = 0;
  const auto exchange = [&] {
    now += 33'333us;
    alice.peer.handle_timeout(now);
    bob.peer.handle_timeout(now);
    bob.run(alice);
  };

  std::size_t allocated = 0;
  const auto send_one = [&] {
    auto frame = EncodedFrame::make(Bytes(content), {.capture_time = now, .key_frame = true});
    (void)frame->slices(rtp::PayloadFormat::h264,
                        1100);  // The frame and its slices are the encoder's, once for all viewers.
    const std::size_t before = bench::allocations;
    (void)alice.peer.send_frame(now, video, frame);
    std::size_t run = 0;
    while (alice.peer.poll_transmit()) ++run;
    allocated += bench::allocations - before;
    packets += run;
    ++frames;
  };
  for (int i = 0; i < 300; ++i) {  // Into the steady state: histories and pools fill up.
    send_one();
    exchange();
  }
  allocated = packets = frames = 0;
  Duration in_frames{};
  for (int i = 0; i < 3000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    send_one();
    in_frames += std::chrono::steady_clock::now() - begin;
    exchange();
  }
  std::printf("%-44s %10.1f ns  %8.3f allocations, %zu packets of %zu frames of %zu bytes\n",
              "send_frame to transmits, each packet",
              static_cast<double>(in_frames.count()) / static_cast<double>(packets),
              static_cast<double>(allocated) / static_cast<double>(packets), packets, frames, frame_size);
}
