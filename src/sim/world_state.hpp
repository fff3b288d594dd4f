#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/sim/event_queue.hpp"
#include "petrel/sim/world.hpp"
#include "sim/pcapng.hpp"
#include "sim/tcp_connection.hpp"
#include "sim/topology.hpp"

namespace petrel::inline v0::sim {

using RunnerId = Strong<std::uint32_t, struct RunnerIdTag>;

/// The two ends of a TCP connection, as its host sees them.
struct StreamKey {
  Endpoint local;
  Endpoint remote;

  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
};

/// What world.hpp promises. Three sources: time and cores in world.cpp, packets and UDP in
/// world_packets.cpp, TCP in world_streams.cpp.
class World::State {
 public:
  State(std::uint64_t its_seed, LinkConfig link) : seed(its_seed), random(its_seed), default_link(link) {}

  struct UdpFlow {
    Endpoint local;
    std::optional<Endpoint> group{};  // The interface that joined it has the address `local`.
  };
  struct ListenFlow {
    Endpoint local;
  };
  /// A stream that the other end has closed or broken. What the core still sends on it, not
  /// having heard of that, goes nowhere.
  struct EndedFlow {};
  using Flow = std::variant<UdpFlow, ListenFlow, StreamKey, EndedFlow>;

  /// A core, and what it has open.
  struct Runner {
    RunnerId id;
    HostId host;
    const void* identity;  // nullptr once it is detached.
    std::unique_ptr<AttachedCore> core;
    std::unordered_map<FlowId, Flow> flows{};
    FlowId next_accepted = first_accepted_flow;
    bool touched = true;  // It may have output, or another deadline than we know of.
    std::optional<TimePoint> deadline{};
    TimePoint counted_at{};      // The instant that these two are about:
    unsigned idle_timeouts = 0;  // handle_timeout() calls that changed nothing.
    unsigned busy_timeouts = 0;  // All calls.
  };

  struct UdpSocket {
    RunnerId owner;
    FlowId flow;
    UdpFlow bound;
  };
  struct Listener {
    RunnerId owner;
    FlowId flow;
    Endpoint local;
  };
  struct Stream {
    TcpConnection connection;
    std::optional<RunnerId> owner;   // None: closed by its core, and still sending; or not accepted yet.
    FlowId flow;                     // Before it is accepted: the listener's.
    bool accepted;                   // Always true of one that we opened.
    std::optional<TimePoint> wakes;  // When a StreamTimer is queued.
  };
  struct Host {
    std::string name;
    bool announces_addresses;
    std::uint16_t next_port;
    std::unordered_multimap<std::uint16_t, UdpSocket> udp{};  // By local port.
    std::vector<Listener> listeners{};
    std::map<StreamKey, Stream> streams{};
  };

  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  struct CaptureFile {
    std::unique_ptr<std::FILE, CloseFile> file;
    PcapngWriter writer{};
    std::map<InterfaceId, CaptureInterface> interfaces{};

    void write();
  };
  struct InSite {  // A packet left its host and is in this site.
    SiteId site;
    Packet packet;
  };
  struct AtInterface {
    InterfaceId interface;
    Packet packet;
  };
  struct StreamTimer {
    HostId host;
    StreamKey key;
  };
  struct Answer {
    RunnerId runner;
    std::uint32_t id;
    std::string name;
  };
  using Happening = std::variant<InSite, AtInterface, StreamTimer, Answer, std::function<void()>>;

  // Time and cores: world.cpp.
  void attach(HostId host, const void* identity, std::unique_ptr<AttachedCore> core);
  void detach(const void* identity);
  void tell_addresses(HostId host);
  bool run_until(const std::function<bool()>& done, Duration limit);
  void advance_to(TimePoint time);
  std::optional<TimePoint> next_time() const;
  void step();
  void run_timers();
  void settle();
  void settle_cores();
  bool run_loops();
  void flush(const void* identity);
  bool pump(Runner& runner);
  void touch_all();
  void handle(Answer&& happening);
  void handle(std::function<void()>&& action);
  void perform(Runner& runner, const Resolve& request);
  void perform(Runner& runner, const PauseFlow& request);
  void perform(Runner& runner, const ResumeFlow& request);
  void perform(Runner& runner, const CloseFlow& request);
  void tell(Runner& runner, FlowId flow, const FlowChange& change);
  void refuse(Runner& runner, FlowId flow, std::errc error);
  void open(Runner& runner, FlowId flow, Flow opened);
  /// nullptr: detached.
  Runner* find(RunnerId id) {
    Runner* const runner = runners[id.value].get();
    return runner != nullptr && runner->identity != nullptr ? runner : nullptr;
  }
  IpAddress outside_address();
  IpAddress inside_address();
  [[noreturn]] void fault(const Runner& runner, const std::string& what) const;

  // Packets and UDP: world_packets.cpp.
  void perform(Runner& runner, const BindUdp& request);
  void perform(Runner&, const NameUfrags&) {
  }  // A core that is attached by itself shares its ports with nobody.
  void perform(Runner& runner, const JoinMulticast& request);
  void send(Runner& runner, Transmit&& transmit);
  void emit(const Runner* sender, HostId host, Packet&& packet);
  void handle(InSite&& happening);
  void handle(AtInterface&& happening);
  void spread(SiteId site, const Packet& packet);
  void arrive(InterfaceId interface, Packet&& packet);
  void deliver_to_members(InterfaceId interface, const Packet& packet);
  bool is_member(const UdpSocket& socket, InterfaceId interface, const Endpoint& group) const;
  void deliver_datagram(RunnerId owner, FlowId flow, const Packet& packet);
  bool udp_port_is_free(const Host& host, const Endpoint& local, bool shared) const;
  void close_udp(Host& host, RunnerId owner, FlowId flow, const UdpFlow& bound);
  void record(char what, const Packet& packet);
  Result<void> capture(const std::string& path);
  void capture(InterfaceId interface, PcapngWriter::Direction direction, const Packet& packet);

  // TCP: world_streams.cpp.
  void perform(Runner& runner, const Connect& request);
  void perform(Runner& runner, const Listen& request);
  void handle(StreamTimer&& happening);
  void deliver_segment(HostId host, Packet&& packet);
  void serve(HostId host, const StreamKey& key);
  void tell_of_stream(HostId host, const StreamKey& key, Stream& stream,
                      TcpConnection::Happening&& happening);
  void accept(HostId host, const StreamKey& key, Stream& stream);
  void set_paused(Runner& runner, FlowId flow, bool paused);
  void close_stream(HostId host, const StreamKey& key);
  std::size_t max_segment_bytes(HostId host, const Endpoint& local);

  /// The endpoint with a port, where it has none, that `is_free` says yes to, if there is one.
  template <class IsFree>
  Endpoint with_port(Host& host, Endpoint local, IsFree is_free);

  std::uint64_t seed;
  SeededRandom random;
  LinkConfig default_link;
  TimePoint now{};
  Topology topology;
  std::vector<Host> hosts;
  std::vector<std::unique_ptr<Runner>> runners;  // By id; null once detached and forgotten.
  std::vector<Runner*> active;                   // The others, in the order in which they came.
  bool forgets = false;                          // Some of them are detached, and perhaps on the stack.
  std::vector<std::pair<const void*, std::function<bool()>>> loops;
  std::map<std::string, std::vector<IpAddress>> names;
  EventQueue<Happening> queue;
  std::function<Fate(std::uint64_t, const Packet&)> tap;
  std::function<void(TimePoint)> tell_time;
  std::optional<CaptureFile> capture_file;
  bool too_big_allowed = false;
  std::uint32_t automatic_addresses = 0;
  WorldStats stats;
  std::uint64_t trace_hash = 14695981039346656037ULL;  // FNV-1a's start.
};

/// Where ephemeral ports begin, RFC 6335 6.
inline constexpr std::uint16_t first_ephemeral_port = 49152;

/// Whether two sockets at these endpoints would hear the same packets.
inline bool overlap(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port || a.address.family() != b.address.family()) return false;
  return a.address == b.address || a.address.is_unspecified() || b.address.is_unspecified();
}

template <class IsFree>
Endpoint World::State::with_port(Host& host, Endpoint local, IsFree is_free) {
  if (local.port != 0) return local;
  for (unsigned tries = first_ephemeral_port; tries <= 65535; ++tries) {
    local.port = host.next_port;
    host.next_port =
        host.next_port == 65535 ? first_ephemeral_port : static_cast<std::uint16_t>(host.next_port + 1);
    if (is_free(local)) break;
  }
  return local;
}

}  // namespace petrel::inline v0::sim
