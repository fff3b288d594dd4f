#include "ice/checklist.hpp"

#include <algorithm>
#include <utility>

#include "ice/connections.hpp"
#include "ice/priority.hpp"

namespace petrel::inline v0::ice {
namespace {

// Link-local addresses mean something on one interface only; the peer cannot know
// the number that it has here.
Endpoint reachable_from(const IpAddress& local, const Endpoint& remote) {
  if (!remote.address.is_v6() || !remote.address.is_link_local()) return remote;
  return {IpAddress::v6(remote.address.octets(), local.scope_id()), remote.port};
}

// Candidates and mapped addresses carry no scope: one side's number of an interface is not the other's.
Endpoint without_scope(const Endpoint& endpoint) {
  if (!endpoint.address.is_v6()) return endpoint;
  return {IpAddress::v6(endpoint.address.octets()), endpoint.port};
}

std::string_view opposite(std::string_view tcp_type) {
  if (tcp_type == tcp_active) return tcp_passive;
  return tcp_type == tcp_passive ? tcp_active : tcp_type;
}

// RFC 8445 6.1.2.2: same family, and link-local only with link-local. RFC 6544 6.2: who connects
// with who listens; of the latter's pairs only those that a connection has come for.
bool can_pair(const Candidate& ours, const Candidate& theirs) {
  const IpAddress& local = ours.endpoint.address;
  const IpAddress& remote = theirs.endpoint.address;
  if (ours.protocol != theirs.protocol || local.family() != remote.family()) return false;
  if (local.is_v6() && local.is_link_local() != remote.is_link_local()) return false;
  if (ours.protocol != TransportProtocol::tcp) return true;
  if (ours.tcp_type == tcp_passive && theirs.type != CandidateType::peer_reflexive) return false;
  return theirs.tcp_type == opposite(ours.tcp_type);
}

bool is_same_socket(const Candidate& a, const Candidate& b) {
  return a.endpoint == b.endpoint && a.protocol == b.protocol && a.tcp_type == b.tcp_type;
}

// A relayed address is its own base, like a host's (RFC 8445 5.1.1.2).
bool is_base(const Candidate& candidate) {
  return candidate.type == CandidateType::host || candidate.type == CandidateType::relay;
}

auto find_pair(auto& pairs, FlowId flow, const Endpoint& remote) {
  const auto it = std::ranges::find_if(
      pairs, [&](const Pair& pair) { return pair.flow == flow && pair.destination == remote; });
  return it == pairs.end() ? nullptr : &*it;
}

bool contains(std::span<const std::string_view> list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

}  // namespace

void Checklist::add_local(LocalCandidate local) {
  if (locals_.size() >= max_local_candidates) return;
  locals_.push_back(std::move(local));
  // RFC 8445 6.1.2.4: a reflexive candidate would be replaced by its base, and then be redundant.
  if (!is_base(locals_.back().candidate)) return;
  for (std::size_t remote = 0; remote < remotes_.size(); ++remote) {
    // RFC 8445 7.3.1.3: a peer-reflexive candidate has only the pairs that requests came over.
    if (remotes_[remote].type != CandidateType::peer_reflexive) add_pair(locals_.size() - 1, remote);
  }
  prune();
}

Checklist::Added Checklist::add_remote(const Candidate& candidate) {
  const auto known = std::ranges::find_if(
      remotes_, [&](const Candidate& remote) { return is_same_socket(remote, candidate); });
  if (known != remotes_.end()) {
    if (known->type != CandidateType::peer_reflexive || candidate.type == CandidateType::peer_reflexive) {
      return Added::duplicate;
    }
    // RFC 8838 11.4: a check was faster than the signaling. What was signalled counts.
    *known = candidate;
    const auto remote = static_cast<std::size_t>(known - remotes_.begin());
    for (Pair& pair : pairs_) {
      if (pair.remote == remote) prioritise(pair);
    }
    add_pairs_of_remote(remote);
    sort();
    return Added::updated;
  }
  if (remotes_.size() >= max_remote_candidates) return Added::full;
  remotes_.push_back(candidate);
  add_pairs_of_remote(remotes_.size() - 1);
  return Added::added;
}

Pair* Checklist::pair_of_request(FlowId flow, const Endpoint& source, std::uint32_t priority) {
  const auto base = std::ranges::find_if(locals_, [&](const LocalCandidate& local) {
    return local.flow == flow && local.usable && is_base(local.candidate);
  });
  if (base == locals_.end()) return nullptr;
  if (Pair* pair = find(flow, source)) return pair;

  const std::size_t remote = learn_remote(base->candidate, source, priority);
  if (remote == remotes_.size()) return nullptr;
  add_pair(static_cast<std::size_t>(base - locals_.begin()), remote);
  prune();
  return find(flow, source);
}

// The place of the candidate that a request came from; remotes_.size() when there are too many.
std::size_t Checklist::learn_remote(const Candidate& base, const Endpoint& source, std::uint32_t priority) {
  Candidate candidate;
  candidate.priority = priority;
  candidate.endpoint = without_scope(source);
  candidate.type = CandidateType::peer_reflexive;
  candidate.protocol = base.protocol;
  candidate.tcp_type = opposite(base.tcp_type);
  const auto known = std::ranges::find_if(
      remotes_, [&](const Candidate& remote) { return is_same_socket(remote, candidate); });
  if (known != remotes_.end()) return static_cast<std::size_t>(known - remotes_.begin());

  // RFC 8445 7.3.1.3: a foundation that differs from all others. Signalled ones are
  // theirs to choose; a clash would only delay a check.
  candidate.foundation = "prflx" + std::to_string(++last_learnt_);
  if (remotes_.size() < max_remote_candidates) {
    remotes_.push_back(std::move(candidate));
    return remotes_.size() - 1;
  }
  const std::size_t place = abandoned_remote();
  if (place == remotes_.size()) return place;
  std::erase_if(pairs_, [place](const Pair& pair) { return pair.remote == place; });
  remotes_[place] = std::move(candidate);
  return place;
}

// Every new connection of a peer is a candidate of its own; one whose connection is gone never returns.
std::size_t Checklist::abandoned_remote() const {
  for (std::size_t place = 0; place < remotes_.size(); ++place) {
    const Candidate& remote = remotes_[place];
    if (remote.tcp_type != tcp_active || remote.type != CandidateType::peer_reflexive) continue;
    const auto stands = [place](const Pair& pair) {
      return pair.remote == place && pair.outcome != PairOutcome::connection_lost;
    };
    if (std::ranges::none_of(pairs_, stands)) return place;
  }
  return remotes_.size();
}

std::size_t Checklist::learn_local(const Endpoint& mapped, std::size_t base, std::uint32_t priority) {
  const FlowId flow = locals_[base].flow;
  // An active candidate has a new port with every connection; without a NAT it is still itself.
  const Candidate& candidate = locals_[base].candidate;
  if (candidate.tcp_type == tcp_active && candidate.endpoint.address.octets() == mapped.address.octets())
    return base;
  const auto known = std::ranges::find_if(locals_, [&](const LocalCandidate& local) {
    return local.flow == flow && without_scope(local.candidate.endpoint) == without_scope(mapped);
  });
  if (known != locals_.end()) return static_cast<std::size_t>(known - locals_.begin());
  if (locals_.size() >= max_local_candidates) return base;

  LocalCandidate learnt{locals_[base].candidate, flow};
  learnt.candidate.foundation = "prflx" + std::to_string(++last_learnt_);
  learnt.candidate.type = CandidateType::peer_reflexive;
  learnt.candidate.priority = priority;
  learnt.candidate.related = learnt.candidate.endpoint;
  learnt.candidate.endpoint = mapped;
  locals_.push_back(std::move(learnt));
  return locals_.size() - 1;
}

void Checklist::set_role(Role role) {
  role_ = role;
  for (Pair& pair : pairs_) prioritise(pair);
  sort();
}

void Checklist::fail_flow(FlowId flow) {
  for (LocalCandidate& local : locals_) {
    if (local.flow == flow) local.usable = false;
  }
  for (Pair& pair : pairs_) {
    if (pair.flow != flow) continue;
    pair.fail(PairOutcome::socket_failed);
    forget_trigger(pair.id);
  }
}

void Checklist::fail_connection(const ConnectionEnded& ended) {
  Pair* pair = find(ended.candidate, ended.remote);
  if (pair == nullptr || !pair->over_tcp) return;
  pair->fail(ended.outcome);
  pair->heard = false;
  pair->nominate_when_valid = false;
  forget_trigger(pair->id);
  if (ended.outcome != PairOutcome::stopped) return;
  if (pair->awaits_peer) {
    pair->outcome = PairOutcome::connection_lost;
  } else {
    pair->state = PairState::frozen;
  }
}

Pair* Checklist::find(PairId id) {
  const auto it = std::ranges::find(pairs_, id, &Pair::id);
  return it == pairs_.end() ? nullptr : &*it;
}

const Pair* Checklist::find(PairId id) const {
  const auto it = std::ranges::find(pairs_, id, &Pair::id);
  return it == pairs_.end() ? nullptr : &*it;
}

Pair* Checklist::find(FlowId flow, const Endpoint& remote) { return find_pair(pairs_, flow, remote); }

const Pair* Checklist::find(FlowId flow, const Endpoint& remote) const {
  return find_pair(pairs_, flow, remote);
}

void Checklist::trigger(Pair& pair) {
  pair.state = PairState::waiting;
  pair.outcome = PairOutcome::not_tried;
  if (std::ranges::find(triggered_, pair.id) == triggered_.end()) triggered_.push_back(pair.id);
}

void Checklist::forget_trigger(PairId id) { std::erase(triggered_, id); }

Pair* Checklist::take_triggered() {
  if (triggered_.empty()) return nullptr;
  Pair* pair = find(triggered_.front());
  triggered_.erase(triggered_.begin());
  return pair;
}

bool Checklist::has_ordinary() const {
  if (stopped_) return false;
  return std::ranges::any_of(pairs_, [](const Pair& pair) {
    return pair.state == PairState::waiting || pair.state == PairState::frozen;
  });
}

Pair* Checklist::take_ordinary(std::span<const std::string_view> busy) {
  if (stopped_) return nullptr;
  for (const PairState wanted : {PairState::waiting, PairState::frozen}) {
    for (Pair& pair : pairs_) {
      if (pair.state != wanted) continue;
      if (wanted == PairState::frozen && contains(busy, pair.foundation)) continue;
      forget_trigger(pair.id);
      return &pair;
    }
  }
  return nullptr;
}

void Checklist::unfreeze(std::string_view foundation) {
  for (Pair& pair : pairs_) {
    if (pair.state == PairState::frozen && pair.foundation == foundation) pair.state = PairState::waiting;
  }
}

void Checklist::stop() {
  stopped_ = true;
  for (Pair& pair : pairs_) {
    if (!pair.is_undecided()) continue;
    pair.state = PairState::frozen;
    pair.outcome = PairOutcome::stopped;
    // What the peer has nominated, and we have yet to check, stays on its way.
    if (pair.nominate_when_valid) {
      trigger(pair);
    } else {
      forget_trigger(pair.id);
    }
  }
}

void Checklist::resume(std::optional<PairId> carrier) {
  stopped_ = false;
  for (Pair& pair : pairs_) {
    const bool runs = pair.outcome == PairOutcome::under_way || pair.outcome == PairOutcome::not_tried;
    if (pair.id == carrier || runs || pair.outcome == PairOutcome::socket_failed) continue;
    if (pair.awaits_peer && pair.outcome == PairOutcome::connection_lost) continue;
    pair.state = PairState::waiting;
    pair.outcome = PairOutcome::not_tried;
  }
}

void Checklist::retry_failed() {
  for (Pair& pair : pairs_) {
    if (pair.state != PairState::failed || pair.awaits_peer || pair.outcome == PairOutcome::socket_failed)
      continue;
    pair.state = PairState::waiting;
    pair.outcome = PairOutcome::not_tried;
  }
}

void Checklist::add_pair(std::size_t local, std::size_t remote) {
  const LocalCandidate& base = locals_[local];
  const Candidate& other = remotes_[remote];
  if (!base.usable || !can_pair(base.candidate, other)) return;
  const Endpoint destination = reachable_from(base.candidate.endpoint.address, other.endpoint);
  if (find(base.flow, destination) != nullptr) return;

  Pair pair;
  pair.id = PairId{++last_pair_};
  pair.local = pair.mapped = local;
  pair.remote = remote;
  pair.flow = base.flow;
  pair.destination = destination;
  pair.over_tcp = base.candidate.protocol == TransportProtocol::tcp;
  pair.awaits_peer = pair.over_tcp && base.candidate.tcp_type == tcp_passive;
  if (stopped_) pair.outcome = PairOutcome::stopped;
  prioritise(pair);
  // RFC 8838 12: a late pair whose foundation has worked already need not wait.
  const bool proven = std::ranges::any_of(
      pairs_, [&](const Pair& known) { return known.is_valid() && known.foundation == pair.foundation; });
  if (proven) pair.state = PairState::waiting;
  pairs_.push_back(std::move(pair));
  sort();
}

void Checklist::add_pairs_of_remote(std::size_t remote) {
  for (std::size_t local = 0; local < locals_.size(); ++local) {
    if (is_base(locals_[local].candidate)) add_pair(local, remote);
  }
  prune();
}

void Checklist::prioritise(Pair& pair) const {
  const Candidate& local = locals_[pair.local].candidate;
  const Candidate& remote = remotes_[pair.remote];
  pair.foundation = local.foundation + ':' + remote.foundation;
  const bool relayed = local.type == CandidateType::relay || remote.type == CandidateType::relay;
  pair.directness = relayed ? 0 : pair.over_tcp ? 1 : 2;
  pair.priority = pair_priority(role_, {.local = local.priority, .remote = remote.priority});
}

void Checklist::sort() {
  // Ids are unique: the same inputs give the same order everywhere.
  std::ranges::sort(pairs_, [](const Pair& a, const Pair& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
  });
}

// RFC 8445 6.1.2.5, but never at the cost of a pair that is being used: those that
// have not been tried go first, then those that have failed.
void Checklist::prune() {
  while (pairs_.size() > max_pairs) {
    auto victim = pairs_.end();
    for (auto it = pairs_.begin(); it != pairs_.end(); ++it) {
      if (it->state == PairState::frozen || it->state == PairState::failed) victim = it;
    }
    if (victim == pairs_.end()) victim = pairs_.end() - 1;
    forget_trigger(victim->id);
    pairs_.erase(victim);
    ++pruned_;
  }
}

}  // namespace petrel::inline v0::ice
