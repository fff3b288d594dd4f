#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "petrel/base/time.hpp"

namespace petrel::inline v0::turn_server {

/// One deadline for each of many, the earliest first.
template <class Id>
class Deadlines {
 public:
  void set(const Id& id, TimePoint due) {
    clear(id);
    due_.emplace(id, due);
    order_.emplace(due, id);
  }
  void clear(const Id& id) {
    const auto found = due_.find(id);
    if (found == due_.end()) return;
    order_.erase({found->second, id});
    due_.erase(found);
  }

  std::optional<TimePoint> earliest() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  /// One that is due, which has no deadline any more after that.
  std::optional<Id> take_due(TimePoint now) {
    if (order_.empty() || now < order_.begin()->first) return std::nullopt;
    const Id id = order_.begin()->second;
    clear(id);
    return id;
  }

 private:
  std::map<Id, TimePoint> due_;
  std::set<std::pair<TimePoint, Id>> order_;
};

}  // namespace petrel::inline v0::turn_server
