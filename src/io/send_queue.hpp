#pragma once

#include <cstddef>
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
    while (!blocked_) {
      while (pending_.size() < batch) {
        auto transmit = core.poll_transmit();
        if (!transmit) break;
        pending_.push_back(*std::move(transmit));
      }
      if (pending_.empty()) return;
      const std::size_t taken = network.send(id, pending_);
      blocked_ = taken < pending_.size();
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
  }

  void handle_writable() { blocked_ = false; }

 private:
  static constexpr std::size_t batch = 32;  // One sendmmsg() takes this many.

  std::vector<Transmit> pending_;
  bool blocked_ = false;  ///< A socket is full; on_writable() will come.
};

}  // namespace petrel::inline v0::io
