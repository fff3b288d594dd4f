#include "send/rooms.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "petrel/http/server_connection.hpp"
#include "petrel/web/websocket.hpp"
#include "petrel/web/websocket_handshake.hpp"

namespace transfer {
namespace {

using nlohmann::json;
using petrel::FlowId;
using petrel::TimePoint;
namespace http = petrel::http;
namespace web = petrel::web;

constexpr FlowId listener{1};
constexpr FlowId nobody{0};
constexpr std::string_view room_prefix = "/room/";
constexpr std::size_t max_name_bytes = 64;
constexpr std::uint16_t close_policy_violation = 1008;  // RFC 6455 7.4.1.

std::string role_of(const http::Request& request) {
  const std::string role = request.query_value("role").value_or("any");
  return role == "send" || role == "receive" ? role : "any";
}

}  // namespace

bool is_room_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name_bytes && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

struct Rooms::Connection {
  http::ServerConnection http;
  std::optional<web::WebSocket> socket{};
  // Of a member:
  std::string room{};
  std::string role{};
  std::uint64_t meeting = 0;
  std::size_t messages = 0;
  bool congested = false;
  TimePoint heard{};
  TimePoint next_ping{};
};

Rooms::Rooms(TimePoint, RoomsConfig config, petrel::RandomSource& random)
    : config_(std::move(config)), random_(random) {
  requests_.push_back(petrel::Listen{listener, config_.listen});
}
Rooms::~Rooms() = default;

std::size_t Rooms::members() const {
  std::size_t count = 0;
  for (const auto& [name, flows] : rooms_) count += flows.size();
  return count;
}

void Rooms::send(FlowId flow, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, petrel::PacketBuffer::capacity);
    transmits_.push_back({flow, {}, petrel::PacketBuffer::copy_of(petrel::as_bytes(piece)).value()});
    bytes.remove_prefix(piece.size());
  }
}

// Only behind what was sent: a flow that is closed sends nothing.
std::optional<petrel::IoRequest> Rooms::poll_request() {
  if (!transmits_.empty()) return std::nullopt;
  return requests_.take();
}

void Rooms::drop(FlowId flow) {
  leave(flow);
  if (connections_.erase(flow) > 0) requests_.push_back(petrel::CloseFlow{flow});
}

bool Rooms::handle_datagram(TimePoint now, const petrel::Datagram& datagram) {
  const auto found = connections_.find(datagram.flow);
  if (found == connections_.end()) return false;
  Connection& connection = *found->second;
  connection.heard = std::max(connection.heard, now);
  if (connection.socket) {
    connection.socket->handle_bytes(datagram.payload);
  } else {
    connection.http.handle_bytes(now, datagram.payload);
  }
  settle(now, datagram.flow);
  return true;
}

void Rooms::handle_flow(TimePoint now, FlowId flow, const petrel::FlowChange& change) {
  if (flow == listener) {
    if (const auto* opened = std::get_if<petrel::FlowOpened>(&change)) {
      events_.push_back(RoomsListening{opened->local});
    } else if (const auto* failed = std::get_if<petrel::FlowFailed>(&change)) {
      events_.push_back(RoomsFailed{failed->error});
    }
  } else if (std::holds_alternative<petrel::FlowAccepted>(change)) {
    if (connections_.size() >= max_connections) {
      requests_.push_back(petrel::CloseFlow{flow});
    } else {
      connections_.emplace(flow, std::make_unique<Connection>(Connection{http::ServerConnection(now)}));
    }
  } else if (const auto found = connections_.find(flow); found == connections_.end()) {
    return;
  } else if (std::holds_alternative<petrel::FlowCongested>(change) ||
             std::holds_alternative<petrel::FlowWritable>(change)) {
    found->second->congested = std::holds_alternative<petrel::FlowCongested>(change);
  } else if (std::holds_alternative<petrel::FlowClosed>(change) ||
             std::holds_alternative<petrel::FlowFailed>(change)) {
    leave(flow);
    connections_.erase(flow);
  }
}

void Rooms::settle(TimePoint now, FlowId flow) {
  const auto found = connections_.find(flow);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  while (!connection.socket) {
    auto request = connection.http.poll_request();
    if (!request) break;
    http::Response response = answer(flow, *request);
    if (response.status == http::Status::switching_protocols) {
      send(flow, http::write(response, {}));
      connection.socket.emplace(web::WebSocketRole::server, random_, max_message_bytes);
      connection.heard = now;
      connection.next_ping = now + ping_interval;
      introduce(std::string(connection.room));
    } else {
      response.headers.append(http::cors_headers(config_.access, *request));
      static_cast<void>(connection.http.respond(now, response));
    }
  }
  if (!connection.socket) {
    while (auto bytes = connection.http.poll_bytes()) send(flow, *bytes);
    if (connection.http.closed()) drop(flow);
    return;
  }
  while (auto event = connection.socket->poll_event()) {
    if (const auto* text = std::get_if<web::WebSocketText>(&*event)) pass_on(flow, text->text);
  }
  flush(flow, connection);
  if (connection.socket->done()) drop(flow);
}

void Rooms::flush(FlowId flow, Connection& connection) {
  while (auto bytes = connection.socket->poll_bytes()) send(flow, *bytes);
}

void Rooms::handle_timeout(TimePoint now) {
  Flows silent;
  Flows flows;
  for (const auto& [flow, connection] : connections_) {
    if (!connection->socket) {
      connection->http.handle_timeout(now);
      flows.push_back(flow);
    } else if (now >= connection->heard + silence_limit) {
      silent.push_back(flow);
    } else if (now >= connection->next_ping) {
      static_cast<void>(connection->socket->send_ping());
      connection->next_ping = now + ping_interval;
      flush(flow, *connection);
    }
  }
  for (const FlowId flow : flows) settle(now, flow);
  for (const FlowId flow : silent) drop(flow);
}

std::optional<TimePoint> Rooms::next_timeout() const {
  std::optional<TimePoint> next;
  const auto consider = [&](std::optional<TimePoint> due) {
    if (due && (!next || *due < *next)) next = due;
  };
  for (const auto& [flow, connection] : connections_) {
    if (connection->socket) {
      consider(std::min(connection->next_ping, connection->heard + silence_limit));
    } else {
      consider(connection->http.next_timeout());
    }
  }
  return next;
}

http::Response Rooms::answer(FlowId flow, const http::Request& request) {
  if (auto refusal = http::refuse_access(config_.access, request)) return *std::move(refusal);
  const bool in_room = request.path.starts_with(room_prefix);
  std::string room = in_room ? request.path.substr(room_prefix.size()) : std::string();
  if (request.method != http::Method::get || (!in_room && request.path != "/")) {
    return http::problem(http::Status::not_found, "There is nothing here. The page is at /.");
  }
  if (in_room && (!is_room_name(room) || (!config_.only_room.empty() && room != config_.only_room))) {
    return http::problem(http::Status::not_found, "There is no such room.");
  }
  if (!request.headers.has_element("Upgrade", "websocket")) return config_.page;
  if (!in_room) return http::problem(http::Status::not_found, "Name a room: /room/NAME.");
  return enter(flow, request, std::move(room));
}

http::Response Rooms::enter(FlowId flow, const http::Request& request, std::string room) {
  http::Response response = web::answer_websocket(request);
  if (response.status != http::Status::switching_protocols) return response;
  Flows& members = rooms_[room];
  if (members.size() >= 2) {
    return http::problem(http::Status::conflict, "Two are in this room already. Choose another name.");
  }
  members.push_back(flow);
  Connection& connection = *connections_[flow];
  connection.room = std::move(room);
  connection.role = role_of(request);
  return response;
}

// Whoever came last makes the offer: the other one has its page open and its program waiting.
void Rooms::introduce(const std::string& room) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end() || found->second.size() < 2) return;
  const Flows members = found->second;
  const std::uint64_t meeting = ++last_meeting_;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Connection& member = *connections_[members[i]];
    member.meeting = meeting;
    member.messages = 0;
    const json peer{{"role", connections_[members[1 - i]]->role}, {"offer", i == 1}, {"meeting", meeting}};
    tell(members[i], json{{"peer", peer}}.dump());
  }
}

void Rooms::leave(FlowId flow) {
  const auto found = connections_.find(flow);
  if (found == connections_.end() || found->second->room.empty()) return;
  const FlowId other = other_in_room(flow);
  const auto room = rooms_.find(found->second->room);
  found->second->room.clear();
  std::erase(room->second, flow);
  if (room->second.empty()) rooms_.erase(room);
  if (other == nobody) return;
  connections_[other]->meeting = 0;
  tell(other, json{{"left", true}}.dump());
}

FlowId Rooms::other_in_room(FlowId flow) {
  const auto room = rooms_.find(connections_[flow]->room);
  if (room == rooms_.end()) return nobody;
  for (const FlowId member : room->second) {
    if (member != flow) return member;
  }
  return nobody;
}

void Rooms::pass_on(FlowId from, const std::string& text) {
  Connection& sender = *connections_[from];
  const json message = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto is_object = [&](const char* name) {
    return message.contains(name) && message[name].is_object();
  };
  const bool well_formed = message.is_object() && message.size() == 2 && message.contains("meeting") &&
                           message["meeting"].is_number_unsigned() &&
                           (is_object("description") || is_object("candidate") || message.contains("again"));
  if (!well_formed || ++sender.messages > max_messages) {
    sender.socket->close(close_policy_violation, "not a message of a room, or too many");
    return;
  }
  if (sender.meeting == 0 || message["meeting"].get<std::uint64_t>() != sender.meeting) return;
  const FlowId other = other_in_room(from);
  if (message.contains("again")) {
    introduce(std::string(sender.room));
  } else if (other != nobody) {
    tell(other, text);
  }
}

void Rooms::tell(FlowId flow, const std::string& text) {
  Connection& connection = *connections_[flow];
  // Who takes nothing in gets nothing more, rather than filling our memory, and is found by its silence.
  if (connection.congested) return;
  static_cast<void>(connection.socket->send_text(text));
  flush(flow, connection);
}

}  // namespace transfer
