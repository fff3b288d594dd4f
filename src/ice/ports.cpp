#include "ice/ports.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {

unsigned ports_to_try(const std::optional<PortRange>& range) {
  // A range that is so full is not worth searching to its end.
  constexpr unsigned enough = 1000;
  if (!range) return 0;
  return std::min(enough, unsigned{range->last} - range->first + 1);
}

std::uint16_t next_port(const std::optional<PortRange>& range, std::uint16_t& start, unsigned& tried,
                        RandomSource& random) {
  if (!range) return 0;
  const std::uint32_t size = std::uint32_t{range->last} - range->first + 1;
  if (tried == 0) start = static_cast<std::uint16_t>(random.between(0, size - 1));
  const std::uint32_t offset = (std::uint32_t{start} + tried) % size;
  ++tried;
  return static_cast<std::uint16_t>(range->first + offset);
}

}  // namespace petrel::inline v0::ice
