#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/kvs/message.hpp"

namespace petrel::inline v0::kvs {

/// Who has sent a description, and candidates of those who have not: the service sends the two by different
/// ways, so that candidates may come first.
class Peers {
 public:
  /// For how long candidates wait. The reference client has the same.
  static constexpr Duration patience = std::chrono::seconds(20);
  static constexpr std::size_t max_waiting_peers = 32;
  static constexpr std::size_t max_candidates = 64;
  /// Known peers; over it the one that has been silent longest is forgotten. The service admits ten at once.
  static constexpr std::size_t max_described = 256;

  /// True: pass it on. Otherwise it waits, or was dropped.
  bool take_candidate(TimePoint now, const std::string& peer, const CandidateMessage& candidate);
  /// A description came: what has waited for it, in its order.
  std::vector<CandidateMessage> describe(TimePoint now, const std::string& peer);
  void forget(const std::string& peer);

  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// Candidates that nobody will get.
  std::size_t dropped() const { return dropped_; }

 private:
  struct Waiting {
    TimePoint since;
    std::vector<CandidateMessage> candidates;
  };

  std::map<std::string, TimePoint> described_;  // When something came last.
  std::map<std::string, Waiting> waiting_;
  std::size_t dropped_ = 0;
};

}  // namespace petrel::inline v0::kvs
