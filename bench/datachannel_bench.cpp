#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "measure.hpp"
#include "petrel/datachannel/channels.hpp"

using namespace petrel;

namespace {

// Random enough for a benchmark: tags and initial numbers come from it.
class CountingSource final : public RandomSource {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(next_++ * 151);
  }

 private:
  std::uint32_t next_ = 1;
};

// usrsctp has the real clock for its own, so both have the same here.
TimePoint now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// Two ends in memory, on one thread.
class Loop {
 public:
  Loop() {
    left.start(now(), {.remote_max_message_size = 0, .dtls_client = true});
    right.start(now(), {.remote_max_message_size = 0});
    channel = left.create(now(), "bench", {.negotiated = true, .id = 0}).value();
    theirs = right.create(now(), "bench", {.negotiated = true, .id = 0}).value();
    while (!left.info(channel) || left.info(channel)->state != datachannel::State::open ||
           right.info(theirs)->state != datachannel::State::open) {
      carry();
    }
  }

  void carry() {
    for (bool moved = true; moved;) {
      moved = false;
      const TimePoint time = now();
      while (const auto packet = left.poll_packet(time)) {
        right.handle_packet(time, packet->bytes());
        moved = true;
      }
      while (const auto packet = right.poll_packet(time)) {
        left.handle_packet(time, packet->bytes());
        moved = true;
      }
    }
    while (left.poll_event()) {
    }
    while (right.poll_event()) {
    }
    if (const auto due = left.next_timeout(); due && now() >= *due) left.handle_timeout(now());
    if (const auto due = right.next_timeout(); due && now() >= *due) right.handle_timeout(now());
  }

  void send(Bytes message) {
    while (!left.try_send(now(), channel, message, false).value()) carry();
    carry();
    while (const auto received = right.receive(now(), theirs)) {
      arrived += received->data.size();
    }
  }

  CountingSource random;
  datachannel::Channels left{now(), {.max_message_size = 64 << 20}, random};
  datachannel::Channels right{now(), {.max_message_size = 64 << 20}, random};
  datachannel::ChannelId channel{};
  datachannel::ChannelId theirs{};
  std::size_t arrived = 0;
};

void throughput(const char* name, std::size_t size, std::size_t iterations) {
  Loop loop;
  const std::vector<std::byte> message(size, std::byte{0x5a});
  const double each = bench::measure(name, iterations, [&] { loop.send(message); });
  std::printf("%-44s %10.1f MB/s\n", "", static_cast<double>(size) / each * 1000);
}

}  // namespace

int main() {
  std::printf("Both ends on one thread, without DTLS. Allocations are C++'s, of both ends.\n");
  throughput("a message of 100 bytes", 100, 20'000);
  throughput("a message of 1 KiB", 1 << 10, 20'000);
  throughput("a message of 16 KiB", 16 << 10, 5'000);
  throughput("a message of 64 KiB", 64 << 10, 2'000);
  throughput("a message of 256 KiB", 256 << 10, 500);
  throughput("a message of 16 MiB", 16 << 20, 5);
}
