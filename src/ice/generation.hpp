#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ice/check.hpp"
#include "ice/checklist.hpp"
#include "ice/consent.hpp"
#include "ice/nomination.hpp"
#include "ice/pair_watch.hpp"
#include "ice/pulse.hpp"
#include "ice/shared.hpp"

namespace petrel::inline v0::ice {

/// Checks that came before the remote credentials; RFC 8445 7.3 has them answered at
/// once and remembered. A peer has no more 5-tuples than this that matter.
constexpr std::size_t max_early_checks = 16;
/// Two checks per pair: one that runs, and a cancelled one that may still be answered.
constexpr std::size_t max_checks = 2 * max_pairs;

/// A request that proved to know our password.
struct ReceivedCheck {
  FlowId flow;
  Endpoint source;
  std::uint32_t priority = 0;
  bool use_candidate = false;
  std::optional<std::uint32_t> nomination{};
};

/// One data stream between two ICE restarts: one pair of credentials, and the pairs that are
/// checked under them. The agent says when it may start a check; everything else, from the
/// requests of the peer to consent, happens here.
class Generation {
 public:
  Generation(StreamId id, Shared& shared, Credentials local)
      : id_(id),
        shared_(shared),
        local_(std::move(local)),
        local_key_(as_bytes(local_.password)),
        checklist_(shared.role) {}

  State state() const { return state_; }
  const Credentials& local_credentials() const { return local_; }
  std::span<const Candidate> local_candidates() const { return signalled_; }
  const Checklist& checklist() const { return checklist_; }

  void add_local_candidate(const LocalCandidate& local);
  Result<void> set_remote_credentials(TimePoint now, Credentials credentials, bool remote_is_lite);
  Result<void> add_remote_candidate(const Candidate& candidate);
  void set_remote_renomination(bool understood) { remote_renominates_ = understood; }
  void end_of_remote_candidates() { end_of_remote_candidates_ = true; }

  void handle_request(TimePoint now, const Datagram& datagram, const stun::MessageView& request);
  /// False: it answers none of our questions.
  bool handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response);
  void fail_flow(FlowId flow);
  void handle_connection(TimePoint now, const ConnectionKey& opened);
  void fail_connection(ConnectionEnded ended);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// Takes over what has changed: the role, nomination, the pair that carries data, the state.
  void settle(TimePoint now);
  void unfreeze(std::string_view foundation) { checklist_.unfreeze(foundation); }
  void close() { state_ = State::closed; }

  /// When a check is due that should not wait for the next Ta: a triggered one, or a nomination.
  std::optional<TimePoint> urgent_check_due() const;
  bool has_ordinary_check() const;
  void start_urgent_check(TimePoint now, Duration rto);
  /// False: nothing could be started.
  bool start_ordinary_check(TimePoint now, Duration rto, std::span<const std::string_view> busy);

  /// An ICE restart has replaced it for good: what carries data goes on, nothing else is tried.
  void retire();

  /// Consent is withdrawn (RFC 7675 5.1): nothing is sent or answered any more, as if it had been lost.
  void withdraw_consent() {
    if (is_alive()) fail();
  }
  /// The peer has sent a check with our credentials: it has our description.
  bool is_heard() const;

  bool has_carrier() const { return is_alive() && carrier_.has_value(); }
  /// The pair that carries data has stopped doing so, and nothing stands in for it yet.
  bool is_broken() const;
  bool has_selected() const { return is_alive() && selected_.has_value(); }
  bool has_remote() const { return remote_.has_value(); }
  bool send(PacketBuffer payload, std::uint8_t dscp);
  /// Has a check proven this 5-tuple?
  bool has_proven(FlowId flow, const Endpoint& source) const;
  std::optional<SelectedPair> selected() const;
  StreamReport report() const;

 private:
  bool is_alive() const { return state_ != State::failed && state_ != State::closed; }
  bool renominates() const;
  bool watches() const;
  bool can_pair(const Candidate& candidate) const;
  void fail();
  bool is_exhausted() const;
  SelectedPair describe(const Pair& pair) const;

  void respond(const Datagram& datagram, Result<PacketBuffer> response);
  void handle_check(TimePoint now, const ReceivedCheck& check);
  void trigger(TimePoint now, Pair& pair);
  Check* find_check(const stun::TransactionId& id);
  void handle_answer(TimePoint now, Check check, const stun::MessageView& response);
  void handle_role_conflict(Check& check, Pair& pair);
  void handle_error(Check& check, Pair& pair, const stun::MessageView& response);
  void handle_success(TimePoint now, Check& check, Pair& pair, const Endpoint& mapped);
  void handle_consent_response(TimePoint now, const stun::MessageView& response);
  void fail_check(const Check& check);
  void cancel_checks(PairId pair);
  void forget_checks(PairId pair);

  void start_check(TimePoint now, Pair& pair, Duration rto, bool use_candidate);
  void send_request(const CheckContent& content, Pair& pair);
  void retransmit(TimePoint now);
  void run_consent(TimePoint now);
  void nominate(TimePoint now, Pair& pair);
  void select(TimePoint now, const Pair& pair);
  void doubt(TimePoint now, const Pair& current, const Pair& nominated);
  void follow_doubted_nomination(TimePoint now);
  void lose_carrier(TimePoint now);
  void look_again(TimePoint now);
  void choose_carrier(TimePoint now);
  Pair* stand_in_for_selected(TimePoint now);
  const Pair* pulsing() const;
  bool has_other_way(const Pair& carrier) const;
  const IpAddress& local_address(const Pair& pair) const;
  void run_pulse(TimePoint now);
  void ask_others(const Pair& carrier);
  void end_stand_in_if_over(TimePoint now);
  void find_stand_in(TimePoint now);
  void announce(TimePoint now, const Pair& pair);
  void choose_nomination(TimePoint now);
  void watch_pairs(TimePoint now);
  void update_state(TimePoint now);

  StreamId id_;
  Shared& shared_;
  Credentials local_;
  crypto::HmacSha1Key local_key_;
  std::optional<Credentials> remote_;
  std::optional<crypto::HmacSha1Key> remote_key_;
  bool remote_is_lite_ = false;
  bool end_of_remote_candidates_ = false;
  Checklist checklist_;
  std::vector<ReceivedCheck> early_checks_;
  std::vector<Candidate> signalled_;  ///< What CandidateGathered said.
  std::vector<Check> checks_;
  State state_ = State::new_;
  bool retired_ = false;
  std::optional<TimePoint> patience_ends_;

  Nomination nomination_;
  std::optional<Nomination::Choice> choice_;  ///< We are controlling, and will nominate this.
  bool nominating_ = false;                   ///< The check with USE-CANDIDATE is on its way.
  bool remote_renominates_ = false;
  std::uint32_t last_nomination_ = 0;  ///< With renomination: of us or of the peer.
  PairWatch watch_;
  std::optional<PairId> selected_;  ///< The nominated pair.
  std::optional<PairId> doubted_;  ///< A lesser one that the peer nominates although selected_ seems to work.
  std::optional<PairId> carrier_;  ///< The pair that carries data: selected_, or the best that works.
  std::optional<Consent> consent_;  ///< On carrier_.
  bool carrier_lost_ = false;       ///< And nothing has taken its place.

  /// Carries data in place of selected_, which has stopped doing so.
  struct StandIn {
    PairId pair;
    TimePoint since;  ///< When the other was first suspected.
    TimePoint ask_selected_at;
  };
  Pulse pulse_;
  std::optional<StandIn> stand_in_;
  bool selected_is_due_ = false;  ///< The selected pair is to be asked whether it works again.
};

}  // namespace petrel::inline v0::ice
