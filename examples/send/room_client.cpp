#include "send/room_client.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "send/rooms.hpp"
#include "send/transfer_message.hpp"

namespace transfer {
namespace {

using nlohmann::json;
using petrel::TimePoint;
namespace web = petrel::web;
namespace http = petrel::http;

std::string_view name_of(Role role) {
  if (role == Role::send) return "send";
  return role == Role::receive ? "receive" : "any";
}

http::Url with_role(http::Url room, Role role) {
  if (!room.query.empty()) room.query += '&';
  room.query += "role=" + std::string(name_of(role));
  return room;
}

web::WebSocketClientConfig socket_config() {
  web::WebSocketClientConfig config;
  config.max_message_bytes = RoomClient::max_message_bytes;
  return config;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<http::Url> parse_room(std::string_view text) {
  auto url = http::parse_url(text);
  if (!url) return std::nullopt;
  constexpr std::string_view prefix = "/room/";
  if (!url->path.starts_with(prefix) || !is_room_name(std::string_view(url->path).substr(prefix.size()))) {
    return std::nullopt;
  }
  url->scheme = url->secure() ? "wss" : "ws";
  return *std::move(url);
}

RoomClient::RoomClient(TimePoint now, http::Url room, Role role, petrel::RandomSource& random)
    : socket_(now, with_role(std::move(room), role), socket_config(), random, numbers_), heard_(now) {}

void RoomClient::send_description(TimePoint now, const petrel::SessionDescription& description) {
  const json body{{"type", petrel::to_string(description.type)}, {"sdp", description.sdp}};
  // What does not fit any more is lost with the room, which says so.
  static_cast<void>(socket_.send_text(now, json{{"meeting", meeting_}, {"description", body}}.dump()));
}

void RoomClient::send_candidate(TimePoint now, std::string_view candidate, std::string_view mid) {
  const json body{{"candidate", candidate}, {"sdpMid", mid}};
  static_cast<void>(socket_.send_text(now, json{{"meeting", meeting_}, {"candidate", body}}.dump()));
}

void RoomClient::ask_again(TimePoint now) {
  static_cast<void>(socket_.send_text(now, json{{"meeting", meeting_}, {"again", true}}.dump()));
}

void RoomClient::close(TimePoint now) {
  over_ = true;
  socket_.close(now);
}

bool RoomClient::handle_datagram(TimePoint now, const petrel::Datagram& datagram) {
  heard_ = std::max(heard_, now);
  const bool is_ours = socket_.handle_bytes(now, datagram.flow, datagram.payload);
  settle();
  return is_ours;
}

void RoomClient::handle_flow(TimePoint now, petrel::FlowId flow, const petrel::FlowChange& change) {
  socket_.handle_flow(now, flow, change);
  settle();
}

void RoomClient::handle_resolved(TimePoint now, std::uint32_t id,
                                 std::span<const petrel::IpAddress> addresses) {
  socket_.handle_resolved(now, id, addresses);
  settle();
}

void RoomClient::handle_timeout(TimePoint now) {
  socket_.handle_timeout(now);
  settle();
  if (entered_ && !over_ && now >= heard_ + silence_limit) {
    lose({"the room's server has gone silent"});
    socket_.close(now);
  }
}

std::optional<TimePoint> RoomClient::next_timeout() const {
  const auto due = socket_.next_timeout();
  if (!entered_ || over_) return due;
  return due ? std::min(*due, heard_ + silence_limit) : heard_ + silence_limit;
}

void RoomClient::lose(RoomLost lost) {
  if (!over_) events_.push_back(std::move(lost));
  over_ = true;
}

void RoomClient::settle() {
  while (auto event = socket_.poll_event()) {
    if (over_) continue;
    if (std::holds_alternative<web::WebSocketOpened>(*event)) {
      entered_ = true;
      events_.push_back(Entered{});
    } else if (const auto* text = std::get_if<web::WebSocketText>(&*event)) {
      read(text->text);
    } else if (const auto* refused = std::get_if<web::WebSocketRefused>(&*event)) {
      std::string_view reason = refused->response.body;
      while (reason.ends_with('\n')) reason.remove_suffix(1);
      const int status = static_cast<int>(refused->response.status);
      const bool full = refused->response.status == http::Status::conflict;
      lose({"the room's server refuses: " + std::to_string(status) + " " + printable(reason),
            !full && status < 500, full});
    } else if (const auto* broken = std::get_if<web::WebSocketBroken>(&*event)) {
      lose({"the room's server cannot be reached: " + broken->detail});
    } else if (const auto* closed = std::get_if<web::WebSocketClosed>(&*event)) {
      const std::string reason = closed->reason.empty() ? "" : ": " + printable(closed->reason);
      lose({"the room's server has closed with " + std::to_string(closed->code) + reason});
    } else if (const auto* failed = std::get_if<web::WebSocketFailed>(&*event)) {
      lose({"the room's server breaks the protocol: " + failed->error.message()});
    }
  }
}

void RoomClient::read(std::string_view text) {
  const json message = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!message.is_object()) return lose({"the room's server sends what is no message of a room", true});
  if (const auto peer = message.find("peer"); peer != message.end() && peer->is_object()) {
    const auto meeting = peer->find("meeting");
    const auto offer = peer->find("offer");
    if (meeting == peer->end() || !meeting->is_number_unsigned()) return;
    meeting_ = meeting->get<std::uint64_t>();
    const std::string role = text_of(*peer, "role");
    events_.push_back(Met{role == "send"      ? Role::send
                          : role == "receive" ? Role::receive
                                              : Role::any,
                          offer != peer->end() && offer->is_boolean() && offer->get<bool>()});
    return;
  }
  if (message.contains("left")) {
    events_.push_back(PeerLeft{});
    return;
  }
  const auto meeting = message.find("meeting");
  if (meeting == message.end() || !meeting->is_number_unsigned() ||
      meeting->get<std::uint64_t>() != meeting_) {
    return;
  }
  if (const auto found = message.find("description"); found != message.end() && found->is_object()) {
    // Nothing else is ever said here.
    const auto type = text_of(*found, "type") == "offer" ? petrel::SdpType::offer : petrel::SdpType::answer;
    events_.push_back(PeerDescription{{type, text_of(*found, "sdp")}});
  } else if (const auto candidate = message.find("candidate");
             candidate != message.end() && candidate->is_object()) {
    events_.push_back(PeerCandidate{text_of(*candidate, "candidate"), text_of(*candidate, "sdpMid")});
  }
}

}  // namespace transfer
