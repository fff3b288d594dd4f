#pragma once

#include "petrel/sim/world.hpp"
#include "support/seeded_random.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::testing {

using sim::Dependence;
using sim::Fate;
using sim::HostConfig;
using sim::HostId;
using sim::internet;
using sim::Link;
using sim::LinkConfig;
using sim::Nat;
using sim::NatConfig;
using sim::Packet;
using sim::SiteId;
using NetworkFault = sim::WorldFault;
using NetworkStats = sim::WorldStats;

/// A world that takes gettimeofday() and time() along, for the libraries that read them.
class Network : public sim::World {
 public:
  explicit Network(std::uint64_t seed, LinkConfig default_link = {}) : World(seed, default_link) {
    on_time(set_wall_clock);
  }
  ~Network() { reset_wall_clock(); }
};

}  // namespace petrel::inline v0::testing
