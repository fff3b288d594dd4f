#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/net/protocol_core.hpp"
#include "support/attached_core.hpp"
#include "support/event_queue.hpp"
#include "support/link.hpp"
#include "support/nat.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::testing {

using HostId = Strong<std::uint32_t, struct HostIdTag>;
/// The internet, or the network behind a NAT.
using SiteId = Strong<std::uint32_t, struct SiteIdTag>;
inline constexpr SiteId internet{0};

struct HostConfig {
  std::string name;
  std::vector<IpAddress> addresses;
  SiteId site = internet;
  /// What happens to packets that leave the host; the network's default if not given.
  std::optional<LinkConfig> uplink{};
  /// What happens to packets on their last stretch towards the host. By default nothing,
  /// so that the uplink's figures hold from end to end.
  LinkConfig downlink = LinkConfig::ideal();
};

/// A UDP packet on its way.
struct Packet {
  Endpoint source;
  Endpoint destination;
  PacketBuffer payload;
};

/// What a tap decides about a packet, before any link does.
struct Fate {
  bool drop = false;
  unsigned copies = 1;
  Duration delay{0};
};

struct NetworkStats {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;        ///< By a link, or by the tap.
  std::uint64_t filtered = 0;    ///< By a NAT or firewall.
  std::uint64_t unroutable = 0;  ///< Nobody has the address.
  std::uint64_t refused = 0;     ///< The host has the address, but no socket at the port.
  std::uint64_t too_big = 0;     ///< Over a link's MTU, where allow_too_big() permits it.
};

/// A core broke one of the rules that hold in every simulation. The message names the
/// seed, the virtual time and the host.
class NetworkFault : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A network in virtual time: hosts, lines, NATs, names, and one queue of events.
///
/// One seed and the same calls give the same run, packet for packet; trace_hash() tells
/// whether two runs were the same. Time moves only in run_*(), from event to event, and
/// takes gettimeofday() along (virtual_wall_clock.hpp) for the libraries that read it.
///
///   Network network(seed, {.latency = 20ms, .loss_percent = 10});
///   const SiteId home = network.add_nat(NatConfig::symmetric(), {*IpAddress::parse("203.0.113.1")});
///   const HostId alice = network.add_host({.name = "alice", .addresses = {…}, .site = home});
///   network.attach(alice, agent, [&](ice::Event& event) { … });
///   EXPECT_TRUE(network.run_until([&] { return connected; }, 30s)) << "seed " << seed;
///
/// Rules checked in every run, by throwing NetworkFault: no packet is longer than the MTU
/// of the host's uplink; every packet leaves by a socket that is open; next_timeout() does
/// not stay in the past while handle_timeout() achieves nothing; a core does not produce
/// output without end in one instant.
class Network {
 public:
  /// `default_link` is what every uplink is like unless the host says otherwise.
  explicit Network(std::uint64_t seed, LinkConfig default_link = {});
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// A site behind a NAT with these addresses outside. Families without an outside address
  /// are filtered but not translated. `outer` may itself be behind a NAT (carrier-grade NAT).
  SiteId add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer = internet);
  HostId add_host(HostConfig config);
  /// What Resolve finds, after resolve_delay. Other names have no addresses.
  void add_name(std::string name, std::vector<IpAddress> addresses);

  /// Drives `core` on `host`; its sockets are bound to the host's addresses. Several cores
  /// may share a host. The core must live until the network is gone, or until detach().
  /// `on_event(event)` gets its events; it may call any core, and the network.
  template <FlowCore Core, class OnEvent>
  void attach(HostId host, Core& core, OnEvent on_event) {
    attach_core(host, &core, std::make_unique<AttachedCoreOf<Core, OnEvent>>(core, std::move(on_event)));
  }
  template <FlowCore Core>
  void attach(HostId host, Core& core) {
    attach(host, core, [](typename Core::Event&) {});
  }
  /// Closes the core's sockets and forgets it, as when its process ends.
  void detach(const void* core);

  /// Calls `action` after `delay`.
  void after(Duration delay, std::function<void()> action);
  /// Asked about the n-th packet (from 0) that any host sends.
  void set_tap(std::function<Fate(std::uint64_t index, const Packet& packet)> tap) { tap_ = std::move(tap); }

  Link& uplink(HostId host);
  Link& downlink(HostId host);
  Nat& nat(SiteId site);
  /// An interface comes up or goes away. Sockets stay bound; nothing reaches or leaves a missing address.
  void add_address(HostId host, const IpAddress& address);
  void remove_address(HostId host, const IpAddress& address);
  /// Drops packets over an MTU silently, as a network without ICMP does, instead of failing the run.
  void allow_too_big() { too_big_allowed_ = true; }

  /// Runs until `done()`, asked after every step, or until `limit` from now is over.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration duration);

  TimePoint now() const { return now_; }
  /// For cores: a source of its own for each call, that does not disturb the network's dice.
  SeededRandom fork_random() { return SeededRandom(random_.u64()); }
  std::uint64_t seed() const { return seed_; }
  const NetworkStats& stats() const { return stats_; }
  /// Of every packet sent, and every packet delivered, with times.
  std::uint64_t trace_hash() const { return trace_hash_; }

  static constexpr Duration resolve_delay = std::chrono::milliseconds(20);

 private:
  struct Site {
    SiteId outer = internet;
    std::optional<Nat> nat;  // None for the internet.
  };
  struct Host {
    std::string name;
    std::vector<IpAddress> addresses;
    SiteId site;
    Link uplink;
    Link downlink;
    std::uint16_t next_port;
  };
  struct Runner {
    HostId host;
    const void* identity;
    std::unique_ptr<AttachedCore> core;
    std::map<FlowId, Endpoint> flows;
    unsigned idle_timeouts = 0;  // handle_timeout() calls that changed nothing, in this instant.
    unsigned busy_timeouts = 0;  // Calls that did, in this instant.
  };
  struct InSite {  // A packet left its host and is in this site.
    SiteId site;
    Packet packet;
  };
  struct AtHost {
    HostId host;
    Packet packet;
  };
  struct Answer {
    const void* identity;
    std::uint32_t id;
    std::string name;
  };
  using Happening = std::variant<InSite, AtHost, Answer, std::function<void()>>;

  void attach_core(HostId host, const void* identity, std::unique_ptr<AttachedCore> core);
  void advance_to(TimePoint time);
  std::optional<TimePoint> next_time() const;
  void step();
  void run_timers();
  void settle();
  bool pump(Runner& runner);
  void handle(InSite&& happening);
  void handle(AtHost&& happening);
  void handle(Answer&& happening);
  void handle(std::function<void()>&& happening) { happening(); }
  void perform(Runner& runner, const BindUdp& request);
  template <class Unsupported>
  void perform(Runner& runner, const Unsupported& request) {
    runner.core->handle_flow(now_, request.flow,
                             FlowFailed{std::make_error_code(std::errc::operation_not_supported)});
  }
  void perform(Runner& runner, const CloseFlow& request) { runner.flows.erase(request.flow); }
  void perform(Runner& runner, const Resolve& request);
  void send(Runner& runner, Transmit&& transmit);
  void deliver(HostId host, Packet&& packet);
  bool port_is_free(HostId host, const Endpoint& local) const;
  std::optional<HostId> host_in(SiteId site, const IpAddress& address) const;
  std::optional<SiteId> nat_in(SiteId site, const IpAddress& address) const;
  std::optional<SiteId> firewall_towards(SiteId site, const IpAddress& address) const;
  std::optional<SiteId> next_hop(SiteId site, Packet& packet);
  bool has_address(HostId host, const IpAddress& address) const;
  void record(char what, const Packet& packet);
  [[noreturn]] void fault(const Runner& runner, const std::string& what) const;

  std::uint64_t seed_;
  SeededRandom random_;
  LinkConfig default_link_;
  TimePoint now_{};
  std::vector<Site> sites_{1};
  std::vector<Host> hosts_;
  std::vector<std::unique_ptr<Runner>> runners_;
  std::map<std::string, std::vector<IpAddress>> names_;
  EventQueue<Happening> queue_;
  std::function<Fate(std::uint64_t, const Packet&)> tap_;
  bool too_big_allowed_ = false;
  NetworkStats stats_;
  std::uint64_t trace_hash_ = 14695981039346656037ULL;  // FNV-1a's start.
};

}  // namespace petrel::inline v0::testing
