#include "ice/generation.hpp"

#include <algorithm>
#include <utility>

#include "ice/connections.hpp"
#include "ice/local_names.hpp"
#include "ice/priority.hpp"
#include "ice/relay.hpp"

namespace petrel::inline v0::ice {
namespace {

bool is_usable(const Endpoint& endpoint) {
  const IpAddress& address = endpoint.address;
  // RFC 8445 5.1.1.1: neither wildcards nor IPv4 addresses in IPv6 clothes are candidates.
  return endpoint.port != 0 && !address.is_unspecified() && !address.is_multicast() &&
         !address.is_v4_mapped();
}

// A lite agent's view: a peer asks for consent every 4 to 6 s (RFC 7675 5.1); two of those are lost.
constexpr Duration peer_missing_after = std::chrono::seconds(13);

// How long the peer's nomination of a pair stands against a later one of a lesser pair. Nominations of
// several pairs come with their checks, within seconds of each other.
constexpr Duration nomination_lifetime = std::chrono::seconds(10);

// How long the current pair has to show that it works when the peer nominates a lesser one: so many round
// trips, of which each of the three questions has at least one, and never less than a busy peer needs. Too
// little does no harm: the pair is one that the peer has nominated and that works, and a peer that means the
// other one says so again, which is followed at once.
constexpr int probed_round_trips = 3;
constexpr Duration least_probe = std::chrono::milliseconds(100);

}  // namespace

void Generation::add_local_candidate(const LocalCandidate& local) {
  Candidate signalled = local.candidate;
  signalled.ufrag = local_.ufrag;
  signalled.host_name = local.name;
  checklist_.add_local(local);
  signalled_.push_back(signalled);
  shared_.emit(CandidateGathered{id_, std::move(signalled)});
}

Result<void> Generation::set_remote_credentials(TimePoint now, Credentials credentials, bool remote_is_lite) {
  if (!is_valid(credentials)) return Errc::bad_credentials;
  if (remote_) {
    if (*remote_ == credentials) return {};
    return Errc::credentials_changed;
  }
  remote_ = std::move(credentials);
  remote_key_.emplace(as_bytes(remote_->password));
  remote_is_lite_ = remote_is_lite;
  if (!is_alive()) return {};
  // RFC 8445 6.1.1: a full agent controls a lite one.
  if (remote_is_lite && !shared_.config.lite) shared_.role = Role::controlling;
  patience_ends_ = now + shared_.config.patience;  // RFC 8863 5: from the start of the checks.

  for (const ReceivedCheck& check : std::exchange(early_checks_, {})) handle_check(now, check);
  return {};
}

Result<void> Generation::add_remote_candidate(const Candidate& candidate) {
  if (!remote_) return Errc::credentials_missing;
  AgentStats& stats = shared_.stats;
  if (!candidate.ufrag.empty() && candidate.ufrag != remote_->ufrag) {
    ++stats.other_candidates_ignored;
  } else if (!can_pair(candidate)) {
    ++stats.tcp_candidates_ignored;
  } else if (!candidate.host_name.empty()) {
    const bool asked = shared_.names != nullptr && shared_.config.resolve_mdns && candidate.component == 1 &&
                       shared_.names->resolve(id_, candidate);
    stats.name_candidates_ignored += asked ? 0 : 1;
  } else if (candidate.component != 1 || !is_usable(candidate.endpoint)) {
    ++stats.other_candidates_ignored;
  } else if (!shared_.config.remote_addresses.admits(candidate.endpoint.address)) {
    ++stats.filtered_candidates_ignored;
  } else {
    const Checklist::Added added = checklist_.add_remote(candidate);
    stats.duplicate_candidates += added == Checklist::Added::duplicate ? 1 : 0;
    stats.excess_candidates_dropped += added == Checklist::Added::full ? 1 : 0;
  }
  return {};
}

// RFC 6544 6.2. Active candidates of the peer make no pairs before they connect, but belong in the picture.
bool Generation::can_pair(const Candidate& candidate) const {
  if (candidate.protocol != TransportProtocol::tcp) return true;
  const TcpCandidates ours = shared_.config.tcp;
  const bool relay_only = shared_.config.policy == TransportPolicy::relay;
  if (relay_only || ours == TcpCandidates::none) return false;
  if (candidate.tcp_type == tcp_active) return ours != TcpCandidates::active;
  return candidate.tcp_type == tcp_passive && ours != TcpCandidates::passive && !shared_.config.lite;
}

// A check that had to open its connection is under way from now on.
void Generation::handle_connection(TimePoint now, const ConnectionKey& opened) {
  const Pair* pair = checklist_.find(opened.candidate, opened.remote);
  if (pair == nullptr) return;
  for (Check& check : checks_) {
    if (check.pair == pair->id) check.started = now;
  }
}

void Generation::fail_connection(ConnectionEnded ended) {
  std::erase_if(early_checks_, [&](const ReceivedCheck& check) {
    return check.flow == ended.candidate && check.source == ended.remote;
  });
  const Pair* pair = checklist_.find(ended.candidate, ended.remote);
  if (pair == nullptr) return;
  const bool needed = carrier_ == pair->id || selected_ == pair->id;
  if (needed && ended.outcome == PairOutcome::stopped) ended.outcome = PairOutcome::connection_lost;
  forget_checks(pair->id);
  checklist_.fail_connection(ended);
}

void Generation::fail_flow(FlowId flow) {
  checklist_.fail_flow(flow);
  std::erase_if(checks_, [&](const Check& check) {
    const Pair* pair = checklist_.find(check.pair);
    const bool gone = pair == nullptr || pair->flow == flow;
    if (gone && check.content.use_candidate) nominating_ = false;
    return gone;
  });
}

void Generation::handle_timeout(TimePoint now) {
  if (!is_alive()) return;
  retransmit(now);
  run_consent(now);
}

std::optional<TimePoint> Generation::next_timeout() const {
  if (!is_alive()) return std::nullopt;
  std::optional<TimePoint> next = consent_ ? consent_->next_timeout() : std::nullopt;
  for (const Check& check : checks_) {
    next = earlier(next, check.transaction.next_timeout());
    if (!check.cancelled) next = earlier(next, check.repeat_at);
  }
  if (shared_.config.lite && carrier_) {
    const auto pairs = checklist_.pairs();
    const auto carrier = std::ranges::find(pairs, *carrier_, &Pair::id);
    const Duration limit = state_ == State::disconnected ? consent_lifetime : peer_missing_after;
    if (carrier != pairs.end()) next = earlier(next, carrier->last_answer + limit);
  }
  if (watches()) next = earlier(next, watch_.next_timeout());
  if (const Pair* carrier = pulsing()) {
    next = earlier(next, pulse_.next_timeout(*consent_, carrier->round_trip.value_or(Duration{})));
    if (stand_in_) next = earlier(next, stand_in_->ask_selected_at);
  }
  return earlier(next, patience_ends_);
}

void Generation::settle(TimePoint now) {
  if (!is_alive()) return;
  if (checklist_.role() != shared_.role) {
    checklist_.set_role(shared_.role);
    nominating_ = false;
  }
  shared_.stats.pairs_pruned += checklist_.take_pruned();
  choose_carrier(now);
  watch_pairs(now);
  choose_nomination(now);
  update_state(now);
}

// Data goes over the nominated pair; until there is one, RFC 8445 12.1 allows any pair that works.
void Generation::choose_carrier(TimePoint now) {
  Checklist& checklist = checklist_;
  const Pair* best = nullptr;
  if (selected_) {
    best = checklist.find(*selected_);
    if (best != nullptr && best->state == PairState::failed) best = nullptr;
    if (best == nullptr) {
      selected_.reset();
      carrier_lost_ = !stand_in_;
      if (!stand_in_) carrier_.reset();
      look_again(now);
    }
  }
  if (Pair* other = stand_in_for_selected(now)) best = other;
  if (best == nullptr) {
    const auto valid = std::ranges::find_if(checklist.pairs(), &Pair::is_valid);
    if (valid != checklist.pairs().end()) best = &*valid;
  }
  const std::optional<PairId> carrier = best != nullptr ? std::optional(best->id) : std::nullopt;
  if (carrier == carrier_) return;
  if (carrier_ && (checklist.find(*carrier_) == nullptr || !checklist.find(*carrier_)->is_valid()))
    carrier_lost_ = true;
  carrier_ = carrier;
  // A nomination says so itself.
  if (best != nullptr && std::exchange(carrier_lost_, false) && !selected_)
    shared_.emit(PairSelected{id_, describe(*best)});
  consent_.reset();
  pulse_.restart(now);
  // A lite agent asks nothing; the peer's consent checks tell it enough.
  if (best != nullptr && !shared_.config.lite) consent_.emplace(now, best->last_answer, shared_.random);
}

// Deviates from RFC 8445 8.1.2, which has nothing but a restart when the nominated pair is
// lost: a restart takes signalling, and another pair may work already. The peer follows the
// new nomination as it would that of an impatient one.
void Generation::look_again(TimePoint now) {
  if (retired_) return;
  checklist_.resume(carrier_);
  nomination_ = {};
  patience_ends_ = now + shared_.config.patience;
}

// A UDP pair may come back by itself. Of a connection that has gone quiet nobody will know whether it
// is cut or only slow, and RFC 6544 11.1 lets us open another.
void Generation::lose_carrier(TimePoint now) {
  const Pair* carrier = checklist_.find(*carrier_);
  if (carrier->over_tcp && !carrier->awaits_peer)
    shared_.connections->abandon(carrier->flow, carrier->destination);
  // Is it the peer, or is the relay gone?
  if (shared_.relays != nullptr) shared_.relays->verify(carrier->flow);
  look_again(now);
}

void Generation::choose_nomination(TimePoint now) {
  choice_.reset();
  if (retired_ || shared_.role != Role::controlling || nominating_) return;
  const bool missing = consent_ && (consent_->missing() || (renominates() && is_quiet(now, *consent_)));
  if (selected_ && !missing && !stand_in_) {
    const auto better =
        renominates() ? watch_.better_than(*selected_, now, checklist_.pairs()) : std::nullopt;
    if (better) choice_ = Nomination::Choice{*better, now};
    return;
  }
  auto since = missing ? consent_->open_since().value_or(now) : TimePoint::min();
  if (stand_in_) since = stand_in_->since;
  choice_ = nomination_.choose(now, checklist_.pairs(), since);
}

bool Generation::renominates() const {
  return shared_.config.renomination && remote_renominates_ && !shared_.config.lite && !remote_is_lite_;
}

bool Generation::watches() const {
  return !retired_ && selected_ && renominates() && shared_.role == Role::controlling;
}

// With renomination, pairs that work and are not in use are asked again and again, so that there is
// something to compare with, and to change over to.
void Generation::watch_pairs(TimePoint now) {
  if (!watches()) return;
  if (consent_ && is_quiet(now, *consent_)) watch_.hurry(now);
  if (watch_.handle_timeout(now, *selected_, checklist_.pairs())) checklist_.retry_failed();
}

void Generation::update_state(TimePoint now) {
  if (patience_ends_ && now >= *patience_ends_) patience_ends_.reset();

  if (!remote_) return;
  if (carrier_) {
    const TimePoint heard = checklist_.find(*carrier_)->last_answer;
    const bool lite = shared_.config.lite;
    if (lite ? now >= heard + consent_lifetime : consent_->lost()) return fail();
    const State before = state_;
    state_ = selected_ ? State::completed : State::connected;
    if (lite ? now >= heard + peer_missing_after : consent_->missing()) state_ = State::disconnected;
    if (state_ == State::disconnected && before != State::disconnected) lose_carrier(now);
    return;
  }
  // RFC 8863 4: no failure before the timer has run out, even with nothing left to try.
  if (!patience_ends_ && is_exhausted()) return fail();
  const bool worked_before = state_ != State::new_ && state_ != State::checking;
  state_ = worked_before ? State::disconnected : State::checking;
}

bool Generation::is_exhausted() const {
  const auto runs = [](const Check& check) { return !check.cancelled; };
  return !checklist_.has_triggered() && !has_ordinary_check() && std::ranges::none_of(checks_, runs);
}

void Generation::fail() {
  // RFC 7675 5.1: nothing is sent on this stream any more, until an ICE restart.
  checks_.clear();
  consent_.reset();
  carrier_.reset();
  choice_.reset();
  state_ = State::failed;
}

void Generation::retire() {
  retired_ = true;
  checklist_.stop();
  checks_.clear();
  choice_.reset();
  nominating_ = false;
  patience_ends_.reset();
}

// Called when a nomination is agreed: our USE-CANDIDATE was answered, or the peer's
// came on a pair that works.
void Generation::nominate(TimePoint now, Pair& pair) {
  pair.nominated = true;
  if (selected_ == pair.id) return;
  if (selected_) {
    const Pair* current = checklist_.find(*selected_);
    // RFC 8445 8.1.1 has one nomination; peers of RFC 5245 may nominate several pairs, and
    // the highest counts. One that comes after the current pair has gone quiet is a move: quiet
    // for us, or for the peer, which then nominates the other one and this one no more.
    const bool current_works = current != nullptr && consent_ && !consent_->missing() && !stand_in_;
    const bool abandoned = shared_.role == Role::controlled && current_works &&
                           now >= current->nominated_at + nomination_lifetime;
    if (current_works && !abandoned && !renominates() && current->priority > pair.priority)
      return doubt(now, *current, pair);
    if (renominates()) ++shared_.stats.renominations;
  }
  select(now, pair);
}

// One of several nominations of RFC 5245, which come with the checks, or the first word of a peer whose
// way has just broken? It would be seconds before consent said so; whoever is asked at once says it within
// a few round trips.
void Generation::doubt(TimePoint now, const Pair& current, const Pair& nominated) {
  if (shared_.role != Role::controlled || carrier_ != current.id) return;
  if (!consent_->is_probing()) {
    shared_.config.log.log(now, LogLevel::info, "ice.nomination_doubted",
                           {{"remote", to_attribute(checklist_.remotes()[nominated.remote])}});
  }
  doubted_ = nominated.id;
  consent_->probe(now, std::max(least_probe, probed_round_trips * current.round_trip.value_or(Duration{})));
}

void Generation::follow_doubted_nomination(TimePoint now) {
  if (!doubted_ || !consent_ || !consent_->is_probed_in_vain()) return;
  const Pair* pair = checklist_.find(*std::exchange(doubted_, std::nullopt));
  if (pair != nullptr && pair->is_valid() && shared_.role == Role::controlled) select(now, *pair);
}

void Generation::select(TimePoint now, const Pair& pair) {
  selected_ = pair.id;
  stand_in_.reset();
  doubted_.reset();
  if (renominates()) {
    watch_.start(now);
  } else {
    checklist_.stop();
    std::erase_if(checks_, [&](const Check& check) {
      const Pair* checked = checklist_.find(check.pair);
      return checked == nullptr || !checked->nominate_when_valid;
    });
  }
  announce(now, pair);
}

void Generation::announce(TimePoint now, const Pair& pair) {
  const SelectedPair description = describe(pair);
  shared_.config.log.log(now, LogLevel::info, "ice.pair_selected",
                         {{"local", to_attribute(description.local)},
                          {"remote", to_attribute(description.remote)},
                          {"round_trip_us", description.round_trip / std::chrono::microseconds(1)}});
  shared_.emit(PairSelected{id_, description});
}

bool Generation::send(PacketBuffer payload, std::uint8_t dscp) {
  Pair* pair = carrier_ ? checklist_.find(*carrier_) : nullptr;
  if (pair == nullptr || !is_alive()) {
    ++shared_.stats.sends_without_pair;
    return false;
  }
  const std::size_t size = payload.size();
  if (!shared_.transmit(pair->flow, pair->destination, std::move(payload), dscp)) return false;
  ++pair->packets_sent;
  pair->bytes_sent += size;
  pulse_.handle_sent();
  return true;
}

bool Generation::has_proven(FlowId flow, const Endpoint& source) const {
  if (!is_alive()) return false;
  const Pair* pair = checklist_.find(flow, source);
  if (pair != nullptr && (pair->heard || pair->is_valid())) return true;
  return std::ranges::any_of(early_checks_, [&](const ReceivedCheck& check) {
    return check.flow == flow && check.source == source;
  });
}

bool Generation::is_heard() const {
  return !early_checks_.empty() || std::ranges::any_of(checklist_.pairs(), &Pair::heard);
}

SelectedPair Generation::describe(const Pair& pair) const {
  const Checklist& checklist = checklist_;
  return {checklist.locals()[pair.mapped].candidate, checklist.remotes()[pair.remote],
          pair.round_trip.value_or(Duration{})};
}

std::optional<SelectedPair> Generation::selected() const {
  if (!selected_) return std::nullopt;
  const auto pairs = checklist_.pairs();
  const auto pair = std::ranges::find(pairs, *selected_, &Pair::id);
  if (pair == pairs.end()) return std::nullopt;
  return describe(*pair);
}

StreamReport Generation::report() const {
  const Checklist& checklist = checklist_;
  StreamReport report;
  for (const Pair& pair : checklist.pairs()) {
    const SelectedPair candidates = describe(pair);
    report.pairs.push_back({.local = candidates.local,
                            .remote = candidates.remote,
                            .priority = pair.priority,
                            .state = pair.state,
                            .outcome = pair.outcome,
                            .nominated = pair.nominated,
                            .selected = carrier_ == pair.id,
                            .requests_sent = pair.requests_sent,
                            .requests_received = pair.requests_received,
                            .responses_sent = pair.responses_sent,
                            .responses_received = pair.responses_received,
                            .packets_sent = pair.packets_sent,
                            .bytes_sent = pair.bytes_sent,
                            .round_trip = pair.round_trip,
                            .total_round_trip = pair.total_round_trip});
  }
  for (const LocalCandidate& local : checklist.locals()) report.local_candidates.push_back(local.candidate);
  report.remote_candidates.assign(checklist.remotes().begin(), checklist.remotes().end());
  report.remote_is_lite = remote_is_lite_;
  report.end_of_remote_candidates = end_of_remote_candidates_;
  return report;
}

}  // namespace petrel::inline v0::ice
