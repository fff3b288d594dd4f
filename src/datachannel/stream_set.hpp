#pragma once

#include <cstdint>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::datachannel {

/// Some of the 65536 streams, in 8 KiB at most, whatever a peer does with its numbers.
class StreamSet {
 public:
  bool contains(std::uint16_t stream) const { return stream < bits_.size() && bits_[stream]; }
  void insert(std::uint16_t stream) {
    if (stream >= bits_.size()) bits_.resize(std::size_t{stream} + 1);
    bits_[stream] = true;
  }
  void erase(std::uint16_t stream) {
    if (stream < bits_.size()) bits_[stream] = false;
  }

 private:
  std::vector<bool> bits_;
};

}  // namespace petrel::inline v0::datachannel
