#pragma once

#include "petrel/base/random.hpp"
#include "petrel/turn/client.hpp"
#include "turn/output_queue.hpp"

namespace petrel::inline v0::turn {

/// What the parts of one client share. It stays where it is when the client moves.
struct ClientState {
  ClientConfig config;
  RandomSource& random;
  ClientStats stats{};
  ClientReport report{};
  OutputQueue<ClientEvent> events{};
};

}  // namespace petrel::inline v0::turn
