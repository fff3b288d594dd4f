#include "kvs/peers.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::kvs {

bool Peers::take_candidate(TimePoint now, const std::string& peer, const CandidateMessage& candidate) {
  if (const auto known = described_.find(peer); known != described_.end()) {
    known->second = now;
    return true;
  }
  const auto found = waiting_.find(peer);
  if (found == waiting_.end() && waiting_.size() >= max_waiting_peers) {
    ++dropped_;
    return false;
  }
  Waiting& waiting =
      found != waiting_.end() ? found->second : waiting_.emplace(peer, Waiting{now, {}}).first->second;
  if (waiting.candidates.size() >= max_candidates) {
    ++dropped_;
  } else {
    waiting.candidates.push_back(candidate);
  }
  return false;
}

std::vector<CandidateMessage> Peers::describe(TimePoint now, const std::string& peer) {
  if (!described_.contains(peer) && described_.size() >= max_described) {
    described_.erase(std::ranges::min_element(described_, {}, [](const auto& each) { return each.second; }));
  }
  described_[peer] = now;
  auto waiting = waiting_.extract(peer);
  return waiting ? std::move(waiting.mapped().candidates) : std::vector<CandidateMessage>();
}

void Peers::forget(const std::string& peer) {
  described_.erase(peer);
  waiting_.erase(peer);
}

void Peers::handle_timeout(TimePoint now) {
  std::erase_if(waiting_, [&](const auto& each) {
    if (now < each.second.since + patience) return false;
    dropped_ += each.second.candidates.size();
    return true;
  });
}

std::optional<TimePoint> Peers::next_timeout() const {
  if (waiting_.empty()) return std::nullopt;
  return std::ranges::min_element(waiting_, {}, [](const auto& each) { return each.second.since; })
             ->second.since +
         patience;
}

}  // namespace petrel::inline v0::kvs
