#pragma once

#include <optional>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn {

/// Whose connections are let in (RFC 6062 4.4), until that is taken back. Unlike those for packets these
/// permissions do not lapse when nothing is sent: a server waits for clients.
class StandingPermissions {
 public:
  /// RFC 8656 9 has them live five minutes. A request may take 39.5 s to fail.
  static constexpr Duration renewal = std::chrono::minutes(4);

  /// False: there are `limit` already.
  bool add(TimePoint now, const IpAddress& peer, std::size_t limit);
  void remove(const IpAddress& peer);
  bool has(const IpAddress& peer) const { return find(peer) != nullptr; }

  /// One to ask the server for, which is then under way.
  std::optional<IpAddress> poll_due(TimePoint now);
  void handle_granted(TimePoint now, const IpAddress& peer);
  std::optional<TimePoint> next_timeout() const;

 private:
  struct Entry {
    IpAddress peer;
    std::optional<TimePoint> due;  // None: a request is under way.
  };
  const Entry* find(const IpAddress& peer) const;

  std::vector<Entry> entries_;
};

}  // namespace petrel::inline v0::turn
