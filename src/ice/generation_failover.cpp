// The part of Generation that moves data away from a pair that has stopped carrying it.
//
// Deviates from RFC 8445 12.1, by which data goes by the selected pair whatever happens to it, until the
// controlling side nominates another. A browser takes one to three seconds for that when its interface goes
// down, and meanwhile another pair works, of which it accepts data as well.

#include <algorithm>
#include <utility>
#include <vector>

#include "ice/generation.hpp"

namespace petrel::inline v0::ice {

// The pair whose pulse is felt; null: none is.
const Pair* Generation::pulsing() const {
  if (!shared_.config.failover || !consent_ || !carrier_) return nullptr;
  const Pair* carrier = checklist_.find(*carrier_);
  return carrier != nullptr && !carrier->over_tcp ? carrier : nullptr;
}

bool Generation::is_broken() const { return consent_ && pulse_.is_broken(*consent_) && pulsing() != nullptr; }

const IpAddress& Generation::local_address(const Pair& pair) const {
  return checklist_.locals()[pair.local].candidate.endpoint.address;
}

// Other ports of the same two addresses go the same way. A generation that a restart has replaced has its
// successor as the other way.
bool Generation::has_other_way(const Pair& carrier) const {
  if (retired_) return true;
  return std::ranges::any_of(checklist_.pairs(), [&](const Pair& pair) {
    if (pair.id == carrier.id || pair.over_tcp || pair.outcome == PairOutcome::socket_failed) return false;
    return local_address(pair) != local_address(carrier) ||
           pair.destination.address != carrier.destination.address;
  });
}

void Generation::run_pulse(TimePoint now) {
  const Pair* in_use = pulsing();
  if (in_use == nullptr) return;
  const Pair& carrier = *in_use;
  if (!has_other_way(carrier)) return pulse_.restart(now);
  if (stand_in_ && now >= stand_in_->ask_selected_at) {
    stand_in_->ask_selected_at = now + return_interval;
    selected_is_due_ = true;
  }
  switch (pulse_.handle_timeout(now, *consent_, carrier.round_trip.value_or(Duration{}))) {
    case Pulse::News::none:
      break;
    case Pulse::News::suspected:
      ask_others(carrier);
      break;
    case Pulse::News::broken:
      shared_.config.log.log(now, LogLevel::info, "ice.pair_broken",
                             {{"remote", to_attribute(checklist_.remotes()[carrier.remote])}});
      break;
  }
  consent_->handle_timeout(now);
}

// Which of them could take over has to be known when the probe has ended. It may be an interface of ours that
// is down, or one of the peer's: of each address that is another than the carrier's, one pair is asked.
void Generation::ask_others(const Pair& carrier) {
  if (retired_) return;
  std::vector<std::pair<IpAddress, IpAddress>> asked;
  const auto is_new = [&](const Pair& pair, bool other_local, bool other_remote) {
    const IpAddress& local = local_address(pair);
    const IpAddress& remote = pair.destination.address;
    if ((local != local_address(carrier)) != other_local) return false;
    if ((remote != carrier.destination.address) != other_remote) return false;
    return std::ranges::find(asked, std::pair(local, remote)) == asked.end();
  };
  // First what needs one of the two to work, then what needs neither.
  for (const auto& [other_local, other_remote] : {std::pair(false, true), {true, false}, {true, true}}) {
    for (Pair& pair : checklist_.pairs()) {
      if (asked.size() == max_stand_ins) return;
      if (pair.over_tcp || pair.outcome == PairOutcome::socket_failed || pair.id == selected_) continue;
      if (!is_new(pair, other_local, other_remote)) continue;
      asked.emplace_back(local_address(pair), pair.destination.address);
      if (pair.state != PairState::in_progress) checklist_.trigger(pair);
    }
  }
}

// The pair that data goes by in place of the selected one; null: by the selected one itself.
Pair* Generation::stand_in_for_selected(TimePoint now) {
  if (stand_in_) end_stand_in_if_over(now);
  if (!retired_ && is_broken()) find_stand_in(now);
  return stand_in_ ? checklist_.find(stand_in_->pair) : nullptr;
}

void Generation::end_stand_in_if_over(TimePoint now) {
  const Pair* pair = checklist_.find(stand_in_->pair);
  const Pair* selected = selected_ ? checklist_.find(*selected_) : nullptr;
  const bool works_again = selected != nullptr && selected->last_answer > stand_in_->since;
  if (pair != nullptr && pair->is_valid() && !works_again) return;
  stand_in_.reset();
  if (selected != nullptr) announce(now, *selected);
}

// The best of those that have answered since the one in use was first suspected.
void Generation::find_stand_in(TimePoint now) {
  const TimePoint since = *pulse_.suspected_since();
  const auto found = std::ranges::find_if(checklist_.pairs(), [&](const Pair& pair) {
    return pair.id != *carrier_ && pair.id != selected_ && pair.is_valid() && pair.last_answer >= since;
  });
  if (found == checklist_.pairs().end()) return;
  stand_in_ = {.pair = found->id, .since = since, .ask_selected_at = now + return_interval};
  nomination_ = {};
  ++shared_.stats.failovers;
  announce(now, *found);
}

}  // namespace petrel::inline v0::ice
