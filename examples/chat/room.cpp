#include "chat/room.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace chat {
namespace {

using namespace std::chrono_literals;
namespace http = petrel::http;
using petrel::ConnectionState;

constexpr petrel::Duration gathering_limit = 500ms;

// A page may send anything; a terminal acts on escape sequences.
std::string printable(std::string_view text) {
  std::string safe(text);
  std::ranges::replace_if(safe, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return safe;
}

std::string name_of(std::uint64_t id) { return "guest " + std::to_string(id); }

}  // namespace

asio::awaitable<http::Response> Room::enter(std::string offer) {
  if (guests_.size() >= max_guests) {
    co_return http::problem(http::Status::service_unavailable, "The room is full. Try again later.");
  }
  const std::uint64_t id = ++last_id_;
  petrel::PeerConfig config = config_;
  config.name = name_of(id);
  Guest& guest = guests_.try_emplace(id, network_, std::move(config)).first->second;
  if (const auto negotiated = negotiate(id, guest, std::move(offer)); !negotiated) {
    std::string reason = negotiated.error().message() + ": " + guest.peer.error_detail();
    guests_.erase(id);
    co_return http::problem(http::Status::bad_request, reason);
  }
  auto gathered = guest.peer.gathered_description(gathering_limit);
  const petrel::SessionDescription answer = co_await std::move(gathered);
  co_return http::Response{http::Status::created, {{"Content-Type", "application/sdp"}}, answer.sdp};
}

petrel::Result<void> Room::negotiate(std::uint64_t id, Guest& guest, std::string offer) {
  guest.peer.on_connection_state_change([this, id](ConnectionState state) {
    if (state == ConnectionState::failed || state == ConnectionState::closed) leave(id);
  });
  guest.peer.on_data_channel([this, id](petrel::DataChannel channel) { seat(id, std::move(channel)); });
  if (auto set = guest.peer.set_remote_description({petrel::SdpType::offer, std::move(offer)}); !set)
    return set;
  return guest.peer.set_local_description();
}

void Room::seat(std::uint64_t id, petrel::DataChannel channel) {
  const auto found = guests_.find(id);
  if (found == guests_.end() || found->second.channel) return;
  found->second.channel = channel;
  channel.on_message([this, id](const petrel::Message& message) {
    const std::string line = name_of(id) + ": " + printable(message.text());
    print_(line);
    pass_on(id, line);
  });
  channel.on_close([this, id] { leave(id); });
  print_(name_of(id) + " has come in.");
}

void Room::leave(std::uint64_t id) {
  if (guests_.erase(id) > 0) print_(name_of(id) + " has left.");
}

// To everybody but the one who said it. Who does not read is not waited for.
void Room::pass_on(std::uint64_t from, std::string_view text) {
  std::vector<std::uint64_t> too_slow;
  for (auto& [id, guest] : guests_) {
    if (id == from || !guest.channel || guest.channel->state() != petrel::DataChannelState::open) continue;
    const auto sent = guest.channel->try_send(text);
    if (!sent || !*sent) too_slow.push_back(id);
  }
  for (const std::uint64_t id : too_slow) leave(id);
}

}  // namespace chat
