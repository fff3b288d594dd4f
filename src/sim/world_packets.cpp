#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "sim/world_state.hpp"

namespace petrel::inline v0::sim {
namespace {

Packet copy_of(const Packet& packet) {
  return {packet.source,   packet.destination, PacketBuffer::copy_of(packet.payload.bytes()).value(),
          packet.protocol, packet.tcp,         packet.dscp,
          packet.ecn};
}

// RFC 3168 5: only of senders that say that they understand it.
void mark(Packet& packet, const Arrivals& arrivals) {
  if (arrivals.marked() && packet.ecn != Ecn::not_ect) packet.ecn = Ecn::ce;
}

}  // namespace

// ---- UDP sockets ------------------------------------------------------------

void World::State::perform(Runner& runner, const BindUdp& request) {
  Host& host = hosts[runner.host.value];
  if (!request.local.address.is_unspecified() &&
      !topology.interface_with(runner.host, request.local.address)) {
    return refuse(runner, request.flow, std::errc::address_not_available);
  }
  const auto is_free = [&](const Endpoint& local) { return udp_port_is_free(host, local, false); };
  const Endpoint local = with_port(host, request.local, is_free);
  if (!is_free(local)) return refuse(runner, request.flow, std::errc::address_in_use);

  const UdpFlow bound{local};
  open(runner, request.flow, bound);
  host.udp.emplace(local.port, UdpSocket{runner.id, request.flow, bound});
  tell(runner, request.flow, FlowOpened{local});
}

void World::State::perform(Runner& runner, const JoinMulticast& request) {
  Host& host = hosts[runner.host.value];
  const Endpoint local{request.interface, request.group.port};
  if (!request.group.address.is_multicast() || request.group.address.family() != request.interface.family()) {
    return refuse(runner, request.flow, std::errc::invalid_argument);
  }
  if (!topology.interface_with(runner.host, request.interface)) {
    return refuse(runner, request.flow, std::errc::address_not_available);
  }
  if (!udp_port_is_free(host, local, true)) return refuse(runner, request.flow, std::errc::address_in_use);

  const UdpFlow bound{local, request.group};
  open(runner, request.flow, bound);
  host.udp.emplace(local.port, UdpSocket{runner.id, request.flow, bound});
  tell(runner, request.flow, FlowOpened{local});
}

// Sockets of groups share their port with each other, and with nobody else.
bool World::State::udp_port_is_free(const Host& host, const Endpoint& local, bool shared) const {
  const auto [begin, end] = host.udp.equal_range(local.port);
  return std::none_of(begin, end, [&](const auto& entry) {
    const UdpFlow& bound = entry.second.bound;
    return overlap(bound.local, local) && !(shared && bound.group);
  });
}

void World::State::close_udp(Host& host, RunnerId owner, FlowId flow, const UdpFlow& bound) {
  const auto [begin, end] = host.udp.equal_range(bound.local.port);
  const auto socket = std::find_if(begin, end, [&](const auto& entry) {
    return entry.second.owner == owner && entry.second.flow == flow;
  });
  if (socket != end) host.udp.erase(socket);
}

// ---- On the way out ---------------------------------------------------------

void World::State::send(Runner& runner, Transmit&& transmit) {
  const auto flow = runner.flows.find(transmit.flow);
  if (flow == runner.flows.end() || std::holds_alternative<ListenFlow>(flow->second)) {
    fault(runner, "a packet leaves by a flow that is not open");
  }
  if (std::holds_alternative<EndedFlow>(flow->second)) return;
  if (const auto* key = std::get_if<StreamKey>(&flow->second)) {
    Stream& stream = hosts[runner.host.value].streams.at(*key);
    stream.connection.write(now, transmit.payload.bytes());
    serve(runner.host, StreamKey(*key));
    return;
  }

  Packet packet{std::get<UdpFlow>(flow->second).local, transmit.destination, std::move(transmit.payload)};
  packet.dscp = transmit.dscp;
  packet.ecn = transmit.ecn;
  if (packet.source.address.family() != packet.destination.address.family()) {
    fault(runner, "an IPv4 socket sends to IPv6, or the other way round");
  }
  if (packet.source.address.is_unspecified()) {
    packet.source.address =
        topology.default_address(runner.host, packet.source.address.family()).value_or(IpAddress{});
  }
  emit(&runner, runner.host, std::move(packet));
}

// Puts a packet on the line. `sender` is to blame for it, if there is one.
void World::State::emit(const Runner* sender, HostId host, Packet&& packet) {
  const Fate fate = tap ? tap(stats.sent, packet) : Fate{};
  ++stats.sent;
  record('>', packet);
  const auto id = topology.interface_with(host, packet.source.address);
  if (!id) {
    ++stats.unroutable;
    return;
  }
  if (capture_file) capture(*id, PcapngWriter::Direction::outbound, packet);
  Interface& interface = topology.interface(*id);
  const std::size_t bytes = ip_size(packet);
  if (bytes > interface.uplink.config().mtu_bytes) {
    if (sender != nullptr && !too_big_allowed) {
      fault(*sender, "a packet of " + std::to_string(packet.payload.size()) + " bytes is over the MTU");
    }
    ++stats.too_big;
    return;
  }
  if (fate.drop) {
    ++stats.lost;
    return;
  }
  for (unsigned copy = 0; copy < fate.copies; ++copy) {
    const Arrivals arrivals = interface.uplink.carry(now, bytes, random);
    if (arrivals.empty()) ++stats.lost;
    mark(packet, arrivals);
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      const bool last = copy + 1 == fate.copies && i + 1 == arrivals.size();
      queue.push(arrivals[i] + fate.delay,
                 InSite{interface.site, last ? std::move(packet) : copy_of(packet)});
    }
  }
}

void World::State::handle(InSite&& happening) {
  Packet& packet = happening.packet;
  if (packet.destination.address.is_multicast()) return spread(happening.site, packet);

  const Topology::Route route = topology.route(now, happening.site, packet);
  if (route.interface) {
    arrive(*route.interface, std::move(packet));
  } else if (route.loss == Topology::Loss::filtered) {
    ++stats.filtered;
  } else {
    ++stats.unroutable;
  }
}

// To every interface of the site where somebody has joined the group; the sender's too, as
// sockets have it by default.
void World::State::spread(SiteId site, const Packet& packet) {
  for (const InterfaceId id : topology.members(site)) {
    const Interface& interface = topology.interface(id);
    const auto [begin, end] = hosts[interface.host.value].udp.equal_range(packet.destination.port);
    const bool joined = std::any_of(
        begin, end, [&](const auto& entry) { return is_member(entry.second, id, packet.destination); });
    if (joined) arrive(id, copy_of(packet));
  }
}

// ---- On the way in ----------------------------------------------------------

void World::State::arrive(InterfaceId id, Packet&& packet) {
  Interface& interface = topology.interface(id);
  const std::size_t bytes = ip_size(packet);
  if (bytes > interface.downlink.config().mtu_bytes) {
    ++stats.too_big;
    return;
  }
  const Arrivals arrivals = interface.downlink.carry(now, bytes, random);
  if (arrivals.empty()) ++stats.lost;
  mark(packet, arrivals);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const bool last = i + 1 == arrivals.size();
    queue.push(arrivals[i], AtInterface{id, last ? std::move(packet) : copy_of(packet)});
  }
}

void World::State::handle(AtInterface&& happening) {
  Packet& packet = happening.packet;
  const HostId host = topology.interface(happening.interface).host;
  const bool multicast = packet.destination.address.is_multicast();
  if (!multicast && topology.interface_with(host, packet.destination.address) != happening.interface) {
    ++stats.unroutable;
    return;
  }
  if (capture_file) capture(happening.interface, PcapngWriter::Direction::inbound, packet);
  if (packet.protocol == TransportProtocol::tcp) return deliver_segment(host, std::move(packet));

  if (multicast) return deliver_to_members(happening.interface, packet);

  const auto [begin, end] = hosts[host.value].udp.equal_range(packet.destination.port);
  const auto socket = std::find_if(
      begin, end, [&](const auto& entry) { return overlap(entry.second.bound.local, packet.destination); });
  if (socket == end) {
    ++stats.refused;
  } else {
    deliver_datagram(socket->second.owner, socket->second.flow, packet);
  }
}

void World::State::deliver_to_members(InterfaceId id, const Packet& packet) {
  const HostId host = topology.interface(id).host;
  // A list first: whoever gets the packet may open and close sockets.
  std::vector<std::pair<RunnerId, FlowId>> members;
  const auto [begin, end] = hosts[host.value].udp.equal_range(packet.destination.port);
  for (auto it = begin; it != end; ++it) {
    if (is_member(it->second, id, packet.destination))
      members.emplace_back(it->second.owner, it->second.flow);
  }
  if (members.empty()) ++stats.refused;
  for (const auto& [owner, flow] : members) deliver_datagram(owner, flow, packet);
}

bool World::State::is_member(const UdpSocket& socket, InterfaceId id, const Endpoint& group) const {
  return socket.bound.group == group &&
         topology.interface_with(topology.interface(id).host, socket.bound.local.address) == id;
}

void World::State::deliver_datagram(RunnerId owner, FlowId flow, const Packet& packet) {
  Runner* const runner = find(owner);
  if (runner == nullptr) return;
  ++stats.delivered;
  record('<', packet);
  runner->touched = true;
  runner->core->handle_datagram(
      now, {flow, packet.source, packet.destination, packet.payload.bytes(), packet.ecn});
}

// ---- The capture ------------------------------------------------------------

Result<void> World::State::capture(const std::string& path) {
  capture_file.reset();
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return std::error_code(errno, std::generic_category());
  capture_file.emplace(CaptureFile{std::unique_ptr<std::FILE, CloseFile>(file)});
  capture_file->write();
  return {};
}

void World::State::capture(InterfaceId id, PcapngWriter::Direction direction, const Packet& packet) {
  auto [entry, added] = capture_file->interfaces.try_emplace(id);
  if (added) {
    const Interface& interface = topology.interface(id);
    entry->second =
        capture_file->writer.add_interface(hosts[interface.host.value].name + "/" + interface.name);
  }
  const Duration since_1970 = std::chrono::seconds(wall_clock_epoch) + now.time_since_epoch();
  capture_file->writer.add_packet(entry->second, since_1970, direction, packet);
  capture_file->write();
}

// A full disk shows when the file is looked at; it does not change the run.
void World::State::CaptureFile::write() {
  const auto bytes = writer.take();
  std::fwrite(bytes.data(), 1, bytes.size(), file.get());
}

// ---- The trace --------------------------------------------------------------

// FNV-1a over words instead of bytes: a call hashes some megabytes.
void World::State::record(char what, const Packet& packet) {
  std::uint64_t hash = trace_hash;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 1099511628211ULL;
    hash ^= hash >> 32;  // A product never carries high bits down.
  };
  const auto mix_bytes = [&mix](Bytes bytes) {
    std::size_t at = 0;
    for (; at < bytes.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, std::min(sizeof(word), bytes.size() - at));
      mix(word);
    }
  };
  mix(static_cast<std::uint64_t>(what));
  mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  for (const Endpoint* endpoint : {&packet.source, &packet.destination}) {
    mix_bytes(std::as_bytes(std::span(endpoint->address.octets())));
    mix(endpoint->port);
  }
  if (packet.protocol == TransportProtocol::tcp) {
    mix(packet.tcp.sequence);
    mix(packet.tcp.acknowledgment);
    mix((packet.tcp.syn ? 1u : 0u) | (packet.tcp.ack ? 2u : 0u) | (packet.tcp.fin ? 4u : 0u) |
        (packet.tcp.rst ? 8u : 0u));
  }
  // Runs without any are what they always were.
  if (packet.dscp != 0 || packet.ecn != Ecn::not_ect)
    mix(std::uint64_t{packet.dscp} << 2 | static_cast<std::uint64_t>(packet.ecn));
  mix(packet.payload.size());
  mix_bytes(packet.payload.bytes());
  trace_hash = hash;
}

}  // namespace petrel::inline v0::sim
