#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::testing {

/// An HTTP proxy on a host of the virtual network, which knows CONNECT and nothing else. It resolves names
/// itself, from the world's.
class ProxyServer {
 public:
  /// A target that was asked for, whatever came of it.
  struct Asked {
    std::string target;
  };
  using Event = Asked;

  struct Rules {
    /// The value of Proxy-Authorization; empty: none is needed.
    std::string authorization{};
    std::set<std::uint16_t> ports{};  ///< To which it connects; empty: all.
    /// Said in place of "HTTP/1.1 200 OK" and its empty line.
    std::string greeting = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
    std::string authenticate = "Basic realm=\"proxy\"";
  };

  explicit ProxyServer(const Endpoint& local) : ProxyServer(local, Rules()) {}
  ProxyServer(const Endpoint& local, Rules rules) : rules_(std::move(rules)) {
    requests_.push_back(Listen{FlowId{1}, local});
  }

  bool handle_datagram(TimePoint, const Datagram& datagram) {
    if (const auto tunnel = tunnels_.find(datagram.flow); tunnel != tunnels_.end()) {
      forward(tunnel->second, datagram.payload);
      return true;
    }
    const auto waiting = heads_.find(datagram.flow);
    if (waiting == heads_.end()) return false;
    waiting->second += as_text(datagram.payload);
    if (waiting->second.ends_with("\r\n\r\n")) {
      const std::string head = std::move(waiting->second);
      heads_.erase(waiting);
      judge(datagram.flow, head);
    }
    return true;
  }

  void handle_flow(TimePoint, FlowId flow, const FlowChange& change) {
    if (std::holds_alternative<FlowAccepted>(change)) heads_[flow];
    const auto upstream = upstreams_.find(flow);
    if (std::holds_alternative<FlowOpened>(change) && upstream != upstreams_.end()) {
      const FlowId client = upstream->second;
      tunnels_[client] = flow;
      tunnels_[flow] = client;
      upstreams_.erase(upstream);
      forward(client, as_bytes(rules_.greeting));
    } else if (std::holds_alternative<FlowFailed>(change) && upstream != upstreams_.end()) {
      refuse(upstream->second, "502 Bad Gateway");
    } else if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
      heads_.erase(flow);
      if (const auto tunnel = tunnels_.find(flow); tunnel != tunnels_.end()) {
        requests_.push_back(CloseFlow{tunnel->second});
        tunnels_.erase(tunnel->second);
        tunnels_.erase(flow);
      }
    }
  }
  void handle_resolved(TimePoint, std::uint32_t id, const std::vector<IpAddress>& addresses) {
    const auto [client, port] = resolving_.at(id);
    if (addresses.empty()) return refuse(client, "503 Service Unavailable");
    connect(client, {addresses[0], port});
  }
  void handle_timeout(TimePoint) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<IoRequest> poll_request() { return take(requests_); }
  std::optional<Transmit> poll_transmit() { return take(transmits_); }
  std::optional<Event> poll_event() { return take(events_); }

  std::size_t tunnels() const { return tunnels_.size() / 2; }
  const std::vector<std::string>& targets() const { return targets_; }

 private:
  template <class T>
  static std::optional<T> take(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<T> first(std::move(queue.front()));
    queue.pop_front();
    return first;
  }

  void judge(FlowId client, const std::string& head) {
    const std::string target = head.substr(8, head.find(" HTTP/1.1\r\n") - 8);
    const std::size_t colon = target.rfind(':');
    if (!head.starts_with("CONNECT ") || colon == std::string::npos) return refuse(client, "400 Bad Request");
    targets_.push_back(target);
    events_.push_back({target});
    if (!rules_.authorization.empty() &&
        head.find("\r\nProxy-Authorization: " + rules_.authorization + "\r\n") == std::string::npos) {
      return refuse(client,
                    "407 Proxy Authentication Required\r\nProxy-Authenticate: " + rules_.authenticate);
    }
    const auto port = static_cast<std::uint16_t>(std::stoul(target.substr(colon + 1)));
    if (!rules_.ports.empty() && !rules_.ports.contains(port)) return refuse(client, "403 Forbidden");
    if (const auto address = Endpoint::parse(target)) return connect(client, *address);
    const auto id = static_cast<std::uint32_t>(resolving_.size() + 1);
    resolving_[id] = {client, port};
    requests_.push_back(Resolve{id, target.substr(0, colon)});
  }
  void connect(FlowId client, const Endpoint& to) {
    const FlowId flow{++last_flow_};
    upstreams_[flow] = client;
    requests_.push_back(Connect{flow, {}, to});
  }
  void refuse(FlowId client, const std::string& status) {
    forward(client, as_bytes("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno"));
    requests_.push_back(CloseFlow{client});
  }
  void forward(FlowId to, Bytes bytes) {
    while (!bytes.empty()) {
      const Bytes part = bytes.first(std::min<std::size_t>(bytes.size(), PacketBuffer::capacity));
      transmits_.push_back({to, {}, PacketBuffer::copy_of(part).value()});
      bytes = bytes.subspan(part.size());
    }
  }

  Rules rules_;
  std::map<FlowId, std::string> heads_;
  std::map<FlowId, FlowId> upstreams_;
  std::map<FlowId, FlowId> tunnels_;  // Both ways.
  std::map<std::uint32_t, std::pair<FlowId, std::uint16_t>> resolving_;
  std::vector<std::string> targets_;
  std::uint32_t last_flow_ = 1;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;
  std::deque<Event> events_;
};

}  // namespace petrel::inline v0::testing
