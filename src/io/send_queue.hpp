#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "petrel/io/network.hpp"

namespace petrel::inline v0::io {

/// What was taken from a core and not yet by the network. While a socket is full nothing more is
/// taken, so that the core's own bounds and rules about what to drop hold.
class SendQueue {
 public:
  /// Sends all that `core` has, until the network takes no more.
  template <class Core>
  void send(Network& network, NetworkUserId id, Core& core) {
    // Room for one batch, of all queues of a thread: with thousands of peers it is worth sharing.
    static thread_local std::vector<Transmit> next;
    while (!blocked_) {
      next.clear();
      std::ranges::move(pending_, std::back_inserter(next));
      pending_.clear();
      while (next.size() < batch) {
        auto transmit = core.poll_transmit();
        if (!transmit) break;
        next.push_back(*std::move(transmit));
      }
      if (next.empty()) return;
      const std::size_t taken = network.send(id, next);
      blocked_ = taken < next.size();
      std::move(next.begin() + static_cast<std::ptrdiff_t>(taken), next.end(), std::back_inserter(pending_));
    }
    next.clear();
  }

  void handle_writable() { blocked_ = false; }

 private:
  static constexpr std::size_t batch = 32;  // One sendmmsg() takes this many.

  std::vector<Transmit> pending_;  ///< What a full socket has left.
  bool blocked_ = false;           ///< A socket is full; on_writable() will come.
};

}  // namespace petrel::inline v0::io
