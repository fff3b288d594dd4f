#include "petrel/sctp/association.hpp"

#include <malloc.h>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "measure.hpp"
#include "petrel/sim/seeded_random.hpp"

// Two associations in memory, in one thread: what both ends cost together, in the time of the processor and
// without DTLS or sockets, and what one association takes.

using namespace petrel;
using namespace petrel::sctp;

namespace {

TimePoint now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

struct Ends {
  explicit Ends(bool zero_checksum = true)
      : left(now(), {.zero_checksum = zero_checksum}, random),
        right(now(), {.zero_checksum = zero_checksum}, random) {}

  sim::SeededRandom random{1};
  Association left;
  Association right;

  void connect() {
    left.connect(now());
    right.connect(now());
    while (!left.connected() || !right.connected()) exchange();
  }
  /// Whether anything moved.
  bool exchange() {
    const TimePoint time = now();
    bool moved = false;
    while (auto packet = left.poll_packet()) {
      right.handle_packet(time, packet->bytes());
      moved = true;
    }
    while (auto packet = right.poll_packet()) {
      left.handle_packet(time, packet->bytes());
      moved = true;
    }
    while (left.poll_event() || right.poll_event()) continue;
    return moved;
  }
};

void measure_messages(std::size_t size, bool zero_checksum) {
  Ends ends(zero_checksum);
  ends.connect();
  const std::vector<std::byte> message(size);
  const std::size_t total = std::size_t{256} << 20;
  double best = 0;
  std::size_t allocated = 0;
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = bench::allocations;
    const std::clock_t start = std::clock();
    std::size_t sent = 0, received = 0, offset = 0;
    while (received < total) {
      while (sent < total) {
        const auto taken = ends.left.send(now(), {.payload = Bytes(message).subspan(offset)});
        if (!taken || *taken == 0) break;
        offset = (offset + *taken) % size;
        sent += *taken;
        if (offset != 0) break;
      }
      if (!ends.exchange()) {
        ends.left.handle_timeout(now());
        ends.right.handle_timeout(now());
      }
      while (auto piece = ends.right.receive(now())) received += piece->payload.size();
    }
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(total) / 1e6 / took);
    allocated = bench::allocations - before;
  }
  std::printf("%7zu bytes, %s checksums: %8.0f MB/s  %8.2f allocations of ours a message\n", size,
              zero_checksum ? "without" : "with", best,
              static_cast<double>(allocated) * static_cast<double>(size) / static_cast<double>(total));
}

}  // namespace

int main() {
  for (const std::size_t size : {1u << 10, 16u << 10, 64u << 10, 256u << 10}) {
    for (const bool zero_checksum : {true, false}) measure_messages(size, zero_checksum);
  }

  constexpr std::size_t count = 100;
  std::vector<std::unique_ptr<Ends>> many;
  many.reserve(count);
  const auto before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < count; ++i) many.push_back(std::make_unique<Ends>());
  const auto made = mallinfo2().uordblks;
  const std::clock_t start = std::clock();
  for (auto& ends : many) ends->connect();
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const auto connected = mallinfo2().uordblks;
  std::printf("heap for each association: %zu KiB made, %zu KiB connected; %.0f us to connect two\n",
              (made - before) / count / 2 / 1024, (connected - before) / count / 2 / 1024,
              took * 1e6 / count);
}
