// What ten thousand ICE agents on one UDP port cost: memory, set-ups, and consent checks when nothing else
// happens. The agents are in this process, their peers in another, each on a socket of its own.
//
//   ice_agents_bench [AGENTS [SECONDS]]

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/crypto/hmac.hpp"
#include "petrel/crypto/system_random.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/io/network.hpp"
#include "petrel/io/udp_mux.hpp"
#include "petrel/stun/builder.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const LocalAddress loopback{IpAddress::v4(127, 0, 0, 1), "lo"};

// What one process tells the other about an agent, or about its port.
struct Note {
  std::array<char, 32> ufrag{};
  std::array<char, 64> password{};
  std::uint16_t port = 0;
};

void write_all(int to, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(to, at, size);
    if (written <= 0) std::exit(1);
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}
void read_all(int from, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = ::read(from, at, size);
    if (got <= 0) std::exit(1);
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

// One agent on a network, as PeerConnection drives it.
struct Peer final : io::NetworkUser {
  Peer(io::Network& its_network, ice::AgentConfig config)
      : network(its_network), agent(network.now(), std::move(config), network.random()) {
    stream = agent.add_stream(network.now());
    id = network.attach(*this);
    agent.handle_interfaces(network.now(), {&loopback, 1});
    agent.gather(network.now());
    run();
  }
  ~Peer() { network.detach(id); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Note note() const {
    Note note;
    const ice::Credentials& credentials = agent.local_credentials(stream);
    std::strncpy(note.ufrag.data(), credentials.ufrag.c_str(), note.ufrag.size() - 1);
    std::strncpy(note.password.data(), credentials.password.c_str(), note.password.size() - 1);
    return note;
  }
  void meet(const Note& note, bool lite) {
    (void)agent.set_remote_credentials(network.now(), stream, {note.ufrag.data(), note.password.data()},
                                       lite);
    run();
  }
  void look_at(const Endpoint& endpoint) {
    ice::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = 2'130'706'431;
    candidate.endpoint = endpoint;
    (void)agent.add_remote_candidate(network.now(), stream, candidate);
    run();
  }
  bool connected() const {
    const ice::State state = agent.state(stream);
    return state == ice::State::connected || state == ice::State::completed;
  }

  void run() {
    while (auto transmit = agent.poll_transmit()) network.send(id, {&*transmit, 1});
    while (const auto request = agent.poll_request()) network.request(id, *request);
    while (agent.poll_event()) continue;
    network.set_timeout(id, agent.next_timeout());
  }
  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) agent.handle_datagram(network.now(), each);
    run();
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) local = opened->local;
    agent.handle_flow(network.now(), flow, change);
    run();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {
    agent.handle_timeout(network.now());
    run();
  }
  void on_writable() override { run(); }
  void on_network_gone() override {}

  io::Network& network;
  ice::Agent agent;
  ice::StreamId stream{};
  io::NetworkUserId id{};
  std::optional<Endpoint> local;
};

using Peers = std::vector<std::unique_ptr<Peer>>;

std::size_t count_connected(const Peers& peers) {
  return static_cast<std::size_t>(
      std::ranges::count_if(peers, [](const auto& peer) { return peer->connected(); }));
}

// The other process: peers that begin in groups, so that the port's buffer is not all that is measured.
[[noreturn]] void be_their_peers(int channel, std::size_t count, bool lite) {
  constexpr std::size_t group = 100;
  asio::io_context io(1);
  Network network(io.get_executor(), {.include_loopback = true, .socket_buffer_bytes = 1 << 16});
  Peers peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.push_back(
        std::make_unique<Peer>(network, ice::AgentConfig{.resolve_mdns = false, .gather_loopback = true}));
    const Note note = peers.back()->note();
    write_all(channel, &note, sizeof(note));
  }
  while (!std::ranges::all_of(peers, [](const auto& peer) { return peer->local.has_value(); })) io.run_one();
  std::vector<Note> notes(count);
  read_all(channel, notes.data(), count * sizeof(Note));
  for (std::size_t begun = 0; begun < count;) {
    for (std::size_t i = 0; i < group && begun < count; ++i, ++begun) {
      peers[begun]->meet(notes[begun], lite);
      peers[begun]->look_at({loopback.address, notes[begun].port});
    }
    const auto end = Clock::now() + 2s;
    while (Clock::now() < end &&
           !std::ranges::all_of(peers.begin() + static_cast<std::ptrdiff_t>(begun - std::min(group, begun)),
                                peers.begin() + static_cast<std::ptrdiff_t>(begun),
                                [](const auto& peer) { return peer->connected(); })) {
      io.run_one_for(1ms);
    }
  }
  char over = 0;
  bool ends = false;
  while (!ends) {
    io.run_for(100ms);
    ends = ::recv(channel, &over, 1, MSG_DONTWAIT) >= 0;
  }
  std::_Exit(0);
}

struct Use {
  std::size_t resident_bytes = 0;
  std::size_t allocated_bytes = 0;
  double cpu_seconds = 0;

  static Use now() {
    Use use;
    std::size_t total = 0;
    std::ifstream("/proc/self/statm") >> total >> use.resident_bytes;
    use.resident_bytes *= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    use.allocated_bytes = ::mallinfo2().uordblks;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    use.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    return use;
  }
};

void print_memory(const char* name, const Use& before, const Use& after, std::size_t count) {
  const auto each = [count](std::size_t a, std::size_t b) {
    return static_cast<double>(b - a) / static_cast<double>(count);
  };
  std::printf("  %-36s %10.0f bytes resident, %8.0f allocated, each\n", name,
              each(before.resident_bytes, after.resident_bytes),
              each(before.allocated_bytes, after.allocated_bytes));
}

void measure(std::size_t count, std::chrono::seconds idle, bool lite) {
  int channel[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, channel) != 0) std::exit(1);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) std::exit(1);
  if (child == 0) be_their_peers(channel[1], count, lite);
  ::close(channel[1]);
  std::vector<Note> theirs(count);
  read_all(channel[0], theirs.data(), count * sizeof(Note));
  std::vector<Note> ours(count);

  asio::io_context io(1);
  Network network(io.get_executor(), {.include_loopback = true, .udp_port = 0});
  const Use start = Use::now();
  Peers peers;
  peers.reserve(count);
  ice::AgentConfig config;
  config.role = ice::Role::controlled;
  config.lite = lite;
  config.resolve_mdns = false;
  config.gather_loopback = true;
  for (std::size_t i = 0; i < count; ++i) {
    peers.push_back(std::make_unique<Peer>(network, config));
    peers.back()->meet(theirs[i], false);
  }
  while (!std::ranges::all_of(peers, [](const auto& peer) { return peer->local.has_value(); })) io.run_one();
  const Use made = Use::now();
  for (std::size_t i = 0; i < count; ++i) {
    ours[i] = peers[i]->note();
    ours[i].port = peers[i]->local->port;
  }
  write_all(channel[0], ours.data(), count * sizeof(Note));

  const auto begin = Clock::now();
  std::size_t connected = 0;
  while ((connected = count_connected(peers)) < count && Clock::now() - begin < 5min) io.run_for(10ms);
  const std::chrono::duration<double> took = Clock::now() - begin;
  const Use up = Use::now();
  io.run_for(2s);
  const Use calm = Use::now();
  io.run_for(idle);
  const Use end = Use::now();
  std::printf("%zu %s agents on one port, %zu of them connected, %zu after the pause\n", count,
              lite ? "lite" : "full", connected, count_connected(peers));
  print_memory("before they meet", start, made, count);
  print_memory("connected", start, end, count);
  std::printf("  %-36s %10.0f a second; of one core alone %.0f\n", "set-ups",
              static_cast<double>(connected) / took.count(),
              static_cast<double>(connected) / (up.cpu_seconds - made.cpu_seconds));
  std::printf("  %-36s %10.1f %% of a core\n", "consent, and nothing else",
              (end.cpu_seconds - calm.cpu_seconds) / static_cast<double>(idle.count()) * 100);
  const io::UdpMuxStats& stats = network.shared_port_stats();
  std::printf(
      "  %-36s %10llu for nobody\n", "datagrams",
      static_cast<unsigned long long>(stats.unknown_source + stats.unknown_response + stats.unknown_ufrag));
  const char over = 0;
  write_all(channel[0], &over, 1);
  ::close(channel[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
}

// What a request with a wrong password costs, for a ufrag that is known: one that is refused, and one of a
// flood, which is dropped. Without the sockets, which cost both as much to receive and the first to answer.
void measure_forgeries() {
  constexpr int count = 100'000;
  crypto::SystemRandom random;
  TimePoint now{};
  ice::Agent agent(now, {.role = ice::Role::controlled, .gather_loopback = true}, random);
  const ice::StreamId stream = agent.add_stream(now);
  agent.handle_interfaces(now, {&loopback, 1});
  agent.gather(now);
  const Endpoint us{loopback.address, 1000};
  FlowId flow{};
  while (const auto request = agent.poll_request()) {
    if (const auto* bind = std::get_if<BindUdp>(&*request)) flow = bind->flow;
  }
  agent.handle_flow(now, flow, FlowOpened{.local = us});
  // Without remote credentials, so that it waits for as long as this takes.
  crypto::HmacSha1Key key(as_bytes("this is not the password"));
  stun::Builder builder(stun::Class::request, stun::Method::binding, random.bytes<12>());
  builder.username(agent.local_credentials(stream).ufrag + ":them").priority(1).ice_controlling(1);
  const PacketBuffer forged = builder.finish({.integrity = &key}).value();
  for (const Duration apart : {Duration(50ms), Duration(0)}) {
    std::size_t answers = 0;
    now += 1min;
    const Use begin = Use::now();
    for (int i = 0; i < count; ++i) {
      now += apart;
      agent.handle_datagram(now, {flow, {loopback.address, 2000}, us, forged.bytes()});
      while (agent.poll_transmit()) ++answers;
    }
    const double took = Use::now().cpu_seconds - begin.cpu_seconds;
    std::printf("  %-36s %10.2f us each; %zu of %d answered\n",
                apart == Duration(0) ? "forged requests, in a flood" : "forged requests, 20 a second",
                took * 1e6 / count, answers, count);
  }
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  const std::size_t count = count_of_arguments > 1 ? std::strtoul(arguments[1], nullptr, 10) : 10'000;
  const std::chrono::seconds idle(count_of_arguments > 2 ? std::strtol(arguments[2], nullptr, 10) : 20);
  // A socket for each of their peers.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, count + 100);
  ::setrlimit(RLIMIT_NOFILE, &files);
  for (const bool lite : {true, false}) {
    // In a process of its own: what another run has freed would not be counted.
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child < 0) return 1;
    if (child == 0) {
      measure(count, idle, lite);
      return 0;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  measure_forgeries();
}
