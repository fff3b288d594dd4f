#pragma once

#include <string>
#include <vector>

#include "petrel/ice/agent.hpp"
#include "support/network.hpp"

namespace petrel::inline v0::ice::testing {

using petrel::testing::HostId;
using petrel::testing::Network;
using petrel::testing::SeededRandom;

/// One agent on a host of the virtual network, with the signaling of one stream: what the
/// agent gathers is told to the other party at once, or after a delay.
class Party {
 public:
  Party(Network& network, HostId host, std::vector<IpAddress> addresses, AgentConfig config)
      : network_(network), random_(network.fork_random()), agent_(network.now(), config, random_) {
    network.attach(host, agent_, [this](Event& event) { handle(event); });
    stream_ = agent_.add_stream(network.now());
    std::vector<LocalAddress> local;
    for (const IpAddress& address : addresses) local.push_back({address, "eth0"});
    agent_.handle_interfaces(network.now(), local);
  }
  ~Party() { network_.detach(&agent_); }
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  Agent& agent() { return agent_; }
  StreamId stream() const { return stream_; }
  State state() const { return agent_.state(stream_); }
  bool is_completed() const { return state() == State::completed; }
  const std::vector<State>& states() const { return states_; }
  const std::vector<SelectedPair>& selections() const { return selections_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  bool gathered() const { return gathered_; }
  /// Every event with its time, as text.
  const std::string& history() const { return history_; }

  void gather() { agent_.gather(network_.now()); }
  /// `delay`: how long a candidate takes to the other party.
  void trickle_to(Party& other, Duration delay = {}) {
    other_ = &other;
    delay_ = delay;
    for (const Candidate& candidate : candidates_) tell(candidate);
  }
  /// The other party has learnt our credentials.
  void introduce_to(Party& other, bool as_lite = false) {
    other.agent_
        .set_remote_credentials(network_.now(), other.stream_, agent_.local_credentials(stream_), as_lite)
        .value();
  }

 private:
  void handle(Event& event) {
    history_ += std::to_string(network_.now().time_since_epoch().count());
    if (auto* gathered = std::get_if<CandidateGathered>(&event)) {
      history_ += ' ' + to_attribute(gathered->candidate) + '\n';
      candidates_.push_back(gathered->candidate);
      if (other_ != nullptr) tell(gathered->candidate);
    } else if (auto* changed = std::get_if<StateChanged>(&event)) {
      (history_ += ' ') += to_string(changed->state);
      history_ += '\n';
      states_.push_back(changed->state);
    } else if (auto* selected = std::get_if<PairSelected>(&event)) {
      history_ += " selected " + to_attribute(selected->pair.remote) + '\n';
      selections_.push_back(selected->pair);
    } else {
      history_ += " gathered\n";
      gathered_ = true;
    }
  }
  void tell(const Candidate& candidate) {
    network_.after(delay_, [this, candidate] {
      // Through text, as it goes in reality.
      const Candidate told = parse_candidate(to_attribute(candidate)).value();
      static_cast<void>(other_->agent_.add_remote_candidate(network_.now(), other_->stream_, told));
    });
  }

  Network& network_;
  SeededRandom random_;
  Agent agent_;
  StreamId stream_;
  Party* other_ = nullptr;
  Duration delay_{};
  std::vector<State> states_;
  std::vector<SelectedPair> selections_;
  std::vector<Candidate> candidates_;
  bool gathered_ = false;
  std::string history_;
};

/// Two parties, alice controlling, on hosts with these addresses; nothing is exchanged yet.
struct Couple {
  Couple(Network& network, HostId alice_host, std::vector<IpAddress> alice_addresses, HostId bob_host,
         std::vector<IpAddress> bob_addresses, AgentConfig alice_config = {}, AgentConfig bob_config = {})
      : alice(network, alice_host, std::move(alice_addresses), with_role(alice_config, Role::controlling)),
        bob(network, bob_host, std::move(bob_addresses), with_role(bob_config, Role::controlled)) {}

  static AgentConfig with_role(AgentConfig config, Role role) {
    config.role = role;
    return config;
  }
  void exchange_everything() {
    alice.introduce_to(bob);
    bob.introduce_to(alice);
    alice.trickle_to(bob);
    bob.trickle_to(alice);
    alice.gather();
    bob.gather();
  }
  bool are_completed() const { return alice.is_completed() && bob.is_completed(); }

  Party alice;
  Party bob;
};

inline const IpAddress alice_ip = IpAddress::v4(192, 0, 2, 1);
inline const IpAddress bob_ip = IpAddress::v4(192, 0, 2, 2);

/// A network of two hosts on one line, with a couple on it.
struct Lan {
  explicit Lan(std::uint64_t seed,
               petrel::testing::LinkConfig link = {.latency = std::chrono::milliseconds(1)},
               AgentConfig alice_config = {}, AgentConfig bob_config = {})
      : network(seed, link),
        alice_host(network.add_host({.name = "alice", .addresses = {alice_ip}})),
        bob_host(network.add_host({.name = "bob", .addresses = {bob_ip}})),
        couple(network, alice_host, {alice_ip}, bob_host, {bob_ip}, alice_config, bob_config) {}

  bool completes_within(Duration limit) {
    return network.run_until([this] { return couple.are_completed(); }, limit);
  }

  Network network;
  HostId alice_host;
  HostId bob_host;
  Couple couple;
  Party& alice = couple.alice;
  Party& bob = couple.bob;
};

}  // namespace petrel::inline v0::ice::testing
