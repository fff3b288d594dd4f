#include "echo/callers.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>
#include <system_error>
#include <utility>

namespace echo {
namespace {

using namespace std::chrono_literals;
namespace http = petrel::http;
using petrel::ConnectionState;

constexpr petrel::Duration gathering_limit = 500ms;

// Everything that arrives on it goes back out of it.
void reflect(const petrel::Transceiver& transceiver) {
  petrel::Sender sender = transceiver.sender();
  petrel::Receiver receiver = transceiver.receiver();
  receiver.on_frame([sender](const std::shared_ptr<const petrel::EncodedFrame>& frame) mutable {
    // Refused while it would be of no use, such as a delta frame after a lost one: a key frame is then asked
    // for.
    (void)sender.send_frame(frame);
  });
  // The browser that watches is the browser that films: its wish travels on to its own camera.
  sender.on_key_frame_request([receiver]() mutable { receiver.request_key_frame(); });
}

// The same for messages. It waits for room, so a browser that does not read what comes back is not let
// send more. A text "close" closes the channel from here.
asio::awaitable<void> reflect_messages(petrel::DataChannel channel) {
  try {
    for (;;) {
      auto receiving = channel.receive();
      const std::optional<petrel::Message> message = co_await std::move(receiving);
      if (!message) co_return;
      if (message->is_text && message->text() == "close") {
        channel.close();
        continue;
      }
      auto sending = channel.send(*message);
      co_await std::move(sending);
    }
  } catch (const std::system_error&) {
    // The channel closed before the message could go back.
  }
}

}  // namespace

asio::awaitable<http::Response> Callers::create(std::string offer) {
  if (callers_.size() >= max_callers) {
    co_return http::problem(http::Status::service_unavailable, "Too many callers at once. Try again later.");
  }
  const std::uint64_t id = ++last_id_;
  petrel::PeerConfig config = config_;
  config.name = "caller-" + std::to_string(id);
  petrel::PeerConnection& peer = callers_.try_emplace(id, network_, std::move(config)).first->second;

  if (const auto negotiated = negotiate(id, peer, std::move(offer)); !negotiated) {
    std::string reason = negotiated.error().message() + ": " + peer.error_detail();
    callers_.erase(id);
    co_return http::problem(http::Status::bad_request, reason);
  }
  auto gathered = peer.gathered_description(gathering_limit);
  const petrel::SessionDescription answer = co_await std::move(gathered);
  co_return http::Response{http::Status::created, {{"Content-Type", "application/sdp"}}, answer.sdp};
}

petrel::Result<void> Callers::negotiate(std::uint64_t id, petrel::PeerConnection& peer, std::string offer) {
  peer.on_connection_state_change([this, id](ConnectionState state) {
    const auto found = callers_.find(id);
    if (found == callers_.end()) return;
    if (state == ConnectionState::failed) {
      std::fprintf(stderr, "caller-%llu: %s\n", static_cast<unsigned long long>(id),
                   found->second.why().c_str());
    }
    if (state == ConnectionState::failed || state == ConnectionState::closed) callers_.erase(found);
  });
  peer.on_data_channel([this](petrel::DataChannel channel) { echo(std::move(channel)); });
  if (auto set = peer.set_remote_description({petrel::SdpType::offer, std::move(offer)}); !set) return set;
  for (petrel::Transceiver& transceiver : peer.transceivers()) {
    if (auto set = transceiver.set_direction(petrel::Direction::send_recv); !set) return set;
    reflect(transceiver);
  }
  if (auto set = peer.set_local_description(); !set) return set;
  return open_channels(peer);
}

petrel::Result<void> Callers::open_channels(petrel::PeerConnection& peer) {
  for (petrel::DataChannelInit init : {petrel::DataChannelInit{}, agreed_channel()}) {
    auto channel = peer.create_data_channel("from petrel", std::move(init));
    if (!channel) return channel.error();
    echo(*std::move(channel));
  }
  return {};
}

void Callers::echo(petrel::DataChannel channel) {
  asio::co_spawn(network_.executor(), reflect_messages(std::move(channel)), asio::detached);
}

}  // namespace echo
