#pragma once

#include <asio/io_context.hpp>
#include <cstdint>
#include <optional>

#include "petrel/sim/host_network.hpp"
#include "petrel/sim/world.hpp"

namespace petrel::bench {

/// What the line between the two ends is like; all that is asked of it runs in virtual time.
struct LineOptions {
  double round_trip_ms = 0;
  double loss_percent = 0;
  double mbit_per_second = 0;  ///< 0: no limit.
  std::uint64_t seed = 1;

  sim::LinkConfig link() const;
};

/// Two hosts with that line between them, in a world of their own.
struct VirtualLine {
  explicit VirtualLine(const LineOptions& options);
  ~VirtualLine();

  sim::World world;
  asio::io_context context;
  sim::HostNetwork offerer;
  sim::HostNetwork answerer;
};

}  // namespace petrel::bench
