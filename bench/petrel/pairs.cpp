#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "items.hpp"
#include "pair.hpp"
#include "process.hpp"
#include "works.hpp"

namespace petrel::bench {
namespace {

using namespace std::chrono_literals;

// False: no channel in time.
bool add_pair(asio::io_context& context, Network& network, std::vector<std::unique_ptr<Pair>>& pairs) {
  bool open = false;
  pairs.push_back(std::make_unique<Pair>(network, network));
  pairs.back()->call([&](DataChannel) { open = true; }, [](DataChannel) {});
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!open && std::chrono::steady_clock::now() < deadline) context.run_one_for(1s);
  return open;
}

}  // namespace

int run_pairs(std::size_t count) {
  asio::io_context context;
  Network network(context.get_executor(), {.include_loopback = true});
  std::vector<std::unique_ptr<Pair>> pairs;
  pairs.reserve(count + 1);
  // The first one pays for what all share.
  if (!add_pair(context, network, pairs)) return 1;
  context.run_for(300ms);
  const std::size_t before = resident_kib();
  const double setup_cpu = cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    if (!add_pair(context, network, pairs)) return 1;
  }
  const double setup_ms = (cpu_seconds() - setup_cpu) * 1e3 / static_cast<double>(count);
  context.run_for(1s);
  const auto grown = static_cast<double>(resident_kib() - before);
  const double cpu = cpu_seconds();
  constexpr auto idle = 3s;
  context.run_for(idle);
  const double idle_cpu = (cpu_seconds() - cpu) / static_cast<double>(idle.count()) * 100;
  const double each = grown / static_cast<double>(count);
  const double dtls = dtls_kib_per_pair();
  const double sctp = sctp_kib_per_pair();
  std::printf(R"({"peer":"petrel","version":"petrel","count":%zu,"KiB_per_pair":%.0f,"threads":%d,)"
              R"("idle_cpu_pct":%.1f,"setup_cpu_ms":%.2f,"KiB_of_dtls":%.0f,"KiB_of_sctp":%.0f,)"
              R"("KiB_of_the_rest":%.0f})"
              "\n",
              count, each, thread_count(), idle_cpu, setup_ms, dtls, sctp, each - dtls - sctp);
  return 0;
}

}  // namespace petrel::bench
