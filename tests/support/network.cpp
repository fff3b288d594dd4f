#include "support/network.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::testing {
namespace {

// Where ephemeral ports begin, RFC 6335 6.
constexpr std::uint16_t first_ephemeral_port = 49152;

// Behind a home router behind a carrier's NAT, and back again, are 4 hops; more is a loop
// of ours in the topology.
constexpr int max_hops = 8;

// RFC 791 and RFC 8200 headers, and UDP's own.
std::size_t ip_size(const Packet& packet) {
  return packet.payload.size() + (packet.destination.address.is_v4() ? 28 : 48);
}

// A core that is due again at once after a timeout that changed nothing may have been
// rounded down to its own clock's tick; twice in a row is a loop.
constexpr unsigned max_idle_timeouts = 2;
// Far more than a connection check list, retransmissions and reports that fall on one instant.
constexpr unsigned max_busy_timeouts = 1000;
// A core that is drained completely this often in one instant and still has output never stops.
constexpr int max_settle_rounds = 10000;

Packet copy_of(const Packet& packet) {
  return {packet.source, packet.destination, *PacketBuffer::copy_of(packet.payload.bytes())};
}

}  // namespace

Network::Network(std::uint64_t seed, LinkConfig default_link)
    : seed_(seed), random_(seed), default_link_(default_link) {
  set_wall_clock(now_);
}

Network::~Network() { reset_wall_clock(); }

SiteId Network::add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer) {
  sites_.push_back({outer, Nat(config, std::move(outside))});
  return {static_cast<std::uint32_t>(sites_.size() - 1)};
}

HostId Network::add_host(HostConfig config) {
  hosts_.push_back({std::move(config.name), std::move(config.addresses), config.site,
                    Link(config.uplink.value_or(default_link_)), Link(config.downlink),
                    first_ephemeral_port});
  return {static_cast<std::uint32_t>(hosts_.size() - 1)};
}

void Network::add_name(std::string name, std::vector<IpAddress> addresses) {
  names_[std::move(name)] = std::move(addresses);
}

void Network::attach_core(HostId host, const void* identity, std::unique_ptr<AttachedCore> core) {
  runners_.push_back(std::make_unique<Runner>(Runner{host, identity, std::move(core), {}}));
}

void Network::detach(const void* core) {
  // The owner may be in an event of this very core, so that its runner is still in use;
  // settle() removes it.
  for (auto& runner : runners_) {
    if (runner->identity != core) continue;
    runner->identity = nullptr;
    runner->flows.clear();
  }
}

void Network::after(Duration delay, std::function<void()> action) {
  queue_.push(now_ + delay, std::move(action));
}

Link& Network::uplink(HostId host) { return hosts_.at(host.value).uplink; }
Link& Network::downlink(HostId host) { return hosts_.at(host.value).downlink; }
Nat& Network::nat(SiteId site) { return sites_.at(site.value).nat.value(); }

void Network::add_address(HostId host, const IpAddress& address) {
  if (!has_address(host, address)) hosts_.at(host.value).addresses.push_back(address);
}

void Network::remove_address(HostId host, const IpAddress& address) {
  std::erase(hosts_.at(host.value).addresses, address);
}

bool Network::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now_ + limit;
  set_wall_clock(now_);
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

void Network::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

void Network::advance_to(TimePoint time) {
  if (time <= now_) return;
  now_ = time;
  set_wall_clock(now_);
  for (auto& runner : runners_) runner->idle_timeouts = runner->busy_timeouts = 0;
}

std::optional<TimePoint> Network::next_time() const {
  auto next = queue_.next_time();
  for (const auto& runner : runners_) {
    if (runner->identity == nullptr) continue;
    const auto due = runner->core->next_timeout();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

// One thing that happens now. Packets come before timers of the same instant: an answer
// that arrives on the last nanosecond is in time.
void Network::step() {
  if (const auto next = queue_.next_time(); next && *next <= now_) {
    std::visit([this](auto&& happening) { handle(std::move(happening)); }, queue_.pop());
  } else {
    run_timers();
  }
}

void Network::run_timers() {
  for (std::size_t i = 0; i < runners_.size(); ++i) {
    Runner& runner = *runners_[i];
    if (runner.identity == nullptr) continue;
    const auto due = runner.core->next_timeout();
    if (!due || *due > now_) continue;

    runner.core->handle_timeout(now_);
    const bool produced = pump(runner);
    const auto again = runner.core->next_timeout();
    if (produced || !again || *again != *due) {
      runner.idle_timeouts = 0;
    } else if (++runner.idle_timeouts >= max_idle_timeouts) {
      fault(runner, "next_timeout() stays in the past although handle_timeout() was called");
    }
    if (++runner.busy_timeouts > max_busy_timeouts) fault(runner, "timers without end in one instant");
  }
}

void Network::settle() {
  bool moved = true;
  for (int round = 0; moved; ++round) {
    moved = false;
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      if (!pump(*runners_[i])) continue;
      moved = true;
      if (round > max_settle_rounds) fault(*runners_[i], "output without end in one instant");
    }
  }
  std::erase_if(runners_, [](const auto& runner) { return runner->identity == nullptr; });
}

// Takes everything that the core has ready. `identity` is asked each time, because an
// event may make its receiver detach the core.
bool Network::pump(Runner& runner) {
  bool produced = false;
  while (runner.identity != nullptr) {
    auto request = runner.core->poll_request();
    if (!request) break;
    std::visit([&](const auto& wanted) { perform(runner, wanted); }, *request);
    produced = true;
  }
  while (runner.identity != nullptr) {
    auto transmit = runner.core->poll_transmit();
    if (!transmit) break;
    send(runner, *std::move(transmit));
    produced = true;
  }
  while (runner.identity != nullptr && runner.core->deliver_event()) produced = true;
  return produced;
}

void Network::perform(Runner& runner, const BindUdp& request) {
  Host& host = hosts_[runner.host.value];
  const bool any = request.local.address.is_unspecified();
  if (!any && !has_address(runner.host, request.local.address)) {
    runner.core->handle_flow(now_, request.flow,
                             FlowFailed{std::make_error_code(std::errc::address_not_available)});
    return;
  }
  Endpoint local = request.local;
  while (local.port == 0 || (request.local.port == 0 && !port_is_free(runner.host, local))) {
    local.port = host.next_port;
    host.next_port =
        host.next_port == 65535 ? first_ephemeral_port : static_cast<std::uint16_t>(host.next_port + 1);
  }
  if (!port_is_free(runner.host, local)) {
    runner.core->handle_flow(now_, request.flow, FlowFailed{std::make_error_code(std::errc::address_in_use)});
    return;
  }
  if (!runner.flows.emplace(request.flow, local).second) fault(runner, "a flow id is used twice");
  runner.core->handle_flow(now_, request.flow, FlowOpened{local});
}

void Network::perform(Runner& runner, const Resolve& request) {
  queue_.push(now_ + resolve_delay, Answer{runner.identity, request.id, request.name});
}

bool Network::port_is_free(HostId host, const Endpoint& local) const {
  for (const auto& runner : runners_) {
    if (runner->host != host) continue;
    for (const auto& [flow, bound] : runner->flows) {
      const bool overlap = bound.address == local.address ||
                           (bound.address.family() == local.address.family() &&
                            (bound.address.is_unspecified() || local.address.is_unspecified()));
      if (overlap && bound.port == local.port) return false;
    }
  }
  return true;
}

void Network::send(Runner& runner, Transmit&& transmit) {
  const auto flow = runner.flows.find(transmit.flow);
  if (flow == runner.flows.end()) fault(runner, "a packet leaves by a flow that is not open");
  Host& host = hosts_[runner.host.value];

  Packet packet{flow->second, transmit.destination, std::move(transmit.payload)};
  if (packet.source.address.family() != packet.destination.address.family()) {
    fault(runner, "an IPv4 socket sends to IPv6, or the other way round");
  }
  if (packet.source.address.is_unspecified()) {
    const auto it =
        std::ranges::find(host.addresses, packet.destination.address.family(), &IpAddress::family);
    if (it != host.addresses.end()) packet.source.address = *it;
  }

  const Fate fate = tap_ ? tap_(stats_.sent, packet) : Fate{};
  ++stats_.sent;
  record('>', packet);
  if (!has_address(runner.host, packet.source.address)) {
    ++stats_.unroutable;
    return;
  }
  if (ip_size(packet) > host.uplink.config().mtu_bytes) {
    if (!too_big_allowed_) {
      fault(runner, "a packet of " + std::to_string(packet.payload.size()) + " bytes is over the MTU");
    }
    ++stats_.too_big;
    return;
  }
  if (fate.drop) {
    ++stats_.lost;
    return;
  }
  for (unsigned copy = 0; copy < fate.copies; ++copy) {
    const auto arrivals = host.uplink.carry(now_, ip_size(packet), random_);
    if (arrivals.empty()) ++stats_.lost;
    for (const TimePoint arrival : arrivals)
      queue_.push(arrival + fate.delay, InSite{host.site, copy_of(packet)});
  }
}

// Takes the packet from site to site, through NATs, until a host of the site has the address.
void Network::handle(InSite&& happening) {
  SiteId site = happening.site;
  Packet packet = std::move(happening.packet);
  for (int hop = 0; hop < max_hops; ++hop) {
    if (const auto host = host_in(site, packet.destination.address)) {
      deliver(*host, std::move(packet));
      return;
    }
    const auto next = next_hop(site, packet);
    if (!next) return;
    site = *next;
  }
  ++stats_.unroutable;
}

// The site that the packet goes to from `site`, with its endpoints translated.
std::optional<SiteId> Network::next_hop(SiteId site, Packet& packet) {
  auto inner = nat_in(site, packet.destination.address);
  if (!inner) inner = firewall_towards(site, packet.destination.address);
  if (inner) {
    const auto inside = sites_[inner->value].nat->inbound(now_, packet.source, packet.destination);
    if (!inside) {
      ++stats_.filtered;
      return std::nullopt;
    }
    packet.destination = *inside;
    return inner;
  }
  auto& here = sites_[site.value];
  if (!here.nat) {
    ++stats_.unroutable;
    return std::nullopt;
  }
  if (here.nat->owns(packet.destination.address) && !here.nat->config().hairpinning) {
    ++stats_.filtered;
    return std::nullopt;
  }
  const auto outside = here.nat->outbound(now_, packet.source, packet.destination);
  if (!outside) {
    ++stats_.filtered;
    return std::nullopt;
  }
  packet.source = *outside;
  return here.outer;
}

void Network::deliver(HostId id, Packet&& packet) {
  Host& host = hosts_[id.value];
  if (ip_size(packet) > host.downlink.config().mtu_bytes) {
    ++stats_.too_big;
    return;
  }
  const auto arrivals = host.downlink.carry(now_, ip_size(packet), random_);
  if (arrivals.empty()) ++stats_.lost;
  for (const TimePoint arrival : arrivals) queue_.push(arrival, AtHost{id, copy_of(packet)});
}

void Network::handle(AtHost&& happening) {
  const Packet& packet = happening.packet;
  if (!has_address(happening.host, packet.destination.address)) {
    ++stats_.unroutable;
    return;
  }
  for (std::size_t i = 0; i < runners_.size(); ++i) {
    Runner& runner = *runners_[i];
    if (runner.host != happening.host || runner.identity == nullptr) continue;
    for (const auto& [flow, bound] : runner.flows) {
      const bool address_matches =
          bound.address == packet.destination.address ||
          (bound.address.is_unspecified() && bound.address.family() == packet.destination.address.family());
      if (!address_matches || bound.port != packet.destination.port) continue;
      ++stats_.delivered;
      record('<', packet);
      runner.core->handle_datagram(now_, {flow, packet.source, packet.destination, packet.payload.bytes()});
      return;
    }
  }
  ++stats_.refused;
}

void Network::handle(Answer&& answer) {
  const auto known = names_.find(answer.name);
  const auto addresses = known == names_.end() ? std::vector<IpAddress>{} : known->second;
  for (auto& runner : runners_) {
    if (runner->identity != answer.identity || runner->identity == nullptr) continue;
    runner->core->handle_resolved(now_, answer.id, addresses);
    return;
  }
}

std::optional<HostId> Network::host_in(SiteId site, const IpAddress& address) const {
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i].site == site && has_address({i}, address)) return HostId{i};
  }
  return std::nullopt;
}

std::optional<SiteId> Network::nat_in(SiteId site, const IpAddress& address) const {
  for (std::uint32_t i = 1; i < sites_.size(); ++i) {
    if (sites_[i].outer == site && sites_[i].nat->owns(address)) return SiteId{i};
  }
  return std::nullopt;
}

// The site next to `site` behind which `address` is, reachable without translation.
std::optional<SiteId> Network::firewall_towards(SiteId site, const IpAddress& address) const {
  for (std::uint32_t i = 1; i < sites_.size(); ++i) {
    if (sites_[i].outer != site || sites_[i].nat->translates(address.family())) continue;
    if (host_in({i}, address) || firewall_towards({i}, address)) return SiteId{i};
  }
  return std::nullopt;
}

bool Network::has_address(HostId host, const IpAddress& address) const {
  const auto& addresses = hosts_.at(host.value).addresses;
  return std::ranges::find(addresses, address) != addresses.end();
}

void Network::record(char what, const Packet& packet) {
  const auto mix = [this](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      trace_hash_ = (trace_hash_ ^ ((value >> (8 * i)) & 0xff)) * 1099511628211ULL;
    }
  };
  mix(static_cast<std::uint64_t>(what), 1);
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()), 8);
  for (const Endpoint* endpoint : {&packet.source, &packet.destination}) {
    for (const std::uint8_t octet : endpoint->address.octets()) mix(octet, 1);
    mix(endpoint->port, 2);
  }
  mix(packet.payload.size(), 8);
  for (const std::byte b : packet.payload.bytes()) mix(std::to_integer<std::uint64_t>(b), 1);
}

void Network::fault(const Runner& runner, const std::string& what) const {
  const std::chrono::duration<double> time = now_.time_since_epoch();
  throw NetworkFault("seed " + std::to_string(seed_) + ", " + std::to_string(time.count()) + " s, host " +
                     hosts_[runner.host.value].name + ": " + what);
}

}  // namespace petrel::inline v0::testing
