#include "ice/gatherer.hpp"

#include <algorithm>
#include <utility>

#include "ice/addresses.hpp"
#include "ice/priority.hpp"

namespace petrel::inline v0::ice {
namespace {

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Over all rounds of gather(); interfaces that come and go get new sockets.
constexpr std::size_t max_sockets_ever = 256;

// A server elsewhere cannot be asked from an address that does not leave the host or the link.
bool can_reach(const IpAddress& local, const IpAddress& server) {
  return local.family() == server.family() && local.is_loopback() == server.is_loopback() &&
         local.is_link_local() == server.is_link_local();
}

}  // namespace

void Gatherer::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  interfaces_.emplace(addresses.begin(), addresses.end());
  if (wanted_) gather(now);
}

void Gatherer::gather(TimePoint now) {
  wanted_ = !interfaces_;
  if (wanted_) return;
  running_ = true;
  limit_ = now + shared_.config.gathering_limit;
  bind_sockets();
  find_servers();
  finish_if_done();
}

void Gatherer::bind_sockets() {
  const AddressPolicy policy{.loopback = shared_.config.gather_loopback, .ipv6 = shared_.config.gather_ipv6};
  for (const IpAddress& address : choose_addresses(*interfaces_, policy)) {
    const bool bound = std::ranges::any_of(sockets_, [&](const Socket& socket) {
      return socket.local.address == address && socket.state != SocketState::failed;
    });
    if (bound || sockets_.size() >= max_sockets_ever) continue;
    Socket socket;
    socket.flow = FlowId{++last_flow_};
    socket.local = {address, 0};
    // RFC 8445 5.1.2.1: unique per address; what comes first is preferred.
    socket.preference = static_cast<std::uint16_t>(0xffff - sockets_.size());
    sockets_.push_back(socket);
    shared_.requests.push_back(BindUdp{socket.flow, socket.local});
  }
}

void Gatherer::find_servers() {
  if (!servers_.empty()) {
    return;  // A later round: sockets that open ask the servers that are known.
  }
  for (const StunServer& name : shared_.config.stun_servers) {
    if (servers_.size() >= max_stun_servers) break;
    Server& server = servers_.emplace_back(Server{name, {}, {}});
    if (const auto address = IpAddress::parse(name.host)) {
      server.endpoints.push_back({*address, name.port});
      ask(server.endpoints.back());
    } else {
      server.resolving = ++last_resolve_;
      shared_.requests.push_back(Resolve{*server.resolving, name.host});
    }
  }
}

void Gatherer::handle_resolved(std::uint32_t id, std::span<const IpAddress> addresses) {
  for (Server& server : servers_) {
    if (server.resolving != id) continue;
    server.resolving.reset();
    for (const IpFamily family : {IpFamily::v6, IpFamily::v4}) {
      const auto address = std::ranges::find(addresses, family, &IpAddress::family);
      if (address == addresses.end()) continue;
      server.endpoints.push_back({*address, server.name.port});
      if (running_) ask(server.endpoints.back());
    }
    if (server.endpoints.empty()) ++shared_.stats.servers_unanswered;
  }
  finish_if_done();
}

void Gatherer::ask(const Endpoint& server) {
  for (const Socket& socket : sockets_) ask_from(socket, server);
}

void Gatherer::ask_from(const Socket& socket, const Endpoint& server) {
  if (socket.state != SocketState::open || !can_reach(socket.local.address, server.address)) return;
  questions_.push_back({socket.flow, server});
}

void Gatherer::handle_flow(FlowId flow, const FlowChange& change) {
  Socket* socket = find(flow);
  if (socket == nullptr || socket->state == SocketState::failed) return;
  if (const auto* opened = std::get_if<FlowOpened>(&change)) {
    if (socket->state != SocketState::binding) return;
    socket->state = SocketState::open;
    socket->local = opened->local;
    Candidate candidate;
    candidate.foundation = foundations_.of(CandidateType::host, socket->local.address);
    candidate.priority = candidate_priority(CandidateType::host, socket->preference);
    candidate.endpoint = socket->local;
    candidates_.push_back({std::move(candidate), flow});
    for (const Server& server : servers_) {
      for (const Endpoint& endpoint : server.endpoints) ask_from(*socket, endpoint);
    }
  } else if (std::holds_alternative<FlowFailed>(change)) {
    socket->state = SocketState::failed;
    ++shared_.stats.sockets_failed;
    for (LocalCandidate& local : candidates_) {
      if (local.flow == flow) local.usable = false;
    }
    std::erase_if(questions_, [&](const Question& question) { return question.flow == flow; });
    std::erase_if(asking_, [&](const Asking& asking) { return asking.question.flow == flow; });
  }
  finish_if_done();
}

void Gatherer::start_question(TimePoint now) {
  const Question question = questions_.front();
  questions_.erase(questions_.begin());
  stun::BindingClientConfig config;
  config.flow = question.flow;
  config.server = question.server;
  asking_.push_back({question, stun::BindingClient(now, std::move(config), shared_.random)});
  collect();
}

bool Gatherer::handle_response(TimePoint now, const Datagram& datagram) {
  for (Asking& asking : asking_) {
    const std::uint64_t unexpected = asking.client.stats().unexpected + asking.client.stats().malformed;
    if (!asking.client.handle_datagram(now, datagram)) continue;
    const auto& stats = asking.client.stats();
    if (stats.unexpected + stats.malformed != unexpected) continue;  // Another client's, perhaps.
    collect();
    return true;
  }
  return false;
}

void Gatherer::handle_timeout(TimePoint now) {
  if (limit_ && now >= *limit_) stop_asking();
  for (Asking& asking : asking_) asking.client.handle_timeout(now);
  collect();
}

std::optional<TimePoint> Gatherer::next_timeout() const {
  std::optional<TimePoint> next = limit_;
  for (const Asking& asking : asking_) next = earlier(next, asking.client.next_timeout());
  return next;
}

// Moves on what the clients have to say.
void Gatherer::collect() {
  std::erase_if(asking_, [&](Asking& asking) {
    while (auto transmit = asking.client.poll_transmit()) {
      shared_.transmit(transmit->flow, transmit->destination, std::move(transmit->payload));
    }
    const auto event = asking.client.poll_event();
    if (!event) return false;
    if (const auto* mapped = std::get_if<stun::MappedAddress>(&*event)) {
      handle_mapped(asking.question, mapped->address);
    } else {
      ++shared_.stats.servers_unanswered;
    }
    return true;
  });
  finish_if_done();
}

void Gatherer::handle_mapped(const Question& question, const Endpoint& mapped) {
  const Socket* socket = find(question.flow);
  if (socket == nullptr || mapped.port == 0 || mapped.address.family() != socket->local.address.family())
    return;
  // RFC 8445 5.1.3: redundant if address and base are those of another. Without a NAT
  // it is the host candidate again.
  const bool known = std::ranges::any_of(candidates_, [&](const LocalCandidate& local) {
    return local.flow == question.flow && local.candidate.endpoint == mapped;
  });
  if (known) return;
  Candidate candidate;
  candidate.foundation =
      foundations_.of(CandidateType::server_reflexive, socket->local.address, question.server.address);
  candidate.priority = candidate_priority(CandidateType::server_reflexive, socket->preference);
  candidate.endpoint = mapped;
  candidate.type = CandidateType::server_reflexive;
  candidate.related = socket->local;
  candidates_.push_back({std::move(candidate), question.flow});
}

const LocalCandidate* Gatherer::poll_candidate() {
  return polled_ < candidates_.size() ? &candidates_[polled_++] : nullptr;
}

bool Gatherer::poll_done() { return polled_ == candidates_.size() && std::exchange(done_, false); }

bool Gatherer::is_waiting_for_sockets() const {
  return std::ranges::find(sockets_, SocketState::binding, &Socket::state) != sockets_.end();
}

void Gatherer::stop_asking() {
  shared_.stats.servers_unanswered += asking_.size() + questions_.size();
  asking_.clear();
  questions_.clear();
  for (Server& server : servers_) server.resolving.reset();
  limit_.reset();
}

// Sockets are waited for in any case: without them there is nothing at all, and a bind
// is answered at once. After the limit nothing else is.
void Gatherer::finish_if_done() {
  const bool resolving =
      std::ranges::any_of(servers_, [](const Server& server) { return server.resolving.has_value(); });
  const bool busy = resolving || is_waiting_for_sockets() || !questions_.empty() || !asking_.empty();
  if (busy) return;
  limit_.reset();
  if (std::exchange(running_, false)) done_ = true;
}

void Gatherer::close() {
  for (const Socket& socket : sockets_) {
    if (socket.state != SocketState::failed) shared_.requests.push_back(CloseFlow{socket.flow});
  }
  sockets_.clear();
  stop_asking();
  running_ = wanted_ = false;
}

bool Gatherer::has_open(FlowId flow) const {
  const auto it = std::ranges::find(sockets_, flow, &Socket::flow);
  return it != sockets_.end() && it->state == SocketState::open;
}

Gatherer::Socket* Gatherer::find(FlowId flow) {
  const auto it = std::ranges::find(sockets_, flow, &Socket::flow);
  return it == sockets_.end() ? nullptr : &*it;
}

}  // namespace petrel::inline v0::ice
