#include <algorithm>
#include <utility>

#include "sim/world_state.hpp"

namespace petrel::inline v0::sim {

// ---- What cores ask for -----------------------------------------------------

void World::State::perform(Runner& runner, const Connect& request) {
  Host& host = hosts[runner.host.value];
  const IpFamily family = request.remote.address.family();
  Endpoint local = request.local;
  if (local.address.is_unspecified()) {
    const auto address = topology.default_address(runner.host, family);
    if (!address) return refuse(runner, request.flow, std::errc::network_unreachable);
    local.address = *address;
  }
  if (local.address.family() != family) return refuse(runner, request.flow, std::errc::invalid_argument);
  if (!topology.interface_with(runner.host, local.address)) {
    return refuse(runner, request.flow, std::errc::address_not_available);
  }
  const auto is_free = [&](const Endpoint& each) { return !host.streams.contains({each, request.remote}); };
  // As a kernel has it: where somebody listens nobody else may begin, but who said so of himself.
  const auto is_strange = [&](const Listener& each) {
    return overlap(each.local, local) && (each.owner != runner.id || !request.from_listener);
  };
  if (local.port != 0 && std::ranges::any_of(host.listeners, is_strange)) {
    return refuse(runner, request.flow, std::errc::address_in_use);
  }
  local = with_port(host, local, is_free);
  if (!is_free(local)) return refuse(runner, request.flow, std::errc::address_in_use);

  const StreamKey key{local, request.remote};
  open(runner, request.flow, key);
  host.streams.emplace(key, Stream{TcpConnection(now, TcpConnection::Role::active, local, request.remote,
                                                 max_segment_bytes(runner.host, local)),
                                   runner.id, request.flow, true, std::nullopt});
  serve(runner.host, key);
}

void World::State::perform(Runner& runner, const Listen& request) {
  Host& host = hosts[runner.host.value];
  if (!request.local.address.is_unspecified() &&
      !topology.interface_with(runner.host, request.local.address)) {
    return refuse(runner, request.flow, std::errc::address_not_available);
  }
  const auto is_free = [&](const Endpoint& local) {
    return std::ranges::none_of(host.listeners,
                                [&](const Listener& each) { return overlap(each.local, local); });
  };
  const Endpoint local = with_port(host, request.local, is_free);
  if (!is_free(local)) return refuse(runner, request.flow, std::errc::address_in_use);

  open(runner, request.flow, ListenFlow{local});
  host.listeners.push_back({runner.id, request.flow, local});
  tell(runner, request.flow, FlowOpened{local});
}

void World::State::perform(Runner& runner, const PauseFlow& request) {
  set_paused(runner, request.flow, true);
}
void World::State::perform(Runner& runner, const ResumeFlow& request) {
  set_paused(runner, request.flow, false);
}

void World::State::set_paused(Runner& runner, FlowId flow, bool paused) {
  const auto found = runner.flows.find(flow);
  const auto* key = found == runner.flows.end() ? nullptr : std::get_if<StreamKey>(&found->second);
  if (key == nullptr) return;
  const StreamKey copy = *key;
  auto& streams = hosts[runner.host.value].streams;
  const auto stream = streams.find(copy);
  if (stream == streams.end() || !stream->second.connection.set_paused(paused)) return;
  // What had waited comes as if it came now, and not from inside of a request.
  queue.push(now, StreamTimer{runner.host, copy});
  stream->second.wakes = now;
}

void World::State::close_stream(HostId host, const StreamKey& key) {
  auto& streams = hosts[host.value].streams;
  const auto stream = streams.find(key);
  if (stream == streams.end()) return;
  stream->second.owner.reset();
  stream->second.connection.close(now);
  serve(host, key);
}

// ---- What happens to them ---------------------------------------------------

void World::State::handle(StreamTimer&& happening) {
  auto& streams = hosts[happening.host.value].streams;
  const auto stream = streams.find(happening.key);
  if (stream == streams.end() || stream->second.wakes != now) return;
  stream->second.wakes.reset();
  stream->second.connection.handle_timeout(now);
  serve(happening.host, happening.key);
}

void World::State::deliver_segment(HostId id, Packet&& packet) {
  Host& host = hosts[id.value];
  const StreamKey key{packet.destination, packet.source};
  auto stream = host.streams.find(key);
  if (stream == host.streams.end() && packet.tcp.syn && !packet.tcp.ack) {
    const auto listener = std::ranges::find_if(
        host.listeners, [&](const Listener& each) { return overlap(each.local, packet.destination); });
    if (listener != host.listeners.end()) {
      stream = host.streams
                   .emplace(key, Stream{TcpConnection(now, TcpConnection::Role::passive, key.local,
                                                      key.remote, max_segment_bytes(id, key.local)),
                                        listener->owner, listener->flow, false, std::nullopt})
                   .first;
    }
  }
  if (stream == host.streams.end()) {
    ++stats.refused;
    if (packet.tcp.rst) return;
    // RFC 9293 3.10.7.1: there is no such connection.
    emit(nullptr, id,
         {packet.destination,
          packet.source,
          {},
          TransportProtocol::tcp,
          {.sequence = packet.tcp.acknowledgment, .ack = true, .rst = true}});
    return;
  }
  ++stats.delivered;
  record('<', packet);
  stream->second.connection.handle_segment(now, packet);
  serve(id, key);
}

// Carries on what a call into the connection has caused. The connection may be gone after it.
void World::State::serve(HostId host, const StreamKey& key) {
  auto& streams = hosts[host.value].streams;
  // Looked up each time: whoever hears of one thing may close the stream, or its whole core.
  auto found = streams.find(key);
  for (; found != streams.end(); found = streams.find(key)) {
    auto happening = found->second.connection.poll_happening();
    if (!happening) break;
    tell_of_stream(host, key, found->second, *std::move(happening));
  }
  if (found == streams.end()) return;
  Stream& stream = found->second;
  while (auto segment = stream.connection.poll_segment()) emit(nullptr, host, *std::move(segment));
  if (stream.connection.over()) {
    streams.erase(found);
    return;
  }
  // A deadline that moved away is found out when its old time comes.
  const auto due = stream.connection.next_timeout();
  if (due && (!stream.wakes || *due < *stream.wakes)) {
    stream.wakes = std::max(*due, now);
    queue.push(*stream.wakes, StreamTimer{host, key});
  }
}

void World::State::tell_of_stream(HostId host, const StreamKey& key, Stream& stream,
                                  TcpConnection::Happening&& happening) {
  const auto* change = std::get_if<FlowChange>(&happening);
  if (!stream.accepted) {
    // One that broke before it was open is news to nobody.
    if (change != nullptr && std::holds_alternative<FlowOpened>(*change)) accept(host, key, stream);
    return;
  }
  Runner* const runner = stream.owner ? find(*stream.owner) : nullptr;
  if (runner == nullptr) return;
  const FlowId flow = stream.flow;
  if (const auto* bytes = std::get_if<PacketBuffer>(&happening)) {
    runner->touched = true;
    runner->core->handle_datagram(now, {flow, key.remote, key.local, bytes->bytes()});
    return;
  }
  if (std::holds_alternative<FlowClosed>(*change) || std::holds_alternative<FlowFailed>(*change)) {
    runner->flows[flow] = EndedFlow{};
    stream.owner.reset();
  }
  tell(*runner, flow, *change);
}

// Gives a new connection to the core that listens, or breaks it off if nobody does any more.
void World::State::accept(HostId host, const StreamKey& key, Stream& stream) {
  Runner* const runner = find(*stream.owner);
  const auto& listeners = hosts[host.value].listeners;
  const bool listening = std::ranges::any_of(listeners, [&](const Listener& each) {
    return each.owner == *stream.owner && each.flow == stream.flow;
  });
  if (runner == nullptr || !listening) {
    return stream.connection.abort();
  }
  const FlowId listener = stream.flow;
  stream.flow = runner->next_accepted;
  runner->next_accepted = FlowId{runner->next_accepted.value + 1};
  stream.accepted = true;
  open(*runner, stream.flow, key);
  tell(*runner, stream.flow, FlowAccepted{listener, key.local, key.remote});
}

// What the line of that address takes. Connections to another network may be told less by the other end.
std::size_t World::State::max_segment_bytes(HostId host, const Endpoint& local) {
  const auto interface = topology.interface_with(host, local.address);
  const std::size_t mtu = interface ? topology.interface(*interface).uplink.config().mtu_bytes : 0;
  const std::size_t headers = header_bytes(local.address.family(), TransportProtocol::tcp);
  constexpr std::size_t least = 64;  // A line that carries less than that carries no IP either.
  return std::max(mtu, headers + least) - headers;
}

}  // namespace petrel::inline v0::sim
