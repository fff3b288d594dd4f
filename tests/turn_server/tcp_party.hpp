#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/turn/tcp_allocation.hpp"
#include "support/network.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {

/// The bytes of a stream, which tell a gap, a repetition and a swap.
inline std::string counted(std::size_t size, std::size_t from = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((from + i) * 2654435761U >> 13);
  return text;
}

/// A peer that knows nothing of TURN: a listener and connections.
class StreamPeer {
 public:
  using Event = std::monostate;

  explicit StreamPeer(std::uint16_t port) { requests_.emplace_back(Listen{{1}, {IpAddress{}, port}}); }

  bool handle_datagram(TimePoint, const Datagram& datagram) {
    received[datagram.flow] += as_text(datagram.payload);
    if (echoes) write(datagram.flow, std::string(as_text(datagram.payload)));
    return true;
  }
  void handle_flow(TimePoint, FlowId flow, const FlowChange& change) {
    if (std::holds_alternative<FlowAccepted>(change)) {
      flows.push_back(flow);
      remotes[flow] = std::get<FlowAccepted>(change).remote;
      if (!reads) requests_.emplace_back(PauseFlow{flow});
      if (!greeting.empty()) write(flow, greeting);
      if (hangs_up) requests_.emplace_back(CloseFlow{flow});
    }
    if (std::holds_alternative<FlowOpened>(change) && flow != FlowId{1}) flows.push_back(flow);
    if (std::holds_alternative<FlowClosed>(change)) ++closed;
    if (std::holds_alternative<FlowFailed>(change)) ++failed;
  }
  void handle_timeout(TimePoint) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<IoRequest> poll_request() { return take(requests_); }
  std::optional<Transmit> poll_transmit() { return take(transmits_); }
  std::optional<Event> poll_event() { return std::nullopt; }

  void connect(const Endpoint& remote) { requests_.emplace_back(Connect{{next_flow_++}, {}, remote}); }
  void write(FlowId flow, const std::string& text) {
    for (std::size_t at = 0; at < text.size(); at += PacketBuffer::capacity) {
      const auto piece = std::string_view(text).substr(at, PacketBuffer::capacity);
      transmits_.push_back({flow, {}, PacketBuffer::copy_of(as_bytes(piece)).value()});
    }
  }
  void resume(FlowId flow) { requests_.emplace_back(ResumeFlow{flow}); }
  void close(FlowId flow) { requests_.emplace_back(CloseFlow{flow}); }

  bool echoes = false;
  bool reads = true;
  bool hangs_up = false;  ///< After its greeting.
  std::string greeting;
  std::vector<FlowId> flows;
  std::map<FlowId, Endpoint> remotes;
  std::map<FlowId, std::string> received;
  int closed = 0;
  int failed = 0;

 private:
  template <class Item>
  static std::optional<Item> take(std::deque<Item>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<Item> first(std::move(queue.front()));
    queue.pop_front();
    return first;
  }

  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;
  std::uint32_t next_flow_ = 2;
};

/// One who uses a TCP allocation: writes what it is told, and reads what comes.
class TcpCaller {
 public:
  struct Stream {
    Endpoint peer;
    bool incoming = false;
    bool open = false;
    bool closed = false;
    std::optional<turn::StreamFailed> failed{};
    std::string received{};
    std::string to_write{};
    std::size_t written = 0;
  };

  TcpCaller(testing::Network& its_world, turn::ClientConfig config)
      : world(its_world),
        random(its_world.fork_random()),
        allocation(turn::TcpAllocation::create(its_world.now(), std::move(config), random).value()) {}

  void handle_event(turn::TcpEvent& event) {
    if (const auto* allocated = std::get_if<turn::Allocated>(&event)) relayed = allocated->relayed.at(0);
    if (const auto* lost_event = std::get_if<turn::Lost>(&event)) lost = *lost_event;
    if (const auto* refused_event = std::get_if<turn::PermissionRefused>(&event))
      refused = refused_event->code;
    if (const auto* opened = std::get_if<turn::StreamOpened>(&event)) {
      Stream& stream = streams[opened->id];
      stream.peer = opened->peer;
      stream.incoming = opened->incoming;
      stream.open = true;
      if (!stream.to_write.empty()) write_on(opened->id);
    }
    if (const auto* readable = std::get_if<turn::StreamReadable>(&event); readable && reads)
      read(readable->id);
    if (const auto* writable = std::get_if<turn::StreamWritable>(&event)) write_on(writable->id);
    if (const auto* closed = std::get_if<turn::StreamClosed>(&event)) streams[closed->id].closed = true;
    if (const auto* failed = std::get_if<turn::StreamFailed>(&event)) streams[failed->id].failed = *failed;
  }
  turn::PeerStreamId connect(const Endpoint& peer) {
    const auto id = allocation.connect(world.now(), peer).value();
    streams[id].peer = peer;
    return id;
  }
  void write(turn::PeerStreamId id, const std::string& text) {
    streams[id].to_write += text;
    if (streams[id].open) write_on(id);
  }
  void read(turn::PeerStreamId id) {
    while (const auto bytes = allocation.read(id)) streams[id].received += as_text(bytes->bytes());
  }
  const Stream* incoming() const {
    for (const auto& [id, stream] : streams) {
      if (stream.incoming) return &stream;
    }
    return nullptr;
  }

  testing::Network& world;
  testing::SeededRandom random;
  turn::TcpAllocation allocation;
  std::optional<Endpoint> relayed;
  std::optional<turn::Lost> lost;
  std::optional<int> refused;
  std::map<turn::PeerStreamId, Stream> streams;
  bool reads = true;

 private:
  void write_on(turn::PeerStreamId id) {
    Stream& stream = streams[id];
    const auto taken = allocation.write(world.now(), id, as_bytes(stream.to_write));
    if (!taken) return;
    stream.written += *taken;
    stream.to_write.erase(0, *taken);
  }
};

}  // namespace petrel::inline v0::turn_server
