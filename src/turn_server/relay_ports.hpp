#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/turn_server/config.hpp"

namespace petrel::inline v0::turn_server {

/// Which ports of one relay address are in use, RFC 8656 7.2.
class RelayPorts {
 public:
  enum class Kind : std::uint8_t {
    any,
    even,
    even_with_next,  ///< Even, and the port above it is free as well. Takes that one, too.
  };

  explicit RelayPorts(PortRange range)
      : first_(range.first), used_(static_cast<std::size_t>(range.last - range.first) + 1) {}

  /// Takes a port by chance, so that nobody can tell the next one (RFC 6056 3); nullopt: there is none.
  std::optional<std::uint16_t> take(Kind kind, RandomSource& random);
  void give_back(std::uint16_t port);

  bool in_use(std::uint16_t port) const;
  std::size_t count() const { return count_; }

 private:
  bool is_free(std::size_t port) const;
  void mark(std::uint16_t port);

  std::uint16_t first_;
  std::vector<bool> used_;
  std::size_t count_ = 0;
};

}  // namespace petrel::inline v0::turn_server
