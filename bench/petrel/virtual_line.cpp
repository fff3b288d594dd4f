#include "virtual_line.hpp"

#include "petrel/sim/wall_clock.hpp"

namespace petrel::bench {

sim::LinkConfig LineOptions::link() const {
  sim::LinkConfig link;
  link.latency =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(round_trip_ms / 2));
  link.loss_percent = loss_percent;
  link.bits_per_second = static_cast<std::uint64_t>(mbit_per_second * 1e6);
  return link;
}

VirtualLine::VirtualLine(const LineOptions& options)
    : world(options.seed, options.link()),
      offerer(world, world.add_host({.name = "offerer"}), context),
      answerer(world, world.add_host({.name = "answerer"}), context) {
  world.on_time(sim::set_wall_clock);  // For OpenSSL's and usrsctp's timers.
}

VirtualLine::~VirtualLine() { sim::reset_wall_clock(); }

}  // namespace petrel::bench
