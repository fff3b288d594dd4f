#pragma once

#include <cstdlib>
#include <string>

#include "petrel/sim/world.hpp"
#include "support/seeded_random.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::testing {

using sim::Fate;
using sim::HostId;
using sim::internet;
using sim::LinkConfig;
using sim::NatConfig;
using sim::Packet;
using sim::SiteId;

/// A world that takes gettimeofday() and time() along, for the libraries that read them. With
/// PETREL_PCAP=DIRECTORY in the environment it writes DIRECTORY/NUMBER-seed-SEED.pcapng, where
/// NUMBER counts the networks of the program.
class Network : public sim::World {
 public:
  explicit Network(std::uint64_t seed, LinkConfig default_link = {}) : World(seed, default_link) {
    on_time(set_wall_clock);
    if (const char* directory = std::getenv("PETREL_PCAP")) {
      static int number = 0;
      capture(directory + ("/" + std::to_string(++number)) + "-seed-" + std::to_string(seed) + ".pcapng")
          .value();
    }
  }
  ~Network() { reset_wall_clock(); }
};

}  // namespace petrel::inline v0::testing
