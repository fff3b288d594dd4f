#pragma once

#include <cstddef>
#include <map>

#include "turn_server/shared.hpp"
#include "turn_server/source.hpp"

namespace petrel::inline v0::turn_server {

/// How many connections there are, and how many each source has.
class Admissions {
 public:
  explicit Admissions(const Shared& shared) : shared_(shared) {}

  /// Takes a place; false when there is none left.
  bool enter(const IpAddress& client) {
    const Limits& limits = shared_.config().limits;
    const auto known = sources_.find(source_of(client));
    const std::size_t of_source = known == sources_.end() ? 0 : known->second;
    if (total_ >= limits.connections || of_source >= limits.connections_per_source) return false;
    ++sources_[source_of(client)];
    ++total_;
    return true;
  }
  void leave(const IpAddress& client) {
    const auto source = sources_.find(source_of(client));
    if (--source->second == 0) sources_.erase(source);
    --total_;
  }
  std::size_t total() const { return total_; }

 private:
  const Shared& shared_;
  std::map<IpAddress, std::size_t> sources_;
  std::size_t total_ = 0;
};

}  // namespace petrel::inline v0::turn_server
