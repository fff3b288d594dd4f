#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <vector>

#include "pair.hpp"
#include "works.hpp"

namespace petrel::bench {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto longest_call = 60s;

double at(const std::vector<double>& sorted, double share) {
  const auto index = static_cast<std::size_t>(static_cast<double>(sorted.size()) * share);
  return sorted[std::min(index, sorted.size() - 1)];
}

void print(const char* kind, std::vector<double> times, double round_trip_ms) {
  std::ranges::sort(times);
  std::printf(R"({"peer":"petrel","version":"petrel","time":"%s","count":%zu,"open_ms_median":%.2f,)"
              R"("open_ms_p95":%.2f,"open_ms_least":%.2f)",
              kind, times.size(), at(times, 0.5), at(times, 0.95), times.front());
  if (round_trip_ms > 0) {
    std::printf(R"(,"round_trips":%.2f,"round_trips_p95":%.2f)", at(times, 0.5) / round_trip_ms,
                at(times, 0.95) / round_trip_ms);
  }
  std::puts("}");
}

// Between two calls, as the other peers' programs make it. The one before says goodbye meanwhile.
void pause(asio::io_context& context) {
  asio::steady_timer timer(context, 100ms);
  bool over = false;
  timer.async_wait([&over](std::error_code) { over = true; });
  while (!over) context.run_one();
  context.restart();  // Nothing may have been left to do, which stops it.
}

int run_really(std::size_t count) {
  constexpr std::size_t calls_before = 3;
  asio::io_context context;
  Network network(context.get_executor(), {.include_loopback = true});
  std::vector<double> times;
  for (std::size_t i = 0; i < count + calls_before; ++i) {
    pause(context);
    const auto begun = std::chrono::steady_clock::now();
    bool open = false;
    Pair pair(network, network);
    pair.call([&](DataChannel) { open = true; }, [](DataChannel) {});
    const auto deadline = begun + longest_call;
    while (!open && std::chrono::steady_clock::now() < deadline) context.run_one_for(1s);
    if (!open) {
      std::fprintf(stderr, "petrel-bench: no channel after a minute. %s\n", pair.offerer().why().c_str());
      return 1;
    }
    const Milliseconds took = std::chrono::steady_clock::now() - begun;
    if (i >= calls_before) times.push_back(took.count());
  }
  print("real", std::move(times), 0);
  return 0;
}

int run_virtually(std::size_t count, const LineOptions& options) {
  std::vector<double> times;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    LineOptions each = options;
    each.seed = options.seed + i;
    VirtualLine line(each);
    bool open = false;
    Pair pair(line.offerer, line.answerer);
    pair.call([&](DataChannel) { open = true; }, [](DataChannel) {});
    if (line.world.run_until([&] { return open; }, longest_call)) {
      times.push_back(Milliseconds(line.world.now().time_since_epoch()).count());
    } else {
      ++failed;
    }
  }
  if (failed > 0)
    std::fprintf(stderr, "petrel-bench: %zu of %zu calls had no channel after a minute\n", failed, count);
  if (times.empty()) return 1;
  print("virtual", std::move(times), options.round_trip_ms);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int run_setup(std::size_t count, const std::optional<LineOptions>& line) {
  return line ? run_virtually(count, *line) : run_really(count);
}

}  // namespace petrel::bench
