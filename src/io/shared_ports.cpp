#include "io/shared_ports.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::io {

Result<Endpoint> SharedPorts::bind(NetworkUserId user, FlowId flow, const IpAddress& address) {
  for (const auto& [id, known] : sockets_) {
    if (known.socket->local().address != address) continue;
    mux_.join(user, flow, id);
    return known.socket->local();
  }
  auto socket = UdpSocket::bind(executor_, {address, options_.udp_port.value_or(0)},
                                {FlowId{}, options_.socket_buffer_bytes, options_.udp_offload});
  if (!socket) return socket.error();
  const SharedSocketId id{++last_socket_};
  sockets_.emplace(id, Socket{*socket});
  mux_.join(user, flow, id);
  (*socket)->start(
      [self = shared_from_this(), id](std::span<const Datagram> batch) { self->distribute(id, batch); },
      [self = shared_from_this(), id] { self->tell_writable(id); });
  return (*socket)->local();
}

void SharedPorts::leave(NetworkUserId user, FlowId flow) {
  if (const auto unused = mux_.leave(user, flow)) close_socket(*unused);
}

void SharedPorts::remove(NetworkUserId user) {
  for (const SharedSocketId unused : mux_.remove(user)) close_socket(unused);
}

void SharedPorts::close() {
  find_ = nullptr;
  while (!sockets_.empty()) close_socket(sockets_.begin()->first);
}

void SharedPorts::close_socket(SharedSocketId id) {
  if (const auto socket = sockets_.extract(id)) socket.mapped().socket->close();
}

std::optional<std::size_t> SharedPorts::send(NetworkUserId user, FlowId flow, std::span<Transmit> transmits) {
  const auto id = mux_.socket_of(user, flow);
  if (!id) return std::nullopt;
  Socket& socket = sockets_.at(*id);
  const TimePoint now = now_();
  for (const Transmit& transmit : transmits) {
    mux_.handle_sent(now, user, *id, transmit.destination, transmit.payload.bytes());
  }
  const std::size_t sent = socket.socket->send(transmits);
  if (sent < transmits.size() && std::ranges::find(socket.blocked, user) == socket.blocked.end())
    socket.blocked.push_back(user);
  return sent;
}

// Each user gets what is its own of the batch in one call, in order.
void SharedPorts::distribute(SharedSocketId id, std::span<const Datagram> batch) {
  const auto self = shared_from_this();  // A user may close the network from inside.
  const TimePoint now = now_();
  receivers_.clear();
  for (const Datagram& datagram : batch) {
    receivers_.push_back(mux_.route(now, id, datagram.source, datagram.payload));
  }
  for (std::size_t first = 0; first < batch.size(); ++first) {
    const auto receiver = receivers_[first];
    if (!receiver) continue;
    own_.clear();
    for (std::size_t i = first; i < batch.size(); ++i) {
      if (receivers_[i] != receiver) continue;
      own_.push_back(batch[i]);
      own_.back().flow = receiver->flow;
      receivers_[i].reset();
    }
    if (!find_) return;
    // It may have left, or closed the flow, for what another got before.
    if (mux_.socket_of(receiver->user, receiver->flow) != id) continue;
    if (NetworkUser* user = find_(receiver->user)) user->on_datagrams(own_);
  }
}

void SharedPorts::tell_writable(SharedSocketId id) {
  const auto self = shared_from_this();
  const auto socket = sockets_.find(id);
  if (socket == sockets_.end()) return;
  for (const NetworkUserId waiting : std::exchange(socket->second.blocked, {})) {
    NetworkUser* user = find_ ? find_(waiting) : nullptr;
    if (user != nullptr) user->on_writable();
  }
}

}  // namespace petrel::inline v0::io
