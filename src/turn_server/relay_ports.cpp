#include "turn_server/relay_ports.hpp"

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {

std::optional<std::uint16_t> RelayPorts::take(Kind kind, RandomSource& random) {
  const auto size = static_cast<std::uint32_t>(used_.size());
  const std::uint32_t start = random.between(0, size - 1);
  // From a random place to the next one that will do.
  for (std::uint32_t step = 0; step < size; ++step) {
    const auto port = static_cast<std::uint16_t>(first_ + (start + step) % size);
    if (!is_free(port) || (kind != Kind::any && port % 2 != 0)) continue;
    if (kind == Kind::even_with_next) {
      if (!is_free(std::size_t{port} + 1)) continue;
      mark(static_cast<std::uint16_t>(port + 1));
    }
    mark(port);
    return port;
  }
  return std::nullopt;
}

void RelayPorts::give_back(std::uint16_t port) {
  PETREL_ASSERT(in_use(port));
  used_[static_cast<std::size_t>(port - first_)] = false;
  --count_;
}

bool RelayPorts::in_use(std::uint16_t port) const {
  return port >= first_ && static_cast<std::size_t>(port - first_) < used_.size() && !is_free(port);
}

bool RelayPorts::is_free(std::size_t port) const {
  return port >= first_ && port - first_ < used_.size() && !used_[port - first_];
}

void RelayPorts::mark(std::uint16_t port) {
  used_[static_cast<std::size_t>(port - first_)] = true;
  ++count_;
}

}  // namespace petrel::inline v0::turn_server
