#include "echo/callers.hpp"

#include <cstdio>
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
  if (auto set = peer.set_remote_description({petrel::SdpType::offer, std::move(offer)}); !set) return set;
  for (petrel::Transceiver& transceiver : peer.transceivers()) {
    if (auto set = transceiver.set_direction(petrel::Direction::send_recv); !set) return set;
    reflect(transceiver);
  }
  return peer.set_local_description();
}

}  // namespace echo
