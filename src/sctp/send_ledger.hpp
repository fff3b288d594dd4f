#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "petrel/base/ring_queue.hpp"

namespace petrel::inline v0::sctp {

/// How many messages usrsctp holds for us. It tells how many bytes there are, while what a short message
/// costs is not its bytes. Messages leave in about the order in which they came, and that is
/// assumed here: the sum is right, and is 0 when it should be.
class SendLedger {
 public:
  /// What usrsctp allocates for a message beside its bytes: an mbuf (256), and its place in the queue.
  static constexpr std::size_t message_cost = 256;

  void add(std::size_t bytes) {
    pieces_.push_back(bytes);
    bytes_ += bytes;
  }
  /// usrsctp says that so many bytes are left, and counts the headers of chunks with them.
  void settle(std::size_t bytes_left) {
    while (!pieces_.empty() && bytes_ - pieces_.front() >= bytes_left) bytes_ -= pieces_.pop_front();
    if (bytes_left == 0) {
      pieces_.clear();
      bytes_ = 0;
    }
  }
  std::size_t overhead() const { return pieces_.size() * message_cost; }

 private:
  RingQueue<std::size_t> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace petrel::inline v0::sctp
