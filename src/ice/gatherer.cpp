#include "ice/gatherer.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "ice/addresses.hpp"
#include "ice/local_names.hpp"
#include "ice/ports.hpp"
#include "ice/priority.hpp"

namespace petrel::inline v0::ice {
namespace {

// Over all rounds of gather(); interfaces that come and go get new sockets.
constexpr std::size_t max_sockets_ever = 256;

// A server elsewhere cannot be asked from an address that does not leave the host or the link.
bool can_reach(const IpAddress& local, const IpAddress& server) {
  return local.family() == server.family() && local.is_loopback() == server.is_loopback() &&
         local.is_link_local() == server.is_link_local();
}

bool is_port_taken(const FlowChange& change) {
  const auto* failed = std::get_if<FlowFailed>(&change);
  return failed != nullptr && failed->error == std::errc::address_in_use;
}

// RFC 9110 9.3.6: what CONNECT names.
std::string authority(const turn::ServerUri& uri) {
  const bool literal = uri.host.find(':') != std::string::npos;
  return (literal ? "[" + uri.host + "]" : uri.host) + ":" + std::to_string(uri.port);
}

// What raddr says where it is to say nothing.
Endpoint nowhere(IpFamily family) { return {family == IpFamily::v4 ? IpAddress{} : IpAddress::v6({}), 0}; }

// Among relays: UDP before what runs over streams, where one lost segment delays all that
// follows, and the first address of a server before its second. Far from other sockets' preferences.
std::uint16_t relay_preference(std::uint16_t socket, TransportProtocol protocol, IpFamily family) {
  std::uint16_t step = 0;
  if (protocol == TransportProtocol::dtls) step = 2;
  if (protocol == TransportProtocol::tcp) step = 4;
  if (protocol == TransportProtocol::tls) step = 6;
  if (family == IpFamily::v6) step += 1;
  return static_cast<std::uint16_t>(socket - 0x1000 * step);
}

}  // namespace

void Gatherer::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  std::vector<LocalAddress> now_up(addresses.begin(), addresses.end());
  const bool changed = interfaces_ && *interfaces_ != now_up;
  interfaces_ = std::move(now_up);
  if (wanted_ || (changed && gathered_)) gather(now);
}

void Gatherer::gather(TimePoint now) {
  wanted_ = !interfaces_;
  if (wanted_) return;
  // Whoever gathers again may do so because a relay has gone quiet.
  if (gathered_) relays_.verify();
  running_ = gathered_ = true;
  limit_ = now + shared_.config.gathering_limit;
  relays_forgone_ = false;
  if (shared_.config.relay_after && !relay_only() && !shared_.config.turn_servers.empty()) {
    relays_due_ = now + *shared_.config.relay_after;
    limit_ = *relays_due_ + shared_.config.gathering_limit;
  }
  bind_sockets();
  find_servers();
  collect();
}

void Gatherer::bind_sockets() {
  const AddressPolicy policy{.loopback = shared_.config.gather_loopback, .ipv6 = shared_.config.gather_ipv6};
  const std::vector<IpAddress> addresses = choose_addresses(chosen_interfaces(), policy);
  close_missing_sockets(addresses);
  for (const IpAddress& address : addresses) {
    const bool bound = std::ranges::any_of(sockets_, [&](const Socket& socket) {
      return socket.local.address == address && socket.state != SocketState::failed;
    });
    if (bound || sockets_.size() >= max_sockets_ever) continue;
    Socket socket;
    socket.local = {address, 0};
    // RFC 8445 5.1.2.1: unique per address; what comes first is preferred.
    socket.preference = static_cast<std::uint16_t>(0xffff - sockets_.size());
    sockets_.push_back(socket);
    bind(sockets_.back());
  }
  if (shared_.config.tcp != TcpCandidates::none && !relay_only()) connections_.use(addresses);
}

void Gatherer::bind(Socket& socket) {
  socket.flow = shared_.next_flow();
  if (!shared_.config.gather_udp) {
    socket.state = SocketState::unbound;
    return;
  }
  const std::uint16_t port =
      next_port(shared_.config.ports, socket.local.port, socket.ports_tried, shared_.random);
  shared_.requests.push_back(BindUdp{socket.flow, {socket.local.address, port}, true});
}

std::vector<LocalAddress> Gatherer::chosen_interfaces() const {
  const AgentConfig& config = shared_.config;
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::vector<LocalAddress> chosen;
  for (const LocalAddress& each : *interfaces_) {
    if (!config.interfaces.empty() && !is_in(config.interfaces, each.interface_name)) continue;
    if (is_in(config.excluded_interfaces, each.interface_name)) continue;
    if (config.local_addresses.admits(each.address)) chosen.push_back(each);
  }
  return chosen;
}

// An interface that went away took its sockets along, whatever the system says about them.
void Gatherer::close_missing_sockets(const std::vector<IpAddress>& addresses) {
  for (const Socket& socket : std::vector(sockets_)) {
    if (socket.state == SocketState::failed) continue;
    if (std::ranges::find(addresses, socket.local.address) != addresses.end()) continue;
    shared_.requests.push_back(CloseFlow{socket.flow});
    handle_flow(socket.flow, FlowFailed{std::make_error_code(std::errc::address_not_available)});
  }
}

void Gatherer::name_servers() {
  if (shared_.config.lite) return;  // RFC 8445 5.2: host candidates are all it has.
  if (!relay_only()) {
    for (const StunServer& stun : shared_.config.stun_servers) {
      if (servers_.size() >= max_stun_servers) break;
      const bool bracketed = stun.host.find(':') != std::string::npos;
      const std::string host = bracketed ? '[' + stun.host + ']' : stun.host;
      servers_.push_back({"stun:" + host + ':' + std::to_string(stun.port), stun.host, stun.port});
    }
  }
  std::size_t count = 0;
  for (const TurnServer& turn : shared_.config.turn_servers) {
    if (++count > max_turn_servers) break;
    // Who must go by a proxy often cannot resolve the server's name either.
    const auto& proxy = shared_.config.http_proxy;
    const bool tunneled = proxy && is_stream(turn.uri.protocol);
    servers_.push_back({to_string(turn.uri), tunneled ? proxy->host : turn.uri.host,
                        tunneled ? proxy->port : turn.uri.port, turn});
  }
}

void Gatherer::find_servers() {
  if (servers_.empty()) name_servers();
  for (Server& server : servers_) {
    if (!server.endpoints.empty()) {
      // A later round: what has failed before is asked again, and sockets that open ask by themselves.
      for (const Endpoint& endpoint : server.endpoints) ask(server, endpoint);
    } else if (const auto address = IpAddress::parse(server.host)) {
      server.endpoints.push_back({*address, server.port});
      ask(server, server.endpoints.back());
    } else if (!server.resolving) {
      server.resolving = ++last_resolve_;
      server.report = shared_.server_reports.size();
      shared_.server_reports.push_back({server.url, {}, {}, ServerOutcome::resolving, shared_.now, {}});
      shared_.requests.push_back(Resolve{*server.resolving, server.host});
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
      server.endpoints.push_back({*address, server.port});
      if (running_) ask(server, server.endpoints.back());
    }
    if (server.endpoints.empty()) {
      ++shared_.stats.servers_unanswered;
      decide(server.report, ServerOutcome::name_unknown,
             "the name " + server.host + " has no address: it is misspelt, or DNS cannot be reached");
    } else {
      decide(server.report, ServerOutcome::answered);
    }
  }
  finish_if_done();
}

void Gatherer::ask(const Server& server, const Endpoint& endpoint) {
  for (const Socket& socket : sockets_) ask_from(socket, server, endpoint);
}

void Gatherer::ask_from(const Socket& socket, const Server& server, const Endpoint& endpoint) {
  const bool by_stream = server.turn && is_stream(server.turn->uri.protocol);
  const bool usable =
      socket.state == SocketState::open || (socket.state == SocketState::unbound && by_stream);
  if (!usable || !can_reach(socket.local.address, endpoint.address)) return;
  const std::size_t report = report_on(socket, server, endpoint);
  ServerReport& entry = shared_.server_reports[report];
  if (entry.outcome == ServerOutcome::asked || entry.outcome == ServerOutcome::answered) return;
  entry.outcome = ServerOutcome::waiting;
  if (!server.turn) {
    questions_.push_back({socket.flow, endpoint, report});
  } else if (!relays_due_ && !relays_forgone_) {
    relays_.add({.server = *server.turn,
                 .endpoint = endpoint,
                 .base = socket.flow,
                 .local = socket.local,
                 .base_is_shared = socket.shared,
                 .preference = socket.preference,
                 .report = report,
                 .target = authority(server.turn->uri)});
    entry.outcome = ServerOutcome::asked;
    entry.asked = shared_.now;
  }
}

// The place of the report on this server as seen from this socket; a new one, or that of a former round.
std::size_t Gatherer::report_on(const Socket& socket, const Server& server, const Endpoint& endpoint) {
  auto& reports = shared_.server_reports;
  const auto known = std::ranges::find_if(reports, [&](const ServerReport& report) {
    return report.url == server.url && report.endpoint == endpoint && report.local == socket.local;
  });
  if (known != reports.end()) return static_cast<std::size_t>(known - reports.begin());
  reports.push_back({server.url, endpoint, socket.local, ServerOutcome::waiting, {}, {}});
  return reports.size() - 1;
}

void Gatherer::decide(std::size_t report, ServerOutcome outcome, std::string_view text) {
  ServerReport& entry = shared_.server_reports[report];
  entry.outcome = outcome;
  entry.decided = shared_.now;
  if (!text.empty()) entry.text = text;
}

void Gatherer::give_up(std::size_t report, std::string_view text) {
  decide(report, ServerOutcome::failed, text);
  shared_.server_reports[report].error = std::make_error_code(std::errc::timed_out);
}

void Gatherer::ask_relays() {
  relays_due_.reset();
  for (const Server& server : servers_) {
    if (!server.turn) continue;
    for (const Endpoint& endpoint : server.endpoints) ask(server, endpoint);
  }
  finish_if_done();
}

void Gatherer::forgo_relays() {
  if (!relays_due_) return;
  relays_due_.reset();
  relays_forgone_ = true;
  for (ServerReport& report : shared_.server_reports) {
    if (report.outcome == ServerOutcome::waiting && report.url.starts_with("turn"))
      report.outcome = ServerOutcome::not_needed;
  }
  finish_if_done();
}

void Gatherer::set_turn_credentials(const TurnServer& server) {
  for (Server& known : servers_) {
    if (known.turn && known.turn->uri == server.uri) known.turn->credentials = server.credentials;
  }
  for (TurnServer& known : shared_.config.turn_servers) {
    if (known.uri == server.uri) known.credentials = server.credentials;
  }
  relays_.set_credentials(server);
  collect();
}

void Gatherer::handle_flow(FlowId flow, const FlowChange& change) {
  relays_.handle_flow(flow, change);
  connections_.handle_flow(flow, change);
  Socket* socket = find(flow);
  if (socket != nullptr && socket->state != SocketState::failed) {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      if (socket->state != SocketState::binding) return;
      socket->state = SocketState::open;
      socket->local = opened->local;
      socket->shared = opened->shared;
      shared_.shares_port = shared_.shares_port || opened->shared;
      if (!relay_only()) {
        Candidate candidate;
        candidate.foundation = foundations_.of(CandidateType::host, socket->local.address);
        candidate.priority = candidate_priority(CandidateType::host, socket->preference);
        candidate.endpoint = socket->local;
        candidates_.push_back(
            {.candidate = std::move(candidate), .flow = flow, .name = name_of(socket->local.address)});
      }
      for (const ExternalAddress& mapping : shared_.config.external_addresses) {
        if (mapping.local == socket->local.address && !relay_only())
          handle_mapped(flow, {mapping.external, 0}, {mapping.external, socket->local.port});
      }
      for (const Server& server : servers_) {
        for (const Endpoint& endpoint : server.endpoints) ask_from(*socket, server, endpoint);
      }
    } else if (is_port_taken(change) && socket->state == SocketState::binding &&
               socket->ports_tried < ports_to_try(shared_.config.ports)) {
      bind(*socket);
    } else if (std::holds_alternative<FlowFailed>(change)) {
      socket->state = SocketState::failed;
      ++shared_.stats.sockets_failed;
      fail_candidates(flow);
      keepalive_.forget(flow);
      std::erase_if(questions_, [&](const Question& question) { return question.flow == flow; });
      std::erase_if(asking_, [&](const Asking& asking) { return asking.question.flow == flow; });
    }
  }
  collect();
}

void Gatherer::fail_candidates(FlowId flow) {
  for (LocalCandidate& local : candidates_) {
    if (local.flow == flow) local.usable = false;
  }
  shared_.failed_flows.push_back(flow);
}

void Gatherer::start_question(TimePoint now) {
  if (questions_.empty()) {
    relays_.start_question();
  } else {
    const Question question = questions_.front();
    questions_.erase(questions_.begin());
    stun::BindingClientConfig config;
    config.flow = question.flow;
    config.server = question.server;
    asking_.push_back({question, stun::BindingClient(now, std::move(config), shared_.random)});
    ServerReport& report = shared_.server_reports[question.report];
    report.outcome = ServerOutcome::asked;
    report.asked = now;
  }
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

bool Gatherer::handle_relayed(const Datagram& datagram) {
  if (!relays_.handle_datagram(datagram)) return false;
  collect();
  return true;
}

void Gatherer::handle_timeout(TimePoint now) {
  if (limit_ && now >= *limit_) stop_asking();
  if (relays_due_ && now >= *relays_due_) ask_relays();
  if (retry_at_ && now >= *retry_at_) ask_for_lost_relays();
  for (Asking& asking : asking_) asking.client.handle_timeout(now);
  relays_.handle_timeout();
  connections_.handle_timeout();
  keepalive_.handle_timeout();
  collect();
}

std::optional<TimePoint> Gatherer::next_timeout() const {
  std::optional<TimePoint> next = earlier(earlier(limit_, relays_due_), relays_.next_timeout());
  next = earlier(next, connections_.next_timeout());
  next = earlier(next, keepalive_.next_timeout());
  next = earlier(next, retry_at_);
  for (const Asking& asking : asking_) next = earlier(next, asking.client.next_timeout());
  return next;
}

// Moves on what the clients have to say.
void Gatherer::collect() {
  std::erase_if(asking_, [&](Asking& asking) {
    while (auto transmit = asking.client.poll_transmit()) {
      shared_.queue(transmit->flow, transmit->destination, std::move(transmit->payload));
    }
    const auto event = asking.client.poll_event();
    if (!event) return false;
    const Question& question = asking.question;
    if (const auto* mapped = std::get_if<stun::MappedAddress>(&*event)) {
      handle_mapped(question.flow, question.server, mapped->address);
      keepalive_.keep(question.flow, question.server);
      decide(question.report, ServerOutcome::answered);
    } else {
      ++shared_.stats.servers_unanswered;
      give_up(question.report, "no answer: UDP to it is blocked, or it is down");
    }
    return true;
  });
  while (const auto news = relays_.poll_news()) handle_news(*news);
  // Behind the UDP candidates, which are the better ones.
  while (const auto news = connections_.poll_news(is_waiting_for_sockets())) handle_tcp(*news);
  finish_if_done();
}

void Gatherer::handle_news(const RelayNews& news) {
  if (const auto* opened = std::get_if<RelayOpened>(&news)) {
    handle_relay(*opened);
  } else if (const auto* closed = std::get_if<RelayClosed>(&news)) {
    ++shared_.stats.relays_lost;
    fail_candidates(closed->flow);
    decide(closed->report, ServerOutcome::failed);
    miss_relay(closed->report);
  } else if (const auto* failed = std::get_if<RelayFailed>(&news)) {
    ++shared_.stats.servers_unanswered;
    decide(failed->report, ServerOutcome::failed);
    if (std::ranges::find(missed_relays_, failed->report) != missed_relays_.end()) miss_relay(failed->report);
  }
}

void Gatherer::handle_relay(const RelayOpened& opened) {
  const RelayRoute& route = opened.route;
  decide(route.report, ServerOutcome::answered);
  find_again(route.report);
  const TransportProtocol protocol = route.server.uri.protocol;
  // Seen from another socket than the base it says nothing about the base.
  if (protocol == TransportProtocol::udp && !route.base_is_shared && !relay_only())
    handle_mapped(route.base, route.endpoint, opened.mapped);
  Candidate candidate;
  candidate.foundation =
      foundations_.of(CandidateType::relay, opened.relayed.address, route.endpoint.address, protocol);
  candidate.priority = candidate_priority(
      CandidateType::relay, relay_preference(route.preference, protocol, opened.relayed.address.family()));
  candidate.endpoint = opened.relayed;
  candidate.type = CandidateType::relay;
  // RFC 8445 5.1.1.2; but who relays for privacy does not want to be seen (RFC 8828 5.2).
  candidate.related = relay_only() ? nowhere(opened.relayed.address.family()) : opened.mapped;
  candidates_.push_back({.candidate = std::move(candidate), .flow = opened.flow});
}

// The name that is told in place of the address; empty: the address.
std::string Gatherer::name_of(const IpAddress& address) {
  if (!shared_.config.publish_mdns || shared_.names == nullptr || address.is_loopback()) return "";
  return shared_.names->publish(address).value_or("");
}

// RFC 6544 5.1: host candidates, and those that a 1:1 NAT makes of them.
void Gatherer::handle_tcp(const TcpNews& news) {
  const auto* opened = std::get_if<TcpSocketOpened>(&news);
  if (opened == nullptr) return fail_candidates(std::get<TcpSocketFailed>(news).flow);
  const IpAddress& address = opened->local.address;
  Candidate candidate;
  candidate.foundation = foundations_.of(CandidateType::host, address, {}, TransportProtocol::tcp);
  candidate.protocol = TransportProtocol::tcp;
  candidate.tcp_type = opened->tcp_type;
  candidate.priority = tcp_candidate_priority(CandidateType::host, candidate.tcp_type, opened->preference);
  candidate.endpoint = opened->local;
  candidates_.push_back({.candidate = candidate, .flow = opened->flow, .name = name_of(address)});
  if (opened->tcp_type != tcp_passive) return;
  candidate.type = CandidateType::server_reflexive;
  candidate.priority = tcp_candidate_priority(candidate.type, candidate.tcp_type, opened->preference);
  candidate.related = shared_.config.publish_mdns ? nowhere(address.family()) : opened->local;
  for (const ExternalAddress& mapping : shared_.config.external_addresses) {
    if (mapping.local != address) continue;
    candidate.foundation = foundations_.of(candidate.type, address, mapping.external, TransportProtocol::tcp);
    candidate.endpoint = {mapping.external, opened->local.port};
    candidates_.push_back({.candidate = candidate, .flow = opened->flow});
  }
}

void Gatherer::handle_mapped(FlowId flow, const Endpoint& server, const Endpoint& mapped) {
  const Socket* socket = find(flow);
  if (socket == nullptr || mapped.port == 0 || mapped.address.family() != socket->local.address.family())
    return;
  // RFC 8445 5.1.3: redundant if address and base are those of another. Without a NAT
  // it is the host candidate again.
  const bool known = std::ranges::any_of(candidates_, [&](const LocalCandidate& local) {
    return local.flow == flow && local.candidate.endpoint == mapped;
  });
  if (known) return;
  Candidate candidate;
  candidate.foundation =
      foundations_.of(CandidateType::server_reflexive, socket->local.address, server.address);
  candidate.priority = candidate_priority(CandidateType::server_reflexive, socket->preference);
  candidate.endpoint = mapped;
  candidate.type = CandidateType::server_reflexive;
  candidate.related = shared_.config.publish_mdns ? nowhere(mapped.address.family()) : socket->local;
  candidates_.push_back({.candidate = std::move(candidate), .flow = flow});
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
  constexpr std::string_view late = "no answer in time: UDP to it is blocked, or it is down";
  for (const Asking& asking : asking_) give_up(asking.question.report, late);
  for (const Question& question : questions_) give_up(question.report, late);
  asking_.clear();
  questions_.clear();
  for (Server& server : servers_) {
    if (!server.resolving) continue;
    server.resolving.reset();
    decide(server.report, ServerOutcome::name_unknown, "DNS did not answer in time");
  }
  relays_.give_up();
  limit_.reset();
}

// Sockets are waited for in any case: without them there is nothing at all, and a bind
// is answered at once. After the limit nothing else is.
void Gatherer::finish_if_done() {
  const bool resolving =
      std::ranges::any_of(servers_, [](const Server& server) { return server.resolving.has_value(); });
  const bool busy = resolving || is_waiting_for_sockets() || !questions_.empty() || !asking_.empty() ||
                    relays_due_ || relays_.is_busy() || connections_.is_busy();
  if (busy) return;
  limit_.reset();
  if (std::exchange(running_, false)) done_ = true;
}

void Gatherer::close() {
  stop_asking();
  relays_due_.reset();
  retry_at_.reset();
  relays_.close();
  connections_.close();
  for (const Socket& socket : sockets_) {
    if (socket.state == SocketState::binding || socket.state == SocketState::open)
      shared_.requests.push_back(CloseFlow{socket.flow});
  }
  for (const Socket& socket : std::exchange(sockets_, {})) keepalive_.forget(socket.flow);
  running_ = wanted_ = false;
}

bool Gatherer::has_open(FlowId flow) const {
  if (relays_.owns(flow) || connections_.owns(flow)) return true;
  const auto it = std::ranges::find(sockets_, flow, &Socket::flow);
  return it != sockets_.end() && it->state == SocketState::open;
}

Gatherer::Socket* Gatherer::find(FlowId flow) {
  const auto it = std::ranges::find(sockets_, flow, &Socket::flow);
  return it == sockets_.end() ? nullptr : &*it;
}

}  // namespace petrel::inline v0::ice
