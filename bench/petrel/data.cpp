#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "limit.hpp"
#include "pair.hpp"
#include "process.hpp"
#include "works.hpp"

namespace petrel::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto warm_up = 1500ms;
constexpr double limit_seconds = 0.5;

// Keeps a channel full.
class Pump {
 public:
  explicit Pump(std::size_t message_bytes) : message_(message_bytes, std::byte{7}) {}

  void start(DataChannel channel) {
    channel.on_writable([this, channel] { fill(channel); });
    fill(channel);
  }
  void stop() { running_ = false; }

 private:
  void fill(DataChannel channel) {
    while (running_) {
      const auto taken = channel.try_send(Bytes(message_));
      if (!taken || !*taken) return;
    }
  }

  std::vector<std::byte> message_;
  std::atomic<bool> running_ = true;
};

// `limit`, in MB/s: 0 if it was not measured.
void print(const char* kind, std::size_t message_bytes, bool zero_checksum, std::uint64_t bytes,
           double seconds, double cpu, double limit) {
  const auto received = static_cast<double>(bytes);
  const double rate = received / 1e6 / seconds;
  std::printf(
      R"({"peer":"petrel","version":"petrel","time":"%s","size":%zu,"zero_checksum":%s,"MBps":%.2f,"cpu_s_per_GB":%.2f)",
      kind, message_bytes, zero_checksum ? "true" : "false", rate, cpu / (received / 1e9));
  if (limit > 0) std::printf(R"(,"limit_MBps":%.2f,"of_limit_pct":%.0f)", limit, rate / limit * 100);
  std::puts("}");
}

// What was agreed on, not what was asked for. While nobody runs it.
bool sends_zero_checksum(Pair& pair) {
  const auto sctp = pair.offerer().stats().sctp;
  return sctp && sctp->packets_sent_zero_checksum > 0;
}

int run_really(std::size_t message_bytes, double seconds, const PeerConfig& config) {
  // Half before and half after, since a machine that others use is not the same for long.
  double limit = limit_MBps(limit_seconds);
  asio::io_context contexts[2];
  std::vector<std::thread> threads;
  {
    const auto stay0 = asio::make_work_guard(contexts[0]);
    const auto stay1 = asio::make_work_guard(contexts[1]);
    Network offerer_network(contexts[0].get_executor(), {.include_loopback = true});
    Network answerer_network(contexts[1].get_executor(), {.include_loopback = true});
    Pair pair(offerer_network, answerer_network, config);
    Pump pump(message_bytes);
    std::atomic<std::uint64_t> received = 0;
    std::promise<void> opened;
    pair.call(
        [&](DataChannel channel) {
          opened.set_value();
          pump.start(channel);
        },
        [&](DataChannel channel) {
          channel.on_message([&](const Message& message) { received += message.data.size(); });
        });
    for (asio::io_context& context : contexts) threads.emplace_back([&context] { context.run(); });

    opened.get_future().wait();
    std::this_thread::sleep_for(warm_up);
    const std::uint64_t before = received;
    const double cpu = cpu_seconds();
    const auto begun = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    const std::uint64_t bytes = received - before;
    const double used = cpu_seconds() - cpu;
    pump.stop();
    for (asio::io_context& context : contexts) context.stop();
    for (std::thread& thread : threads) thread.join();
    limit = (limit + limit_MBps(limit_seconds)) / 2;
    print("real", message_bytes, sends_zero_checksum(pair), bytes, took.count(), used, limit);
  }
  return 0;
}

int run_virtually(std::size_t message_bytes, double seconds, const PeerConfig& config,
                  const LineOptions& options) {
  VirtualLine line(options);
  Pair pair(line.offerer, line.answerer, config);
  Pump pump(message_bytes);
  std::uint64_t received = 0;
  bool open = false;
  pair.call(
      [&](DataChannel channel) {
        open = true;
        pump.start(channel);
      },
      [&](DataChannel channel) {
        channel.on_message([&](const Message& message) { received += message.data.size(); });
      });
  if (!line.world.run_until([&] { return open; }, 60s)) {
    std::fprintf(stderr, "petrel-bench: no channel after a minute. %s\n", pair.offerer().why().c_str());
    return 1;
  }
  line.world.run_for(warm_up);
  const std::uint64_t before = received;
  const double cpu = cpu_seconds();
  line.world.run_for(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
  print("virtual", message_bytes, sends_zero_checksum(pair), received - before, seconds, cpu_seconds() - cpu,
        0);
  pump.stop();
  return 0;
}

}  // namespace

int run_data(std::size_t message_bytes, double seconds, bool zero_checksum,
             const std::optional<LineOptions>& line) {
  PeerConfig config;
  config.sctp_zero_checksum = zero_checksum;
  return line ? run_virtually(message_bytes, seconds, config, *line)
              : run_really(message_bytes, seconds, config);
}

}  // namespace petrel::bench
