#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ice/generation.hpp"
#include "ice/shared.hpp"

namespace petrel::inline v0::ice {

/// How long the pair of before a restart may still bring data after the new one is nominated:
/// what is on its way, and what the peer sends until it has seen the nomination.
constexpr Duration retirement = std::chrono::seconds(3);

/// One data stream of an agent: its generation, and during an ICE restart (RFC 8445 9) the one
/// before, which carries the data until the new one has a nominated pair.
class Stream {
 public:
  Stream(StreamId id, Shared& shared);

  StreamId id() const { return id_; }
  State state() const { return state_; }

  /// The credentials of the next generation, made when first asked for.
  const Credentials& restart_credentials();
  /// Begins the next generation, without candidates of either side.
  void restart(TimePoint now);
  /// Takes restart() back while the peer has not answered it; false: there is nothing to take back.
  bool cancel_restart(TimePoint now);

  const Credentials& local_credentials() const { return current_->local_credentials(); }
  /// Of all its generations, and of the one that restart_credentials() has announced.
  void add_ufrags(std::vector<std::string>& to) const;
  std::span<const Candidate> local_candidates() const { return current_->local_candidates(); }
  const Checklist& checklist() const { return current_->checklist(); }

  void add_local_candidate(const LocalCandidate& local) { current_->add_local_candidate(local); }
  Result<void> set_remote_credentials(TimePoint now, Credentials credentials, bool remote_is_lite);
  void set_remote_renomination(bool understood) { current_->set_remote_renomination(understood); }
  Result<void> add_remote_candidate(const Candidate& candidate) {
    return current_->add_remote_candidate(candidate);
  }
  void end_of_remote_candidates() { current_->end_of_remote_candidates(); }

  /// False: `ufrag` names none of its generations.
  bool handle_request(TimePoint now, std::string_view ufrag, const Datagram& datagram,
                      const stun::MessageView& request);
  /// False: it answers none of our questions.
  bool handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response);
  void fail_flow(FlowId flow);
  void handle_connection(TimePoint now, const ConnectionKey& opened);
  void fail_connection(const ConnectionEnded& ended);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  void settle(TimePoint now);
  void unfreeze(std::string_view foundation) { current_->unfreeze(foundation); }
  void close(TimePoint now);

  void withdraw_consent();
  bool is_heard() const { return current_->is_heard(); }

  std::optional<TimePoint> urgent_check_due() const { return current_->urgent_check_due(); }
  bool has_ordinary_check() const { return current_->has_ordinary_check(); }
  void start_urgent_check(TimePoint now, Duration rto) { current_->start_urgent_check(now, rto); }
  bool start_ordinary_check(TimePoint now, Duration rto, std::span<const std::string_view> busy) {
    return current_->start_ordinary_check(now, rto, busy);
  }

  bool send(PacketBuffer payload, std::uint8_t dscp) { return carrier().send(std::move(payload), dscp); }
  bool has_proven(FlowId flow, const Endpoint& source) const;
  std::optional<SelectedPair> selected() const;
  StreamReport report() const;

 private:
  Generation& carrier() const;
  State merged_state() const;
  void set_state(TimePoint now, State state);

  StreamId id_;
  Shared& shared_;
  std::unique_ptr<Generation> current_;
  std::unique_ptr<Generation> previous_;  ///< Set from a restart until its data has run dry.
  std::optional<TimePoint> previous_ends_;
  std::optional<Credentials> next_credentials_;
  bool restarted_ = false;
  State state_ = State::new_;
};

}  // namespace petrel::inline v0::ice
