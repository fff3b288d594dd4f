#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/ring_queue.hpp"
#include "petrel/http/server_connection.hpp"
#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::whip {

/// An HTTP server that answers as its script says, as a core.
class ScriptedServer {
 public:
  using Event = std::monostate;
  /// nullopt: no answer, and the connection is closed.
  using Script = std::function<std::optional<http::Response>(const http::Request&)>;

  ScriptedServer(Endpoint listen, Script script) : script_(std::move(script)) {
    requests_.push_back(Listen{FlowId{1}, listen});
  }

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    const auto found = connections_.find(datagram.flow);
    if (found == connections_.end()) return false;
    http::ServerConnection& http = *found->second;
    http.handle_bytes(now, datagram.payload);
    while (auto request = http.poll_request()) {
      asked.push_back(*request);
      if (later && later(datagram.flow, *request)) continue;
      const auto response = script_(*request);
      if (!response) {
        connections_.erase(found);
        requests_.push_back(CloseFlow{datagram.flow});
        return true;
      }
      static_cast<void>(http.respond(now, *response));
    }
    while (auto bytes = http.poll_bytes()) send(datagram.flow, *bytes);
    return true;
  }
  /// The answer to a request that `later` has taken; nothing if its connection has gone.
  void reply(TimePoint now, FlowId flow, const http::Response& response) {
    const auto found = connections_.find(flow);
    if (found == connections_.end()) return;
    static_cast<void>(found->second->respond(now, response));
    while (auto bytes = found->second->poll_bytes()) send(flow, *bytes);
  }
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
    if (std::holds_alternative<FlowAccepted>(change)) {
      connections_.emplace(flow, std::make_unique<http::ServerConnection>(now));
    } else if (flow != FlowId{1}) {
      if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
        connections_.erase(flow);
      }
    }
  }
  void handle_timeout(TimePoint) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<Transmit> poll_transmit() { return transmits_.take(); }
  std::optional<IoRequest> poll_request() {
    if (!transmits_.empty()) return std::nullopt;
    return requests_.take();
  }
  std::optional<Event> poll_event() { return std::nullopt; }

  std::vector<http::Request> asked{};
  /// True: reply() comes later.
  std::function<bool(FlowId, const http::Request&)> later{};

 private:
  void send(FlowId flow, std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, PacketBuffer::capacity);
      transmits_.push_back(Transmit{flow, {}, PacketBuffer::copy_of(as_bytes(piece)).value()});
      bytes.remove_prefix(piece.size());
    }
  }

  Script script_;
  std::map<FlowId, std::unique_ptr<http::ServerConnection>> connections_;
  RingQueue<Transmit> transmits_;
  RingQueue<IoRequest> requests_;
};

}  // namespace petrel::inline v0::whip
