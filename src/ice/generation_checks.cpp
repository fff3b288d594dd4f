// The half of Stream that speaks STUN: the checks it starts, the answers to them, and
// the checks of the peer.

#include <algorithm>
#include <utility>

#include "ice/connections.hpp"
#include "ice/generation.hpp"
#include "ice/priority.hpp"
#include "ice/role.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

// A request that meets a check of ours younger than this has crossed it; that check is
// repeated only once it is this old. One default Ta, far below any retransmission.
constexpr Duration crossing_time = 50ms;

// Deviates from RFC 8445 14.3, by which a check that gets no answer waits for half a second: where the peer
// has been heard the way works, and the packet was merely lost. It is asked anew after this, and after twice
// and four times this; then the half second counts. Where nobody was heard nothing is sent sooner.
constexpr Duration first_repeat = 100ms;
constexpr unsigned max_repeats = 3;

}  // namespace

void Generation::respond(const Datagram& datagram, Result<PacketBuffer> response) {
  // Too large is only what we chose not to answer: nothing we echo can be.
  if (response) shared_.transmit(datagram.flow, datagram.source, std::move(*response));
}

void Generation::handle_request(TimePoint now, const Datagram& datagram, const stun::MessageView& request) {
  AgentStats& stats = shared_.stats;
  ++stats.checks_received;
  // A stream that has failed does not answer: the peer's consent is to end as ours has.
  if (!is_alive()) return;
  if (!shared_.config.remote_addresses.admits(datagram.source.address)) {
    ++stats.filtered_checks_dropped;
    return;
  }

  if (!request.integrity_ok(local_key_)) {
    ++stats.wrong_integrity_dropped;
    return shared_.refuse(datagram, request, {stun::error_code::unauthenticated, "Unauthenticated"});
  }
  if (!request.unknown_required().empty()) {
    ++stats.bad_requests;
    return respond(datagram, make_refusal(request, {stun::error_code::unknown_attribute, "Unknown Attribute"},
                                          &local_key_));
  }
  const auto priority = request.priority();
  if (!priority) {
    ++stats.bad_requests;
    return respond(datagram,
                   make_refusal(request, {stun::error_code::bad_request, "Bad Request"}, &local_key_));
  }
  switch (role_conflict(shared_.role, shared_.tie_breaker, request)) {
    case Conflict::none:
      break;
    case Conflict::we_switch:
      // A lite agent never controls a full one.
      if (!shared_.config.lite) {
        ++stats.role_conflicts;
        shared_.role = opposite(shared_.role);
        break;
      }
      [[fallthrough]];
    case Conflict::they_switch:
      ++stats.role_conflicts;
      return respond(datagram,
                     make_refusal(request, {stun::error_code::role_conflict, "Role Conflict"}, &local_key_));
  }
  respond(datagram, make_success(request.id(), datagram.source, local_key_));

  const auto nomination = renominates() ? nomination_of(request) : std::nullopt;
  // libwebrtc sends one or the other.
  const bool nominates = request.use_candidate() || nomination;
  const ReceivedCheck check{datagram.flow, datagram.source, *priority, nominates, nomination};
  if (remote_) return handle_check(now, check);

  // RFC 8445 7.3: the answer has gone out; the pair is made when the credentials are here.
  std::vector<ReceivedCheck>& early = early_checks_;
  const auto known = std::ranges::find_if(early, [&](const ReceivedCheck& before) {
    return before.flow == check.flow && before.source == check.source;
  });
  if (known != early.end()) {
    known->use_candidate |= check.use_candidate;
    known->nomination = std::max(known->nomination, check.nomination);
  } else if (early.size() < max_early_checks) {
    early.push_back(check);
  } else {
    ++stats.early_checks_dropped;
  }
}

// RFC 8445 7.3.1.3 to 7.3.1.5.
void Generation::handle_check(TimePoint now, const ReceivedCheck& check) {
  Pair* pair = checklist_.pair_of_request(check.flow, check.source, check.priority);
  if (pair == nullptr) {
    ++shared_.stats.excess_candidates_dropped;
    return;
  }
  pair->heard = true;
  ++pair->requests_received;
  ++pair->responses_sent;
  if (shared_.config.lite) {
    // RFC 8445 7.3.2: the peer's checks are all the proof that there is.
    pair->state = PairState::succeeded;
    pair->outcome = PairOutcome::answered;
    pair->last_answer = now;
    if (check.use_candidate) nominate(now, *pair);
    return;
  }

  const bool is_current = !check.nomination || *check.nomination >= last_nomination_;
  if (check.use_candidate && is_current && shared_.role == Role::controlled) {
    if (check.nomination && *check.nomination > last_nomination_) {
      last_nomination_ = *check.nomination;
      for (Pair& other : checklist_.pairs()) other.nominate_when_valid = false;
    }
    pair->nominated_at = now;
    // An answer that is older than half of what consent lasts proves too little to build on.
    if (pair->is_valid() && now < pair->last_answer + consent_lifetime / 2) return nominate(now, *pair);
    if (selected_ == pair->id) return;
    pair->nominate_when_valid = true;
    if (pair->is_valid()) return checklist_.trigger(*pair);
  }
  // Once a pair is nominated, only what the peer nominates is checked any more (8.1.2), but for a
  // connection that the peer has opened anew (RFC 6544 11.1).
  if (selected_ && !pair->nominate_when_valid && !pair->awaits_peer && !renominates()) return;
  if (!pair->is_valid()) trigger(now, *pair);
}

void Generation::trigger(TimePoint now, Pair& pair) {
  if (pair.state == PairState::in_progress) {
    // RFC 8489 6.2.2: it will arrive, and once is enough.
    if (pair.over_tcp) return;
    // Deviates from RFC 8445 7.3.1.4, which repeats a running check at every request: one that
    // has just left may well be answered. It may as well have met a NAT that the peer's request
    // has opened only since, and then it is not left to its retransmission, half a second away.
    const auto crossed = std::ranges::find_if(checks_, [&](const Check& check) {
      return check.pair == pair.id && !check.cancelled && now < check.transaction.last_sent() + crossing_time;
    });
    if (crossed != checks_.end()) {
      crossed->repeat_at = crossed->transaction.last_sent() + crossing_time;
      return;
    }
    cancel_checks(pair.id);
  }
  checklist_.trigger(pair);
}

Check* Generation::find_check(const stun::TransactionId& id) {
  const auto it = std::ranges::find_if(checks_, [&](const Check& check) { return check.content.id == id; });
  return it == checks_.end() ? nullptr : &*it;
}

bool Generation::handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response) {
  const stun::TransactionId id = response.id();
  Check* check = find_check(id);
  const bool about_consent = consent_ && consent_->has_asked(id);
  if (check == nullptr && !about_consent) return false;
  // Errors without integrity are dropped too: anybody could have sent them (RFC 8489 9.1.4).
  if (!remote_key_ || !response.integrity_ok(*remote_key_)) {
    ++shared_.stats.wrong_integrity_dropped;
    return true;
  }
  const Pair* pair = checklist_.find(check != nullptr ? check->pair : *carrier_);
  if (pair == nullptr) return true;
  if (pair->flow != datagram.flow || pair->destination != datagram.source) {
    // RFC 8445 7.2.5.2.1: only symmetric answers prove a pair. Deviates in that the pair does
    // not fail at once: whoever copies an answer could make it fail. It fails if no other comes.
    ++shared_.stats.unmatched_responses;
    if (check != nullptr) check->answered_from_elsewhere = true;
    return true;
  }
  if (check == nullptr) {
    handle_consent_response(now, response);
  } else {
    Check answered = *check;
    std::erase_if(checks_, [&](const Check& known) { return known.content.id == id; });
    handle_answer(now, std::move(answered), response);
  }
  return true;
}

void Generation::handle_answer(TimePoint now, Check check, const stun::MessageView& response) {
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr) return;
  ++pair->responses_received;
  const auto mapped = response.xor_mapped_address();
  if (response.message_class() == stun::Class::success_response && mapped &&
      response.unknown_required().empty()) {
    handle_success(now, check, *pair, *mapped);
  } else {
    handle_error(check, *pair, response);
  }
}

void Generation::handle_error(Check& check, Pair& pair, const stun::MessageView& response) {
  if (check.content.use_candidate) nominating_ = false;
  const auto error = response.error_code();
  if (error && error->code == stun::error_code::role_conflict) return handle_role_conflict(check, pair);
  // A check that was cancelled has a successor, which decides.
  if (!check.cancelled) pair.fail(PairOutcome::refused);
}

// RFC 8445 7.2.5.1.
void Generation::handle_role_conflict(Check& check, Pair& pair) {
  ++shared_.stats.role_conflicts;
  // Of several answers like this, the first has switched the role for all of them.
  if (shared_.role == check.content.role) {
    shared_.role = opposite(shared_.role);
    shared_.tie_breaker = shared_.random.u64();  // RFC 8445 16.1: another number after a 487.
  }
  if (!pair.is_valid() && !check.cancelled) checklist_.trigger(pair);
}

void Generation::handle_success(TimePoint now, Check& check, Pair& pair, const Endpoint& mapped) {
  Checklist& checklist = checklist_;
  pair.state = PairState::succeeded;
  pair.outcome = PairOutcome::answered;
  pair.last_answer = now;
  pair.mapped = checklist.learn_local(mapped, pair.local, check.content.priority);
  // Karn: after a retransmission nobody knows what was answered; the first sending bounds it.
  if (check.transaction.sends() == 1 || !pair.round_trip) {
    pair.measured(now - check.started);
  } else {
    pair.total_round_trip += *pair.round_trip;
  }

  checklist.forget_trigger(pair.id);
  std::erase_if(checks_,
                [&](const Check& other) { return other.pair == pair.id && !other.content.use_candidate; });
  shared_.proven_foundations.push_back(pair.foundation);

  if (check.content.use_candidate) {
    nominating_ = false;
    nominate(now, pair);
  } else if (pair.nominate_when_valid && shared_.role == Role::controlled) {
    nominate(now, pair);
  }
}

void Generation::handle_consent_response(TimePoint now, const stun::MessageView& response) {
  if (response.message_class() != stun::Class::success_response) return;  // RFC 7675 5.1: no consent.
  const auto round_trip = consent_->handle_response(now, response.id());
  Pair* pair = checklist_.find(*carrier_);
  if (!round_trip || pair == nullptr) return;
  ++pair->responses_received;
  pair->measured(*round_trip);
  pair->last_answer = now;
  if (!consent_->is_probing()) doubted_.reset();
}

void Generation::cancel_checks(PairId pair) {
  for (Check& check : checks_) {
    if (check.pair == pair) check.cancelled = true;
  }
}

void Generation::forget_checks(PairId pair) {
  std::erase_if(checks_, [&](const Check& check) {
    if (check.pair != pair) return false;
    if (check.content.use_candidate) nominating_ = false;
    return true;
  });
}

std::optional<TimePoint> Generation::urgent_check_due() const {
  if (!is_alive() || !remote_) return std::nullopt;
  if (checklist_.has_triggered() || watch_.has_due() || selected_is_due_) return TimePoint::min();
  if (choice_) return choice_->due;
  return std::nullopt;
}

bool Generation::has_ordinary_check() const {
  return is_alive() && !shared_.config.lite && remote_ && checklist_.has_ordinary();
}

void Generation::start_urgent_check(TimePoint now, Duration rto) {
  Checklist& checklist = checklist_;
  if (choice_ && now >= choice_->due) {
    if (Pair* pair = checklist.find(choice_->pair)) {
      nominating_ = true;
      start_check(now, *pair, rto, true);
    }
    choice_.reset();
  } else if (Pair* triggered = checklist.take_triggered()) {
    start_check(now, *triggered, rto, false);
  } else if (const auto due = std::exchange(selected_is_due_, false) ? selected_ : watch_.take_due()) {
    Pair* watched = checklist.find(*due);
    const auto runs = [&](const Check& check) { return check.pair == *due && !check.cancelled; };
    if (watched != nullptr && watched->is_valid() && std::ranges::none_of(checks_, runs))
      start_check(now, *watched, rto, false);
  }
}

bool Generation::start_ordinary_check(TimePoint now, Duration rto, std::span<const std::string_view> busy) {
  if (!has_ordinary_check()) return false;
  Pair* pair = checklist_.take_ordinary(busy);
  if (pair == nullptr) return false;
  start_check(now, *pair, rto, false);
  return true;
}

void Generation::start_check(TimePoint now, Pair& pair, Duration rto, bool use_candidate) {
  if (checks_.size() >= max_checks) {
    const auto oldest = std::ranges::find_if(checks_, &Check::cancelled);
    checks_.erase(oldest != checks_.end() ? oldest : checks_.begin());
  }
  const Candidate& local = checklist_.locals()[pair.local].candidate;
  const CheckContent content{
      .id = shared_.random.bytes<12>(),
      .priority = check_priority(local),
      .role = shared_.role,
      .tie_breaker = shared_.tie_breaker,
      .use_candidate = use_candidate,
      .nomination = use_candidate && renominates() ? std::optional(++last_nomination_) : std::nullopt};
  // A pair that is being nominated works, and goes on carrying data.
  if (!pair.is_valid()) {
    pair.state = PairState::in_progress;
    pair.outcome = PairOutcome::under_way;
  }
  using Schedule = stun::RetransmissionSchedule;
  const Schedule schedule = pair.over_tcp ? Schedule::reliable() : Schedule{.rto = rto};
  stun::Transaction transaction(now, content.id, schedule);
  if (transaction.due(now)) send_request(content, pair);
  checks_.push_back({.content = content, .transaction = transaction, .pair = pair.id, .started = now});
  if (pair.heard && !pair.is_valid() && !pair.over_tcp && pair.repeats < max_repeats)
    checks_.back().repeat_at = now + first_repeat * (1U << pair.repeats++);
  ++shared_.stats.checks_sent;
}

void Generation::send_request(const CheckContent& content, Pair& pair) {
  Result<PacketBuffer> request = make_check(content, {local_, *remote_, *remote_key_});
  if (!request) return;
  ++pair.requests_sent;
  shared_.transmit(pair.flow, pair.destination, std::move(*request));
}

void Generation::retransmit(TimePoint now) {
  std::vector<Check> given_up;
  std::erase_if(checks_, [&](const Check& check) {
    if (!check.transaction.failed(now)) return false;
    given_up.push_back(check);
    return true;
  });
  for (const Check& check : given_up) fail_check(check);
  for (const Check& check : checks_) {
    if (check.cancelled || !check.repeat_at || now < *check.repeat_at) continue;
    Pair* pair = checklist_.find(check.pair);
    cancel_checks(check.pair);
    if (pair != nullptr && pair->state == PairState::in_progress) checklist_.trigger(*pair);
  }
  for (Check& check : checks_) {
    Pair* pair = checklist_.find(check.pair);
    if (!check.transaction.due(now) || check.cancelled || pair == nullptr) continue;
    send_request(check.content, *pair);
  }
}

void Generation::fail_check(const Check& check) {
  if (check.content.use_candidate) nominating_ = false;
  if (check.cancelled) return;
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr) return;
  // A nomination that was lost on the way says nothing about a pair that has answered since.
  if (check.content.use_candidate && pair->last_answer > check.started) return;
  PairOutcome why = check.answered_from_elsewhere ? PairOutcome::wrong_source : PairOutcome::unanswered;
  if (pair->over_tcp && !shared_.connections->is_open(pair->flow, pair->destination))
    why = PairOutcome::connection_failed;
  pair->fail(why);
}

void Generation::run_consent(TimePoint now) {
  if (!consent_) return;
  consent_->handle_timeout(now);
  run_pulse(now);
  follow_doubted_nomination(now);
  const auto id = consent_->poll_check();
  Pair* pair = carrier_ ? checklist_.find(*carrier_) : nullptr;
  if (!id || pair == nullptr) return;
  const Candidate& local = checklist_.locals()[pair->local].candidate;
  // The nomination again: a peer that has another pair, and lost it, follows. Not while another is under way.
  const bool nominates = selected_ == pair->id && shared_.role == Role::controlling;
  const bool renominating = renominates() && (nominating_ || last_nomination_ == 0);
  send_request({.id = *id,
                .priority = check_priority(local),
                .role = shared_.role,
                .tie_breaker = shared_.tie_breaker,
                .use_candidate = nominates && !renominating,
                .nomination = nominates && !renominating && renominates() ? std::optional(last_nomination_)
                                                                          : std::nullopt},
               *pair);
}

}  // namespace petrel::inline v0::ice
