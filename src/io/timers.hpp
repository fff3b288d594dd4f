#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "petrel/base/time.hpp"
#include "petrel/io/network.hpp"

namespace petrel::inline v0::io {

/// The deadlines of all users of one network, earliest first: one queue, so that one
/// system timer serves any number of peers.
class Timers {
 public:
  void set(NetworkUserId user, std::optional<TimePoint> deadline) {
    const auto known = deadlines_.find(user);
    if (known == deadlines_.end()) {
      if (!deadline) return;
      deadlines_.emplace(user, *deadline);
      queue_.emplace(*deadline, user);
      return;
    }
    if (deadline == known->second) return;
    auto place = queue_.extract({known->second, user});
    if (!deadline) {
      deadlines_.erase(known);
      return;
    }
    // Deadlines move with most packets: what held the old one holds the new one.
    known->second = *deadline;
    place.value().first = *deadline;
    queue_.insert(std::move(place));
  }

  std::optional<TimePoint> earliest() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first;
  }

  /// Takes one user whose time has come.
  std::optional<NetworkUserId> take_due(TimePoint now) {
    if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
    const NetworkUserId user = queue_.begin()->second;
    set(user, std::nullopt);
    return user;
  }

 private:
  std::unordered_map<NetworkUserId, TimePoint> deadlines_;
  std::set<std::pair<TimePoint, NetworkUserId>> queue_;
};

}  // namespace petrel::inline v0::io
