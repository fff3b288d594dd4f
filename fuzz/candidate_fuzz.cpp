#include <algorithm>
#include <cstdint>
#include <string>

#include "petrel/base/assert.hpp"
#include "petrel/ice/candidate.hpp"

// Property: what parses is within the grammar's limits, and comes back from its text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(size, '\0');
  std::transform(data, data + size, text.begin(), [](std::uint8_t b) { return static_cast<char>(b); });
  const auto candidate = petrel::ice::parse_candidate(text);
  if (!candidate) return 0;

  PETREL_ASSERT(candidate->component >= 1 && candidate->component <= 256);
  PETREL_ASSERT(!candidate->foundation.empty() && candidate->foundation.size() <= 32);
  const std::string written = petrel::ice::to_attribute(*candidate);
  PETREL_ASSERT(written.find_first_of("\r\n") == std::string::npos);
  const auto again = petrel::ice::parse_candidate(written);
  PETREL_ASSERT(again && *again == *candidate);
  return 0;
}
