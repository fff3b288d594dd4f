#include "petrel/stun/nat_discovery.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "petrel/stun/errc.hpp"
#include "stun/address.hpp"
#include "stun/probe.hpp"

namespace petrel::inline v0::stun {
namespace {

constexpr std::size_t max_software = 127;  // RFC 8489 14.14, in characters; bytes are what we can count.

// RFC 5780 4.1: each socket has mappings of its own, so that one question does not open the way for the
// answer to another.
constexpr FlowId mapping_flow{1};
constexpr FlowId filtering_flow{2};
constexpr FlowId asking_flow{3};
constexpr std::uint32_t first_trial_flow = 4;

// Between the lifetimes that NATs are known to have (30 s, and 1, 2, 3 and 5 minutes); 0 tries the method
// itself.
constexpr std::array<Duration, 8> trials{std::chrono::seconds(0),   std::chrono::seconds(10),
                                         std::chrono::seconds(25),  std::chrono::seconds(45),
                                         std::chrono::seconds(90),  std::chrono::seconds(150),
                                         std::chrono::seconds(210), NatDiscovery::longest_lifetime_trial};

constexpr FlowId trial_flow(std::size_t index) {
  return {first_trial_flow + static_cast<std::uint32_t>(index)};
}

}  // namespace

class NatDiscovery::State {
 public:
  State(TimePoint now, NatDiscoveryConfig config, RandomSource& random)
      : config_(std::move(config)), random_(random), now_(now) {
    config_.software.resize(std::min(config_.software.size(), max_software));
    report_.server = config_.server;
    bind(mapping_flow);
    bind(filtering_flow);
  }

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    now_ = std::max(now_, now);
    if (!sockets_.contains(datagram.flow)) return false;
    const auto message = MessageView::parse(datagram.payload);
    if (!message || (message->has_fingerprint() && !message->fingerprint_ok())) {
      ++stats_.malformed;
      return true;
    }
    const auto found =
        std::ranges::find_if(probes_, [&](auto& each) { return each.second.is_answered_by(message->id()); });
    if (found == probes_.end() || !found->second.handle(datagram, *message)) {
      ++stats_.unexpected;
    } else {
      proceed();
    }
    return true;
  }

  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
    now_ = std::max(now_, now);
    const auto socket = sockets_.find(flow);
    if (socket == sockets_.end()) return;
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      socket->second = opened->local;
      proceed();
    } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
      sockets_.erase(socket);
      note(failed->error);
      finish();
    }
  }

  void handle_timeout(TimePoint now) {
    now_ = std::max(now_, now);
    for (auto& [key, probe] : probes_) probe.handle_timeout(now_);
    proceed();
  }

  std::optional<TimePoint> next_timeout() const {
    std::optional<TimePoint> earliest;
    const auto consider = [&](std::optional<TimePoint> due) {
      if (due && (!earliest || *due < *earliest)) earliest = due;
    };
    for (const auto& [key, probe] : probes_) consider(probe.next_timeout());
    for (std::size_t i = 0; i < trials.size(); ++i) consider(question_of_trial_due(i));
    return earliest;
  }

  std::optional<IoRequest> poll_request() { return take(requests_); }
  std::optional<Transmit> poll_transmit() { return take(transmits_); }
  std::optional<NatReport> poll_event() { return std::exchange(event_, std::nullopt); }
  const NatDiscoveryStats& stats() const { return stats_; }

 private:
  enum class Test : std::uint8_t {
    first,            // Mapping, test I.
    second,           // Mapping, test II: the other address, the same port.
    third,            // Mapping, test III: the other address and port.
    filtering_first,  // Filtering, test I.
    change_both,      // Filtering, test II.
    change_port,      // Filtering, test III.
    hairpin,
    trial_opens,
    trial_asks,
  };
  using Key = std::pair<Test, std::size_t>;

  template <class T>
  static std::optional<T> take(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<T> first(std::move(queue.front()));
    queue.pop_front();
    return first;
  }

  void bind(FlowId flow) {
    const IpAddress any = config_.server.address.is_v4() ? IpAddress{} : IpAddress::v6({});
    sockets_[flow] = std::nullopt;
    requests_.push_back(BindUdp{flow, {config_.local.value_or(any), 0}});
  }

  const Probe* find(Test test, std::size_t index = 0) const {
    const auto found = probes_.find({test, index});
    return found == probes_.end() ? nullptr : &found->second;
  }
  bool has(Test test, Probe::State state, std::size_t index = 0) const {
    const Probe* probe = find(test, index);
    return probe != nullptr && probe->state() == state;
  }
  bool answered(Test test, std::size_t index = 0) const { return has(test, Probe::State::answered, index); }
  // It has been asked, and there is nothing more to wait for.
  bool over(Test test, std::size_t index = 0) const {
    const Probe* probe = find(test, index);
    return probe != nullptr && !probe->waits();
  }

  void ask(Test test, const Probe::Question& question, std::size_t index = 0) {
    const Key key{test, index};
    if (probes_.contains(key)) return;
    probes_.emplace(key, Probe(now_, question, random_.bytes<TransactionId{}.size()>(), config_.schedule));
  }
  void ask(Test test, FlowId flow, const Endpoint& to) { ask(test, {flow, to, to, flow}); }

  // Takes every step that what is known by now allows.
  void proceed() {
    if (over_) return;
    if (sockets_.at(mapping_flow) && sockets_.at(filtering_flow)) {
      ask(Test::first, mapping_flow, config_.server);
      ask(Test::filtering_first, filtering_flow, config_.server);
    }
    if (over(Test::first) && learn_where_we_are()) {
      discover_mapping();
      discover_filtering();
      const bool hairpinned = over_hairpinning();
      if (over_mapping_ && over_filtering_ && hairpinned && over_lifetime()) return conclude();
    }
    for (auto& [key, probe] : probes_) {
      if (!probe.due(now_)) continue;
      transmits_.push_back(probe.request(config_.software));
      ++stats_.sent;
    }
  }

  // False: that is all there is.
  bool learn_where_we_are() {
    if (report_.mapped) return true;
    const Probe& first = *find(Test::first);
    if (first.state() == Probe::State::answered) {
      report_.mapped = first.mapped();
      report_.translated = is_translated(*report_.mapped);
      const auto other = first.other_address();
      if (other && is_usable(*other)) {
        other_ = *other;
      } else {
        note(Errc::no_other_address);
        over_mapping_ = over_filtering_ = true;
      }
      return true;
    }
    report_.code = first.code();
    note(first.state() == Probe::State::silent ? Errc::timed_out : Errc::refused);
    finish();
    return false;
  }

  // RFC 5780 7.4: another address and another port. A server must not lead us to ourselves or to everybody.
  bool is_usable(const Endpoint& other) const {
    const IpAddress& address = other.address;
    return other.port != 0 && other.port != config_.server.port && address != config_.server.address &&
           address.family() == config_.server.address.family() && !address.is_unspecified() &&
           !address.is_multicast() && address.is_loopback() == config_.server.address.is_loopback();
  }

  bool is_translated(const Endpoint& mapped) const {
    const Endpoint local = *sockets_.at(mapping_flow);
    if (!local.address.is_unspecified()) {
      // A link-local address has a scope here and none in a message.
      return local.port != mapped.port || local.address.octets() != mapped.address.octets();
    }
    const bool ours =
        mapped.address.is_loopback() || std::ranges::any_of(config_.own_addresses, [&](const IpAddress& own) {
          return own.family() == mapped.address.family() && own.octets() == mapped.address.octets();
        });
    return !ours || local.port != mapped.port;
  }

  // RFC 5780 4.3.
  void discover_mapping() {
    if (over_mapping_) return;
    ask(Test::second, mapping_flow, {other_.address, config_.server.port});
    if (answered(Test::second)) {
      if (find(Test::second)->mapped() == report_.mapped) {
        report_.mapping = NatDependence::endpoint_independent;
      } else {
        ask(Test::third, mapping_flow, other_);
        if (answered(Test::third)) {
          const bool same = find(Test::third)->mapped() == find(Test::second)->mapped();
          report_.mapping =
              same ? NatDependence::address_dependent : NatDependence::address_and_port_dependent;
        }
      }
    }
    const bool unanswered =
        (over(Test::second) && !answered(Test::second)) || (over(Test::third) && !answered(Test::third));
    if (unanswered) note(Errc::other_silent);
    over_mapping_ = report_.mapping || unanswered;
  }

  // RFC 5780 4.4; tests II and III together, which saves the wait for silence, and neither opens a way
  // for the other's answer.
  void discover_filtering() {
    if (over_filtering_ || !over(Test::filtering_first)) return;
    if (!answered(Test::filtering_first)) {
      note(Errc::timed_out);
      over_filtering_ = true;
      return;
    }
    const Endpoint& server = config_.server;
    ask(Test::change_both,
        {filtering_flow, server, other_, filtering_flow, ChangeRequest{.address = true, .port = true}});
    ask(Test::change_port,
        {filtering_flow, server, {server.address, other_.port}, filtering_flow, ChangeRequest{.port = true}});
    if (has(Test::change_both, Probe::State::refused) || has(Test::change_port, Probe::State::refused)) {
      note(Errc::change_refused);
      over_filtering_ = true;
    } else if (answered(Test::change_both)) {
      report_.filtering = NatDependence::endpoint_independent;
      over_filtering_ = true;
    } else if (over(Test::change_both) && over(Test::change_port) && over_mapping_) {
      // Silence says something about the NAT only when the other address is alive.
      if (report_.mapping) {
        report_.filtering = answered(Test::change_port) ? NatDependence::address_dependent
                                                        : NatDependence::address_and_port_dependent;
      }
      over_filtering_ = true;
    }
  }

  // RFC 5780 4.5: from the very socket, so that what comes back is from an endpoint that we have sent to.
  bool over_hairpinning() {
    if (!report_.translated) return true;
    ask(Test::hairpin, {.flow = mapping_flow,
                        .to = *report_.mapped,
                        .answer_from = *report_.mapped,
                        .answer_at = mapping_flow,
                        .comes_back = true});
    return over(Test::hairpin);
  }

  // RFC 5780 4.6, every trial with a socket of its own, so that they run side by side.
  bool over_lifetime() {
    if (!config_.measure_lifetime || lifetime_over_) return true;
    if (!sockets_.contains(asking_flow)) {
      bind(asking_flow);
      for (std::size_t i = 0; i < trials.size(); ++i) bind(trial_flow(i));
    }
    if (!sockets_.at(asking_flow)) return false;
    for (std::size_t i = 0; i < trials.size(); ++i) run_trial(i);
    lifetime_over_ = judge_trials();
    return lifetime_over_;
  }

  // When the mapping of a trial has been left alone for long enough.
  std::optional<TimePoint> question_of_trial_due(std::size_t index) const {
    if (!answered(Test::trial_opens, index) || find(Test::trial_asks, index) != nullptr) return std::nullopt;
    return find(Test::trial_opens, index)->last_sent() + trials[index];
  }

  void run_trial(std::size_t index) {
    const FlowId flow = trial_flow(index);
    if (!sockets_.at(flow)) return;
    ask(Test::trial_opens, {flow, config_.server, config_.server, flow}, index);
    const auto due = question_of_trial_due(index);
    if (!due || now_ < *due) return;
    ask(Test::trial_asks,
        {.flow = asking_flow,
         .to = config_.server,
         .answer_from = config_.server,
         .answer_at = flow,
         .response_port = find(Test::trial_opens, index)->mapped()->port},
        index);
  }

  // True when the trials say how long a mapping lives, or cannot.
  bool judge_trials() {
    std::optional<NatLifetime> lived;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (over(Test::trial_opens, i) && !answered(Test::trial_opens, i))
        continue;  // Lost; the others say enough.
      if (!over(Test::trial_asks, i)) return false;
      if (answered(Test::trial_asks, i)) {
        lived = NatLifetime{trials[i], std::nullopt};
        continue;
      }
      // Where not even a fresh mapping is reached, the method fails: RESPONSE-PORT is unknown to the
      // server, or the NAT gave the asking socket another address.
      if (lived) lived->less_than = trials[i];
      break;
    }
    if (!lived) note(Errc::change_refused);
    report_.lifetime = lived;
    return true;
  }

  void conclude() {
    if (report_.translated) {
      const auto kept = [&](Test test, FlowId flow) {
        return !answered(test) || find(test)->mapped()->port == sockets_.at(flow)->port;
      };
      report_.preserves_port = kept(Test::first, mapping_flow) && kept(Test::filtering_first, filtering_flow);
      // A packet that hairpins comes from the mapping towards our own address. Where that is another one than
      // towards the server, the filter drops it, and its loss says nothing.
      const bool conclusive = report_.mapping == NatDependence::endpoint_independent ||
                              report_.filtering == NatDependence::endpoint_independent;
      if (answered(Test::hairpin)) {
        report_.hairpinning = true;
      } else if (conclusive) {
        report_.hairpinning = false;
      }
    }
    finish();
  }

  // The first reason is the one that the others follow from.
  void note(std::error_code error) {
    if (!report_.error) report_.error = error;
  }

  void finish() {
    if (std::exchange(over_, true)) return;
    probes_.clear();
    transmits_.clear();
    for (const auto& [flow, local] : sockets_) requests_.push_back(CloseFlow{flow});
    sockets_.clear();
    event_ = report_;
  }

  NatDiscoveryConfig config_;
  RandomSource& random_;
  TimePoint now_;
  NatReport report_;
  Endpoint other_;
  bool over_ = false;
  bool over_mapping_ = false;
  bool over_filtering_ = false;
  bool lifetime_over_ = false;
  std::map<FlowId, std::optional<Endpoint>> sockets_;  // Where they are bound, once they are.
  std::map<Key, Probe> probes_;                        // Seven, and two for each trial.
  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;  // At most ProbeSchedule::sends for each probe.
  std::optional<NatReport> event_;
  NatDiscoveryStats stats_;
};

NatDiscovery::NatDiscovery(TimePoint now, NatDiscoveryConfig config, RandomSource& random)
    : state_(std::make_unique<State>(now, std::move(config), random)) {}
NatDiscovery::NatDiscovery(NatDiscovery&&) noexcept = default;
NatDiscovery& NatDiscovery::operator=(NatDiscovery&&) noexcept = default;
NatDiscovery::~NatDiscovery() = default;

bool NatDiscovery::handle_datagram(TimePoint now, const Datagram& datagram) {
  return state_->handle_datagram(now, datagram);
}
void NatDiscovery::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  state_->handle_flow(now, flow, change);
}
void NatDiscovery::handle_timeout(TimePoint now) { state_->handle_timeout(now); }
std::optional<TimePoint> NatDiscovery::next_timeout() const { return state_->next_timeout(); }
std::optional<IoRequest> NatDiscovery::poll_request() { return state_->poll_request(); }
std::optional<Transmit> NatDiscovery::poll_transmit() { return state_->poll_transmit(); }
std::optional<NatReport> NatDiscovery::poll_event() { return state_->poll_event(); }
const NatDiscoveryStats& NatDiscovery::stats() const { return state_->stats(); }

}  // namespace petrel::inline v0::stun
