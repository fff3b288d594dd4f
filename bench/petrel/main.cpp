// What petrel's data channels cost, one line of JSON for each run.
//
//   petrel-bench data --size 65536 --seconds 5      MBps, cpu_s_per_GB
//   petrel-bench tcp --rtt 100 --loss 0.1 --seconds 5   MBps of TCP on a line in virtual time
//   petrel-bench setup --count 20                   open_ms_median, open_ms_p95
//   petrel-bench pairs --count 100                  KiB_per_pair, threads, idle_cpu_pct
//
// On real sockets of this machine; with --rtt, --loss or --rate on a line in virtual time.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <exception>

#include "works.hpp"

namespace {

using petrel::bench::LineOptions;

void add_line(CLI::App& command, LineOptions& line) {
  command.add_option("--rtt", line.round_trip_ms, "Round trip of the line, in ms")
      ->check(CLI::Range(0.1, 60'000.0));
  command.add_option("--loss", line.loss_percent, "Packets lost, in percent")->check(CLI::Range(0.0, 100.0));
  command.add_option("--rate", line.mbit_per_second, "Rate of the line, in Mbit/s")
      ->check(CLI::Range(0.01, 1e5));
  command.add_option("--seed", line.seed, "Seed of the line's dice");
}

std::optional<LineOptions> line_of(const CLI::App& command, const LineOptions& line) {
  const bool is_virtual = command.count("--rtt") + command.count("--loss") + command.count("--rate") > 0;
  return is_virtual ? std::optional(line) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures petrel's data channels; prints one line of JSON.");
  app.require_subcommand(1);
  LineOptions line;

  std::size_t size = 65536;
  double seconds = 5;
  CLI::App* data = app.add_subcommand("data", "One channel, filled");
  data->add_option("--size,size", size, "Bytes of a message")->check(CLI::Range(1, 64 << 20));
  data->add_option("--seconds,seconds", seconds, "How long to measure")->check(CLI::Range(0.1, 3600.0));
  bool zero_checksum = true;
  data->add_flag("--zero-checksum,!--no-zero-checksum", zero_checksum,
                 "Leave out SCTP's checksum (RFC 9653), which is the default");
  add_line(*data, line);

  CLI::App* tcp = app.add_subcommand("tcp", "One TCP connection, filled, on a line in virtual time");
  tcp->add_option("--seconds,seconds", seconds, "How long to measure")->check(CLI::Range(0.1, 3600.0));
  add_line(*tcp, line);

  std::size_t calls = 20;
  CLI::App* setup = app.add_subcommand("setup", "Calls, one after another");
  setup->add_option("--count,count", calls, "How many")->check(CLI::Range(1, 1'000'000));
  add_line(*setup, line);

  std::size_t count = 100;
  CLI::App* pairs = app.add_subcommand("pairs", "Pairs, all at once");
  pairs->add_option("--count,count", count, "How many")->check(CLI::Range(1, 100'000));

  CLI11_PARSE(app, argc, argv);
  try {
    if (data->parsed()) return petrel::bench::run_data(size, seconds, zero_checksum, line_of(*data, line));
    if (tcp->parsed()) return petrel::bench::run_tcp(seconds, line);
    if (setup->parsed()) return petrel::bench::run_setup(calls, line_of(*setup, line));
    return petrel::bench::run_pairs(count);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "petrel-bench: %s\n", error.what());
    return 1;
  }
}
