#pragma once

#include <vector>

#include "petrel/rtp/payload/slice.hpp"

namespace petrel::inline v0::testing {

inline std::vector<std::byte> copied(const rtp::PayloadSlice& slice) {
  std::vector<std::byte> payload(slice.size());
  slice.copy_to(payload);
  return payload;
}

}  // namespace petrel::inline v0::testing
