#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/sim/attached_core.hpp"
#include "petrel/sim/host.hpp"
#include "petrel/sim/link.hpp"
#include "petrel/sim/nat.hpp"
#include "petrel/sim/packet.hpp"
#include "petrel/sim/seeded_random.hpp"

namespace petrel::inline v0::sim {

/// What became of the packets, TCP segments among them.
struct WorldStats {
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
class PETREL_API WorldFault : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A network in virtual time: hosts, lines, NATs, names, and one queue of events.
///
/// One seed and the same calls give the same run, packet for packet; trace_hash() tells
/// whether two runs were the same. Time moves only in run_*(), from event to event. Single
/// threaded, like all that is attached to it.
///
///   World world(seed, {.latency = 20ms, .loss_percent = 10});
///   const SiteId home = world.add_nat(NatConfig::symmetric(), {*IpAddress::parse("203.0.113.1")});
///   const HostId alice = world.add_host({.name = "alice", .addresses = {…}, .site = home});
///   world.attach(alice, agent, [&](ice::Event& event) { … });
///   EXPECT_TRUE(world.run_until([&] { return connected; }, 30s)) << "seed " << seed;
///
/// Flows are UDP sockets, TCP connections and listeners (real segments over the same lines,
/// so that a loss holds up what follows it), and multicast groups among the hosts of a site.
/// A packet that is filtered, or that nobody has the address of, vanishes; a connection that
/// nobody listens for is refused.
///
/// Rules checked in every run, by throwing WorldFault: no packet is longer than the MTU
/// of the host's uplink; every packet leaves by a flow that is open; next_timeout() does
/// not stay in the past while handle_timeout() achieves nothing; a core does not produce
/// output without end in one instant.
class PETREL_API World {
 public:
  /// `default_link` is what every uplink is like unless the host says otherwise.
  explicit World(std::uint64_t seed, LinkConfig default_link = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// A site behind a NAT with these addresses outside. Families without an outside address
  /// are filtered but not translated. `outer` may itself be behind a NAT (carrier-grade NAT).
  SiteId add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer = internet);
  HostId add_host(HostConfig config);
  /// A packet leaves by the interface that has its source address; by default the first that is up.
  void add_interface(HostId host, InterfaceConfig config);
  /// What Resolve finds, after resolve_delay. Other names have no addresses.
  void add_name(std::string name, std::vector<IpAddress> addresses);

  /// Drives `core` on `host`; its sockets are bound to the host's addresses. Several cores
  /// may share a host. The core must live until the world is gone, or until detach().
  /// `on_event(event)` gets its events; it may call any core, and the world.
  template <FlowCore Core, class OnEvent>
  void attach(HostId host, Core& core, OnEvent on_event) {
    attach_core(host, &core, std::make_unique<AttachedCoreOf<Core, OnEvent>>(core, std::move(on_event)));
  }
  template <FlowCore Core>
  void attach(HostId host, Core& core) {
    attach(host, core, [](typename Core::Event&) {});
  }
  /// The same for what is no FlowCore but behaves like one. `identity` names it to detach().
  void attach_core(HostId host, const void* identity, std::unique_ptr<AttachedCore> core);
  /// Closes the core's flows and forgets it, as when its process ends: what it sent to
  /// streams still arrives. What it has ready and nobody took is lost, unless flush() does.
  void detach(const void* identity);
  void flush(const void* identity);

  /// Calls `run_ready` whenever all cores have come to rest, before time moves on: for an event
  /// loop beside the world. It returns whether it ran something, which may have called any core.
  void attach_loop(const void* identity, std::function<bool()> run_ready);
  void detach_loop(const void* identity);

  /// Calls `action` after `delay`.
  void after(Duration delay, std::function<void()> action);
  /// Calls `tell` with the time, now and whenever it has moved: for a clock that other
  /// libraries read (wall_clock.hpp). One function; empty: none.
  void on_time(std::function<void(TimePoint)> tell);
  /// Asked about the n-th packet (from 0) that any host sends.
  void set_tap(std::function<Fate(std::uint64_t index, const Packet& packet)> tap);

  /// The two directions of a host's line; of its first interface, or of the one named.
  Link& uplink(HostId host, std::string_view interface = {});
  Link& downlink(HostId host, std::string_view interface = {});
  Nat& nat(SiteId site);

  /// An address comes or goes; all of an interface do. Flows stay open, and nothing reaches
  /// or leaves an address that is not there. The host's cores are told, if they have
  /// handle_interfaces().
  void add_address(HostId host, const IpAddress& address, std::string_view interface = {});
  void remove_address(HostId host, const IpAddress& address);
  void set_up(HostId host, std::string_view interface, bool up);
  std::vector<LocalAddress> local_addresses(HostId host) const;

  /// Writes every packet from now on to a pcapng file for Wireshark: once as it leaves its
  /// host, and once as it arrives, on interfaces named "alice/eth0". Errors: what the system
  /// said about the path.
  Result<void> capture(const std::string& path);
  /// One line of an SSLKEYLOGFILE for the capture, so that Wireshark decrypts what comes after
  /// it: what a dtls::KeyLogSink is given (key_log.hpp is one). Ignored while there is no capture.
  void add_secret(std::string_view line);

  /// Drops packets over an MTU silently, as a network without ICMP does, instead of failing the run.
  void allow_too_big();

  /// Runs until `done()`, asked after every step, or until `limit` from now is over. `done`
  /// only looks: what it calls may change nothing.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration duration);

  TimePoint now() const;
  /// For cores: a source of its own for each call, that does not disturb the world's dice.
  SeededRandom fork_random();
  std::uint64_t seed() const;
  const WorldStats& stats() const;
  /// Seed, time and stats() in one line, for the message of a test that failed.
  std::string report() const;
  /// Of every packet sent, and every packet delivered, with times.
  std::uint64_t trace_hash() const;

  static constexpr Duration resolve_delay = std::chrono::milliseconds(20);
  /// The seconds since 1970 at TimePoint{}: 14 November 2023. Any date would do.
  static constexpr std::int64_t wall_clock_epoch = 1'700'000'000;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::sim
