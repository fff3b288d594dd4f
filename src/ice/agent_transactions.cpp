// The half of Agent that paces: when a check or a question to a server may start, and whose turn it is.

#include <algorithm>

#include "ice/gatherer.hpp"
#include "ice/stream.hpp"
#include "petrel/ice/agent.hpp"

namespace petrel::inline v0::ice {

namespace {

using namespace std::chrono_literals;

}  // namespace

// When the next transaction may start, if there is one to start. Deviates from RFC 8445
// 6.1.4.2, where triggered checks and nominations wait for Ta like all others: they follow
// a packet of the peer, which is paced itself, and waiting would cost a call its first
// 100 ms. They keep the distance that RFC 8445 14.2 asks of everybody.
std::optional<TimePoint> Agent::next_transaction() const {
  std::optional<TimePoint> urgent;
  bool ordinary = gatherer_->has_question();
  for (const auto& stream : streams_) {
    urgent = earlier(urgent, stream->urgent_check_due());
    ordinary = ordinary || stream->has_ordinary_check();
  }
  if (urgent) urgent = std::max(*urgent, next_urgent_);
  return ordinary ? earlier(urgent, next_ordinary_) : urgent;
}

void Agent::start_transactions() {
  const auto due = next_transaction();
  if (!due || now_ < *due) return;
  // One at a time, also when we are called late: bursts are what Ta is against.
  if (!start_urgent() && !start_ordinary()) return;
  next_urgent_ = now_ + min_ta;
  next_ordinary_ = now_ + shared_->config.ta;
  for (const auto& stream : streams_) stream->settle(now_);
}

bool Agent::start_urgent() {
  if (now_ < next_urgent_) return false;
  for (const auto& stream : streams_) {
    const auto due = stream->urgent_check_due();
    if (!due || now_ < *due) continue;
    stream->start_urgent_check(now_, check_rto());
    return true;
  }
  return false;
}

// RFC 8445 6.1.4.2: the checklists take turns, and so does gathering.
bool Agent::start_ordinary() {
  if (now_ < next_ordinary_) return false;
  next_ordinary_ = now_ + shared_->config.ta;  // Also when every pair is frozen behind a running one.
  const std::vector<std::string_view> busy = busy_foundations();
  const std::size_t participants = streams_.size() + 1;
  for (std::size_t i = 0; i < participants; ++i) {
    const std::size_t turn = turn_++ % participants;
    if (turn == 0 && gatherer_->has_question()) {
      gatherer_->start_question(now_);
      return true;
    }
    if (turn > 0 && streams_[turn - 1]->start_ordinary_check(now_, check_rto(), busy)) return true;
  }
  return false;
}

std::vector<std::string_view> Agent::busy_foundations() const {
  std::vector<std::string_view> busy;
  for (const auto& stream : streams_) {
    for (const Pair& pair : stream->checklist().pairs()) {
      if (pair.state == PairState::waiting || pair.state == PairState::in_progress)
        busy.push_back(pair.foundation);
    }
  }
  return busy;
}

// RFC 8445 14.3: MAX(500 ms, Ta * N * (waiting + in progress)). N is the number of
// checklists, as in RFC 5245 16.1. Deviates from RFC 8445's wording, where it is the
// number of checks: its square would put a second between sendings at five pairs.
Duration Agent::check_rto() const {
  const auto active = static_cast<Duration::rep>(busy_foundations().size());
  const auto checklists = static_cast<Duration::rep>(streams_.size());
  return std::max<Duration>(500ms, shared_->config.ta * checklists * active);
}

}  // namespace petrel::inline v0::ice
