#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::datachannel {

struct Channel;

/// A channel's place among those that have something to send.
struct Turn {
  Channel* channel = nullptr;
  std::uint16_t weight = 256;
  /// When its next bytes are due, on a clock that runs by bytes sent over weight.
  std::uint64_t start = 0;
  bool waiting = false;
};

/// Whose turn it is: start-time fair queueing. Each gets bytes in proportion to its weight while it has
/// some, and who was idle has saved up nothing.
class Scheduler {
 public:
  void enter(Turn& turn);
  void leave(Turn& turn);
  /// The one whose bytes are due first; nullptr if nobody waits.
  Turn* next();
  void charge(Turn& turn, std::size_t bytes);

  bool empty() const { return waiting_.empty(); }
  const std::vector<Turn*>& waiting() const { return waiting_; }

 private:
  std::vector<Turn*> waiting_;
  std::uint64_t now_ = 0;
};

}  // namespace petrel::inline v0::datachannel
