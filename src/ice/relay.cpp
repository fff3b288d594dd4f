#include "ice/relay.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::ice {
namespace {}  // namespace

bool is_stream(TransportProtocol protocol) {
  return protocol == TransportProtocol::tcp || protocol == TransportProtocol::tls;
}

void Relays::add(RelayRoute route) { queued_.push_back(std::move(route)); }

void Relays::start_question() {
  RelayRoute route = std::move(queued_.front());
  queued_.pop_front();
  start(std::move(route));
}

void Relays::start(RelayRoute route) {
  if (relays_.size() >= max_relays) {
    news_.push_back(RelayFailed{route.report});
    return;
  }
  auto relay = std::make_unique<Relay>();
  relay->is_stream = is_stream(route.server.uri.protocol);
  relay->owns_flow = relay->is_stream || route.base_is_shared;
  relay->flow = relay->owns_flow ? shared_.next_flow() : route.base;
  relay->route = std::move(route);
  const Endpoint local{relay->route.local.address, 0};
  if (relay->is_stream) {
    shared_.requests.push_back(Connect{relay->flow, local, relay->route.endpoint});
  } else if (relay->owns_flow) {
    shared_.requests.push_back(BindUdp{relay->flow, local});
  } else {
    make_client(*relay);
  }
  relays_.push_back(std::move(relay));
  sweep();
}

void Relays::make_client(Relay& relay) {
  const RelayRoute& route = relay.route;
  turn::ClientConfig config;
  config.flow = relay.flow;
  config.server = route.endpoint;
  config.protocol = route.server.uri.protocol;
  config.server_name = route.server.uri.host;
  config.credentials = route.server.credentials;
  config.both_families = shared_.config.gather_ipv6;
  config.setup_limit = shared_.config.gathering_limit;
  if (relay.is_stream && shared_.config.http_proxy) {
    config.http_proxy = shared_.config.http_proxy;
    config.tunnel_to = route.target;
  }
  config.tls = shared_.config.turn_tls;
  config.log = shared_.config.log;
  relay.client = std::make_unique<turn::Client>(shared_.now, std::move(config), shared_.random);
  collect(relay);
}

bool Relays::is_busy() const {
  const auto undecided = [](const auto& relay) { return !relay->over && relay->addresses.empty(); };
  return !queued_.empty() || std::ranges::any_of(relays_, undecided);
}

void Relays::give_up() {
  for (RelayRoute& route : std::exchange(queued_, {})) news_.push_back(RelayFailed{route.report});
  for (const auto& relay : relays_) {
    if (!relay->addresses.empty() || relay->over) continue;
    if (!relay->client && relay->is_stream) {
      fail(*relay, std::make_error_code(std::errc::timed_out),
           "no TCP connection to " + relay->route.endpoint.to_string() +
               " in time: its port is blocked, or it is down");
    }
    end(*relay);
  }
  sweep();
}

bool Relays::handle_datagram(const Datagram& datagram) {
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    Relay& relay = *relays_[i];
    if (relay.flow != datagram.flow || !relay.client || relay.over) continue;
    if (!relay.client->handle_datagram(shared_.now, datagram)) continue;
    collect(relay);
    sweep();
    return true;
  }
  return false;
}

void Relays::handle_flow(FlowId flow, const FlowChange& change) {
  const bool gone = std::holds_alternative<FlowFailed>(change) || std::holds_alternative<FlowClosed>(change);
  if (gone) {
    std::erase_if(queued_, [&](const RelayRoute& route) {
      const bool lost = route.base == flow && !is_stream(route.server.uri.protocol);
      if (lost) news_.push_back(RelayFailed{route.report});
      return lost;
    });
  }
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    Relay& relay = *relays_[i];
    // The socket beside the base has gone with its address, whether or not the system says so.
    const bool lost_beside = gone && relay.owns_flow && !relay.is_stream && relay.route.base == flow;
    if (lost_beside && !relay.over) {
      end(relay);
      continue;
    }
    if (relay.flow != flow || relay.over) continue;
    if (!relay.client) {
      if (std::holds_alternative<FlowOpened>(change)) {
        make_client(relay);
      } else if (gone) {
        const auto* failed = std::get_if<FlowFailed>(&change);
        const std::error_code error =
            failed != nullptr ? failed->error : make_error_code(turn::Errc::connection_closed);
        const std::string what = relay.is_stream ? "no TCP connection to " + relay.route.endpoint.to_string()
                                                 : std::string("no socket for it");
        fail(relay, error, what + ": " + error.message());
        end(relay);
      }
    } else {
      relay.client->handle_flow(shared_.now, flow, change);
      collect(relay);
      if (gone && !relay.over) end(relay);
    }
  }
  sweep();
}

void Relays::handle_timeout() {
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    Relay& relay = *relays_[i];
    if (!relay.client || relay.over) continue;
    relay.client->handle_timeout(shared_.now);
    collect(relay);
  }
  sweep();
}

std::optional<TimePoint> Relays::next_timeout() const {
  std::optional<TimePoint> next;
  for (const auto& relay : relays_) {
    if (!relay->client || relay->over) continue;
    const auto due = relay->client->next_timeout();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

// Moves on what the client has to say and to send.
void Relays::collect(Relay& relay, std::uint8_t dscp) {
  while (auto transmit = relay.client->poll_transmit()) {
    shared_.queue(transmit->flow, transmit->destination, std::move(transmit->payload), dscp);
  }
  while (!relay.over) {
    auto event = relay.client->poll_event();
    if (!event) return;
    if (auto* received = std::get_if<turn::Received>(&*event)) {
      const auto address = std::ranges::find(relay.addresses, received->relayed, &Address::relayed);
      if (address == relay.addresses.end()) continue;
      if (received_.size() >= max_relayed_packets) {
        ++shared_.stats.relayed_dropped;
        continue;
      }
      received_.push_back({address->flow, received->peer, received->relayed, std::move(received->payload)});
    } else if (const auto* allocated = std::get_if<turn::Allocated>(&*event)) {
      for (const Endpoint& relayed : allocated->relayed) {
        relay.addresses.push_back({shared_.next_flow(), relayed});
        news_.push_back(RelayOpened{relay.route, relay.addresses.back().flow, relayed, allocated->mapped});
      }
    } else if (const auto* redirected = std::get_if<turn::Redirected>(&*event)) {
      redirect(relay, *redirected);
    } else if (std::holds_alternative<turn::Lost>(*event)) {
      end(relay);
    }
  }
}

void Relays::redirect(Relay& relay, const turn::Redirected& redirected) {
  RelayRoute route = relay.route;
  end(relay);
  if (++route.redirections > max_redirections) return;
  if (is_stream(route.server.uri.protocol) && shared_.config.http_proxy) {
    route.target = redirected.server.to_string();
  } else {
    route.endpoint = redirected.server;
  }
  if (!redirected.domain.empty()) route.server.uri.host = redirected.domain;
  queued_.push_back(std::move(route));
}

// The relay is of no use any more; sweep() removes it.
void Relays::end(Relay& relay) {
  relay.over = true;
  if (relay.owns_flow) {
    // A question that was just repeated has nowhere to go any more.
    shared_.transmits.remove_if([&](const Transmit& transmit) { return transmit.flow == relay.flow; });
    shared_.requests.push_back(CloseFlow{relay.flow});
  }
  if (relay.addresses.empty()) news_.push_back(RelayFailed{relay.route.report});
  for (const Address& address : relay.addresses) {
    news_.push_back(RelayClosed{address.flow, relay.route.report});
    if (ended_.size() >= max_relays) ended_.erase(ended_.begin());
    ended_.push_back(address.flow);
  }
}

void Relays::fail(const Relay& relay, std::error_code error, std::string text) {
  ServerReport& report = shared_.server_reports[relay.route.report];
  report.error = error;
  report.text = std::move(text);
}

void Relays::sweep() {
  for (const auto& relay : relays_) {
    if (!relay->over || !relay->client) continue;
    const turn::ClientReport report = relay->client->report();
    if (report.stage == turn::Stage::handshake || report.stage == turn::Stage::allocating) {
      fail(*relay, std::make_error_code(std::errc::timed_out),
           "no answer from " + relay->route.endpoint.to_string() + " in time: it is blocked, or down");
    } else if (!report.text.empty()) {
      fail(*relay, report.error, report.text);
    }
  }
  std::erase_if(relays_, [](const auto& relay) { return relay->over; });
}

Relays::Relay* Relays::find(FlowId virtual_flow) const {
  for (const auto& relay : relays_) {
    for (const Address& address : relay->addresses) {
      if (address.flow == virtual_flow && !relay->over) return relay.get();
    }
  }
  return nullptr;
}

bool Relays::send(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp) {
  Relay* relay = find(flow);
  if (relay == nullptr) return false;
  const auto sent = relay->client->send(shared_.now, destination, std::move(payload));
  collect(*relay, dscp);
  return bool(sent);
}

std::optional<RelayedPacket> Relays::poll_received() {
  if (received_.empty()) return std::nullopt;
  RelayedPacket packet = std::move(received_.front());
  received_.pop_front();
  return packet;
}

std::optional<RelayNews> Relays::poll_news() {
  if (news_.empty()) return std::nullopt;
  RelayNews news = std::move(news_.front());
  news_.pop_front();
  return news;
}

void Relays::verify(FlowId flow) {
  if (Relay* relay = find(flow)) verify(*relay);
}

void Relays::verify() {
  for (std::size_t i = 0; i < relays_.size(); ++i) verify(*relays_[i]);
}

void Relays::verify(Relay& relay) {
  if (relay.over || relay.addresses.empty()) return;
  relay.client->verify(shared_.now);
  collect(relay);
}

void Relays::set_credentials(const TurnServer& server) {
  for (RelayRoute& route : queued_) {
    if (route.server.uri == server.uri) route.server.credentials = server.credentials;
  }
  for (const auto& relay : relays_) {
    if (!(relay->route.server.uri == server.uri)) continue;
    relay->route.server.credentials = server.credentials;
    if (relay->client) relay->client->set_credentials(shared_.now, server.credentials);
    if (relay->client) collect(*relay);
  }
  sweep();
}

void Relays::close() {
  queued_.clear();
  for (const auto& relay : relays_) {
    if (relay->client) {
      relay->client->close(shared_.now);
      while (auto transmit = relay->client->poll_transmit()) {
        shared_.queue(transmit->flow, transmit->destination, std::move(transmit->payload));
      }
    }
    if (relay->owns_flow) shared_.requests.push_back(CloseFlow{relay->flow});
  }
  relays_.clear();
  received_.clear();
  news_.clear();
}

}  // namespace petrel::inline v0::ice
