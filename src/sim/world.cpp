#include "petrel/sim/world.hpp"

#include <algorithm>
#include <chrono>

#include "sim/world_state.hpp"

namespace petrel::inline v0::sim {
namespace {

// A core that is due again at once after a timeout that changed nothing may have been
// rounded down to its own clock's tick; twice in a row is a loop.
constexpr unsigned max_idle_timeouts = 2;
// Far more than a connection check list, retransmissions and reports that fall on one instant.
constexpr unsigned max_busy_timeouts = 1000;
// A core that is drained completely this often in one instant and still has output never stops.
constexpr int max_settle_rounds = 10000;

}  // namespace

// ---- Time -------------------------------------------------------------------

bool World::State::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now + limit;
  touch_all();  // Since the last run, anything may have been called.
  settle();
  while (!done()) {
    const auto next = next_time();
    if (!next || *next > end) {
      advance_to(end);
      return done();
    }
    advance_to(*next);
    step();
    settle();
  }
  return true;
}

void World::State::advance_to(TimePoint time) {
  if (time <= now) return;
  now = time;
  if (tell_time) tell_time(now);
}

std::optional<TimePoint> World::State::next_time() const {
  auto next = queue.next_time();
  for (const Runner* runner : active) {
    if (runner->deadline && (!next || *runner->deadline < *next)) next = runner->deadline;
  }
  return next;
}

// One thing that happens now. Packets come before timers of the same instant: an answer
// that arrives on the last nanosecond is in time.
void World::State::step() {
  if (const auto next = queue.next_time(); next && *next <= now) {
    std::visit([this](auto&& happening) { handle(std::move(happening)); }, queue.pop());
  } else {
    run_timers();
  }
}

void World::State::handle(std::function<void()>&& action) {
  action();
  touch_all();
}

// ---- Cores ------------------------------------------------------------------

void World::State::attach(HostId host, const void* identity, std::unique_ptr<AttachedCore> core) {
  const RunnerId id{static_cast<std::uint32_t>(runners.size())};
  runners.push_back(std::make_unique<Runner>(Runner{id, host, identity, std::move(core)}));
  active.push_back(runners.back().get());
  if (hosts.at(host.value).announces_addresses) {
    active.back()->core->handle_interfaces(now, topology.local_addresses(host));
  }
}

void World::State::detach(const void* identity) {
  for (Runner* runner : active) {
    if (runner->identity != identity) continue;
    while (!runner->flows.empty()) perform(*runner, CloseFlow{runner->flows.begin()->first});
    runner->identity = nullptr;
    runner->deadline.reset();
    forgets = true;  // Not at once: its owner may be in an event of this very core.
    return;
  }
}

void World::State::flush(const void* identity) {
  for (Runner* runner : active) {
    if (runner->identity == identity) {
      pump(*runner);
      return;
    }
  }
}

void World::State::tell_addresses(HostId host) {
  const auto addresses = topology.local_addresses(host);
  for (std::size_t i = 0; i < active.size(); ++i) {
    Runner& runner = *active[i];
    if (runner.host != host || runner.identity == nullptr) continue;
    runner.touched = true;
    runner.core->handle_interfaces(now, addresses);
  }
}

void World::State::touch_all() {
  for (Runner* runner : active) runner->touched = true;
}

void World::State::run_timers() {
  for (std::size_t i = 0; i < active.size(); ++i) {
    Runner& runner = *active[i];
    const auto due = runner.deadline;
    if (!due || *due > now) continue;
    if (runner.counted_at != now) runner.idle_timeouts = runner.busy_timeouts = 0;
    runner.counted_at = now;

    runner.core->handle_timeout(now);
    runner.touched = true;
    const bool produced = pump(runner);
    if (runner.identity == nullptr) continue;
    runner.deadline = runner.core->next_timeout();
    if (produced || runner.deadline != due) {
      runner.idle_timeouts = 0;
    } else if (++runner.idle_timeouts >= max_idle_timeouts) {
      fault(runner, "next_timeout() stays in the past although handle_timeout() was called");
    }
    if (++runner.busy_timeouts > max_busy_timeouts) fault(runner, "timers without end in one instant");
  }
}

void World::State::settle() {
  int round = 0;
  do {
    settle_cores();
    if (++round > max_settle_rounds)
      throw WorldFault("a loop and its cores keep each other busy without end");
  } while (run_loops());
  if (!std::exchange(forgets, false)) return;
  std::erase_if(active, [this](Runner* runner) {
    if (runner->identity != nullptr) return false;
    runners[runner->id.value].reset();
    return true;
  });
}

// Only cores that something happened to are asked, which is what a run's time goes into.
void World::State::settle_cores() {
  bool moved = true;
  for (int round = 0; moved; ++round) {
    moved = false;
    for (std::size_t i = 0; i < active.size(); ++i) {
      Runner& runner = *active[i];
      if (!runner.touched || runner.identity == nullptr) continue;
      runner.touched = false;
      if (pump(runner)) {
        moved = true;
        runner.touched = true;
        if (round > max_settle_rounds) fault(runner, "output without end in one instant");
      } else {
        runner.deadline = runner.core->next_timeout();
      }
    }
  }
}

bool World::State::run_loops() {
  bool ran = false;
  for (std::size_t i = 0; i < loops.size(); ++i) ran |= loops[i].second();
  if (ran) touch_all();
  return ran;
}

// Takes everything that the core has ready. `identity` is asked each time, because an
// event may make its receiver detach the core.
bool World::State::pump(Runner& runner) {
  bool produced = false;
  const auto send_all = [&] {
    while (auto transmit = runner.core->poll_transmit()) {
      send(runner, *std::move(transmit));
      produced = true;
    }
  };
  while (auto request = runner.core->poll_request()) {
    // A farewell leaves by the flow that is then closed.
    if (std::holds_alternative<CloseFlow>(*request)) send_all();
    std::visit([&](const auto& wanted) { perform(runner, wanted); }, *request);
    produced = true;
  }
  send_all();
  bool told = false;
  while (runner.identity != nullptr && runner.core->deliver_event()) told = true;
  if (told) touch_all();  // Whoever heard of it may have called any core.
  return produced || told;
}

void World::State::perform(Runner& runner, const Resolve& request) {
  queue.push(now + resolve_delay, Answer{runner.id, request.id, request.name});
}

void World::State::handle(Answer&& answer) {
  Runner* const runner = find(answer.runner);
  if (runner == nullptr) return;
  const auto known = names.find(answer.name);
  runner->touched = true;
  runner->core->handle_resolved(now, answer.id,
                                known == names.end() ? std::vector<IpAddress>{} : known->second);
}

void World::State::perform(Runner& runner, const CloseFlow& request) {
  auto flow = runner.flows.extract(request.flow);
  if (flow.empty()) return;
  Host& host = hosts[runner.host.value];
  if (const auto* udp = std::get_if<UdpFlow>(&flow.mapped())) {
    close_udp(host, runner.id, request.flow, *udp);
  } else if (const auto* stream = std::get_if<StreamKey>(&flow.mapped())) {
    close_stream(runner.host, *stream);
  } else if (std::holds_alternative<ListenFlow>(flow.mapped())) {
    std::erase_if(host.listeners,
                  [&](const Listener& each) { return each.owner == runner.id && each.flow == request.flow; });
  }
}

void World::State::tell(Runner& runner, FlowId flow, const FlowChange& change) {
  runner.touched = true;
  runner.core->handle_flow(now, flow, change);
}

void World::State::refuse(Runner& runner, FlowId flow, std::errc error) {
  tell(runner, flow, FlowFailed{std::make_error_code(error)});
}

void World::State::open(Runner& runner, FlowId flow, Flow opened) {
  if (!runner.flows.emplace(flow, std::move(opened)).second) fault(runner, "a flow id is used twice");
}

void World::State::fault(const Runner& runner, const std::string& what) const {
  const std::chrono::duration<double> time = now.time_since_epoch();
  throw WorldFault("seed " + std::to_string(seed) + ", " + std::to_string(time.count()) + " s, host " +
                   hosts[runner.host.value].name + ": " + what);
}

// RFC 2544's range for tests of networks, which no host outside uses: addresses that look public.
IpAddress World::State::outside_address() {
  const std::uint32_t number = ++automatic_addresses;
  return IpAddress::v4(198, 18, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

IpAddress World::State::inside_address() {
  const std::uint32_t number = ++automatic_addresses;
  return IpAddress::v4(10, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

// ---- The face ---------------------------------------------------------------

World::World(std::uint64_t seed, LinkConfig default_link)
    : state_(std::make_unique<State>(seed, default_link)) {}

World::~World() = default;

SiteId World::add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer) {
  return state_->topology.add_nat(std::move(config), std::move(outside), outer);
}

HostId World::add_host(HostConfig config) {
  const HostId id{static_cast<std::uint32_t>(state_->hosts.size())};
  if (config.behind)
    config.site = add_nat(*std::move(config.behind), {state_->outside_address()}, config.site);
  if (config.addresses.empty()) {
    config.addresses.push_back(config.site == internet ? state_->outside_address()
                                                       : state_->inside_address());
  }
  state_->hosts.push_back({std::move(config.name), config.announces_addresses, first_ephemeral_port});
  state_->topology.add_interface({id, std::move(config.interface_name), config.site,
                                  std::move(config.addresses),
                                  Link(config.uplink.value_or(state_->default_link)), Link(config.downlink)});
  return id;
}

void World::add_interface(HostId host, InterfaceConfig config) {
  state_->topology.add_interface({host, std::move(config.name), config.site, std::move(config.addresses),
                                  Link(config.uplink.value_or(state_->default_link)), Link(config.downlink)});
  state_->tell_addresses(host);
}

void World::add_name(std::string name, std::vector<IpAddress> addresses) {
  state_->names[std::move(name)] = std::move(addresses);
}

void World::attach_core(HostId host, const void* identity, std::unique_ptr<AttachedCore> core) {
  state_->attach(host, identity, std::move(core));
}

void World::detach(const void* identity) { state_->detach(identity); }

void World::flush(const void* identity) { state_->flush(identity); }

void World::attach_loop(const void* identity, std::function<bool()> run_ready) {
  state_->loops.emplace_back(identity, std::move(run_ready));
}

void World::detach_loop(const void* identity) {
  std::erase_if(state_->loops, [&](const auto& loop) { return loop.first == identity; });
}

void World::after(Duration delay, std::function<void()> action) {
  state_->queue.push(state_->now + delay, std::move(action));
}

void World::on_time(std::function<void(TimePoint)> tell) {
  state_->tell_time = std::move(tell);
  if (state_->tell_time) state_->tell_time(state_->now);
}

void World::set_tap(std::function<Fate(std::uint64_t index, const Packet& packet)> tap) {
  state_->tap = std::move(tap);
}

Link& World::uplink(HostId host, std::string_view interface) {
  return state_->topology.interface_named(host, interface).uplink;
}
Link& World::downlink(HostId host, std::string_view interface) {
  return state_->topology.interface_named(host, interface).downlink;
}
Nat& World::nat(SiteId site) { return state_->topology.nat(site); }

void World::add_address(HostId host, const IpAddress& address, std::string_view interface) {
  state_->topology.add_address(state_->topology.interface_named(host, interface), address);
  state_->tell_addresses(host);
}

void World::remove_address(HostId host, const IpAddress& address) {
  state_->topology.remove_address(host, address);
  state_->tell_addresses(host);
}

void World::set_up(HostId host, std::string_view interface, bool up) {
  state_->topology.set_up(state_->topology.interface_named(host, interface), up);
  state_->tell_addresses(host);
}

std::vector<LocalAddress> World::local_addresses(HostId host) const {
  return state_->topology.local_addresses(host);
}

Result<void> World::capture(const std::string& path) { return state_->capture(path); }

void World::add_secret(std::string_view line) {
  if (!state_->capture_file) return;
  state_->capture_file->writer.add_secret(line);
  state_->capture_file->write();
}

void World::allow_too_big() { state_->too_big_allowed = true; }

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  return state_->run_until(done, limit);
}

void World::run_for(Duration duration) {
  state_->run_until([] { return false; }, duration);
}

TimePoint World::now() const { return state_->now; }
SeededRandom World::fork_random() { return SeededRandom(state_->random.u64()); }
std::uint64_t World::seed() const { return state_->seed; }
const WorldStats& World::stats() const { return state_->stats; }
std::string World::report() const {
  const WorldStats& stats = state_->stats;
  const std::chrono::duration<double> time = now().time_since_epoch();
  std::string text = "seed " + std::to_string(seed()) + ", " + std::to_string(time.count()) +
                     " s: " + std::to_string(stats.sent) + " packets sent, " +
                     std::to_string(stats.delivered) + " delivered";
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count != 0) text.append(", ").append(std::to_string(count)).append(" ").append(what);
  };
  add(stats.lost, "lost");
  add(stats.filtered, "filtered");
  add(stats.unroutable, "to addresses that nobody has");
  add(stats.refused, "to ports without a socket");
  add(stats.too_big, "over an MTU");
  return text;
}
std::uint64_t World::trace_hash() const { return state_->trace_hash; }

}  // namespace petrel::inline v0::sim
