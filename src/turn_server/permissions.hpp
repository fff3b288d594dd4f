#pragma once

#include <cstddef>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn_server {

struct Permission {
  IpAddress peer;
  TimePoint expires;
  bool relays_only = false;  ///< See PeerPolicy::Verdict.
};

/// The peers' addresses that one allocation exchanges packets with, RFC 8656 9.
class Permissions {
 public:
  static constexpr Duration lifetime = std::chrono::seconds(300);  // RFC 8656 9

  explicit Permissions(std::size_t limit) : limit_(limit) {}

  /// Would grant() of these succeed? Those that are there already need no room.
  bool room_for(TimePoint now, const std::vector<IpAddress>& peers) const;
  /// Grants or refreshes. There has to be room.
  void grant(TimePoint now, const IpAddress& peer, bool relays_only);

  /// nullptr: there is none, or it has expired.
  const Permission* find(TimePoint now, const IpAddress& peer) const;
  void forget(IpFamily family);

  std::size_t size() const { return permissions_.size(); }

 private:
  std::size_t limit_;
  std::vector<Permission> permissions_;  // Few: a search from the front is the fastest there is.
};

}  // namespace petrel::inline v0::turn_server
