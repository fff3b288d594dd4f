// What a packet costs a whole peer, ICE, SRTP and RTP together: peers in one process, joined
// in memory and in virtual time. Allocations are of C++ code; the libraries' own are not seen.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "measure.hpp"
#include "petrel/crypto/system_random.hpp"
#include "petrel/peer/peer.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;

constexpr Duration frame_interval = 33'333us;
constexpr std::size_t frame_size = 12'000;  // Of 3 Mbit/s.
constexpr int frames_before = 600;          // Histories, pools and queues are then as long as they get.
constexpr int frames_measured = 3000;

TimePoint now{};

PeerConfig config() {
  PeerConfig config;
  const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  config.certificate = dtls::Certificate::generate(today).value();
  return config;
}

// One peer, and what it has sent.
struct Side {
  explicit Side(IpAddress address) : endpoint{address, 5000}, peer(now, config(), {}, random) {
    const LocalAddress local{address, "eth0"};
    peer.handle_interfaces(now, {&local, 1});
    sent.reserve(4096);
  }

  void run() {
    while (const auto request = peer.poll_request()) {
      if (const auto* bind = std::get_if<BindUdp>(&*request)) {
        flow = bind->flow;
        peer.handle_flow(now, flow, FlowOpened{endpoint});
      }
    }
    take_transmits();
  }
  void take_transmits() {
    while (auto transmit = peer.poll_transmit()) sent.push_back(*std::move(transmit));
  }
  std::vector<Datagram> take_datagrams(const Side& to) {
    std::vector<Datagram> datagrams;
    for (const Transmit& transmit : sent) {
      datagrams.push_back({to.flow, endpoint, to.endpoint, transmit.payload.bytes()});
    }
    return datagrams;
  }

  Endpoint endpoint;
  crypto::SystemRandom random;
  Peer peer;
  FlowId flow{};
  std::vector<Transmit> sent;
};

// A sender of video and a receiver.
struct Call {
  Call() {
    video =
        sender.peer.add_transceiver(now, Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
            .value();
    sender.peer.set_local_description(now).value();
    receiver.peer.set_remote_description(now, *sender.peer.local_description()).value();
    receiver.peer.set_local_description(now).value();
    sender.peer.set_remote_description(now, *receiver.peer.local_description()).value();

    const TimePoint deadline = now + 10s;
    while (!connected()) {
      if (now >= deadline) {
        std::fprintf(stderr, "the peers did not connect\n");
        std::exit(1);
      }
      exchange();
      now += 5ms;
    }
  }

  bool connected() const {
    return sender.peer.connection_state() == ConnectionState::connected &&
           receiver.peer.connection_state() == ConnectionState::connected;
  }
  // What is due and what it leads to, reports and consent checks, until both are silent.
  void exchange() {
    for (Side* side : {&sender, &receiver}) {
      if (const auto due = side->peer.next_timeout(); due && *due <= now) side->peer.handle_timeout(now);
    }
    do {
      carry(sender, receiver);
      carry(receiver, sender);
    } while (!sender.sent.empty() || !receiver.sent.empty());
  }
  static void carry(Side& from, Side& to) {
    from.run();
    const std::vector<Datagram> datagrams = from.take_datagrams(to);
    to.peer.handle_datagrams(now, datagrams);
    from.sent.clear();
    to.run();
    while (auto event = from.peer.poll_event()) {
      const auto* local = std::get_if<LocalCandidate>(&*event);
      if (local == nullptr) continue;
      (void)to.peer.add_ice_candidate(now, {local->candidate, local->mid, local->media_line, local->ufrag});
    }
  }

  Side sender{IpAddress::v4(192, 0, 2, 1)};
  Side receiver{IpAddress::v4(192, 0, 2, 2)};
  TransceiverId video{};
};

std::shared_ptr<const EncodedFrame> make_frame(bool key_frame) {
  std::vector<std::byte> bytes;
  const auto add = [&bytes](std::initializer_list<int> values) {
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  };
  if (key_frame) add({0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce});
  add({0, 0, 0, 1, key_frame ? 0x65 : 0x41});
  bytes.resize(frame_size, std::byte{0x5a});
  return EncodedFrame::make(std::move(bytes), {.capture_time = now, .key_frame = key_frame});
}

// Time and allocations of one kind of work, and how many packets it was for.
struct Cost {
  template <class Work>
  void add(Work work) {
    const std::size_t before = bench::allocations;
    const auto begin = std::chrono::steady_clock::now();
    packets += work();
    time += std::chrono::steady_clock::now() - begin;
    allocations += bench::allocations - before;
  }
  void print(const char* name) const {
    const auto each = [this](auto sum) { return static_cast<double>(sum) / static_cast<double>(packets); };
    std::printf("%-44s %10.1f ns  %8.3f allocations, each of %zu packets\n", name, each(time.count()),
                each(allocations), packets);
  }

  std::size_t packets = 0;
  std::size_t allocations = 0;
  Duration time{};
};

struct Costs {
  Cost sending;
  Cost receiving;
  Cost forwarding;
  Cost between;
};

// A camera's frames to a viewer, and a camera's packets through a forwarder to a viewer.
struct Bench {
  Bench() { in.receiver.peer.deliver_packets(now, in.receiver.peer.transceivers().at(0).id); }

  void run(int frames, Costs& costs) {
    for (int i = 0; i < frames; ++i) {
      now += frame_interval;
      const auto frame = make_frame(count++ % 300 == 0);
      (void)send(in, frame);  // The first viewer has the frame cut, for all.

      costs.sending.add([&] { return send(direct, frame); });
      std::vector<Datagram> batch = direct.sender.take_datagrams(direct.receiver);
      costs.receiving.add([&] { return receive(direct.receiver, batch); });
      direct.sender.sent.clear();

      batch = in.sender.take_datagrams(in.receiver);
      costs.forwarding.add([&] { return forward(batch); });
      in.sender.sent.clear();

      costs.between.add([&] {
        direct.exchange();
        return std::size_t{0};
      });
      in.exchange();
      out.exchange();
    }
  }

  static std::size_t send(Call& call, const std::shared_ptr<const EncodedFrame>& frame) {
    (void)call.sender.peer.send_frame(now, call.video, frame);
    call.sender.take_transmits();
    return call.sender.sent.size();
  }
  static std::size_t receive(Side& side, std::span<const Datagram> batch) {
    side.peer.handle_datagrams(now, batch);
    side.take_transmits();
    while (const auto event = side.peer.poll_event()) bench::keep(event);
    return batch.size();
  }
  std::size_t forward(std::span<const Datagram> batch) {
    std::size_t forwarded = 0;
    in.receiver.peer.handle_datagrams(now, batch);
    while (const auto event = in.receiver.peer.poll_event()) {
      const auto* arrived = std::get_if<PacketArrived>(&*event);
      if (arrived != nullptr && out.sender.peer.send_packet(now, out.video, arrived->packet.bytes()))
        ++forwarded;
    }
    in.receiver.take_transmits();
    out.sender.take_transmits();
    return forwarded;
  }

  Call direct;
  Call in;
  Call out;
  int count = 0;
};

}  // namespace

int main() {
  Bench bench;
  Costs costs;
  bench.run(frames_before, costs);
  costs = {};
  bench.run(frames_measured, costs);
  costs.sending.print("send_frame to transmits");
  costs.receiving.print("datagrams to frames");
  costs.forwarding.print("datagrams to another peer's transmits");
  const double seconds = std::chrono::duration<double>(frame_interval).count() * frames_measured;
  std::printf("%-44s %10.1f us  %8.1f allocations\n", "between, both sides of one call, each second",
              std::chrono::duration<double, std::micro>(costs.between.time).count() / seconds,
              static_cast<double>(costs.between.allocations) / seconds);
}
