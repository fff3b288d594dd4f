#include "whip/ingest.hpp"

#include <chrono>
#include <cstdio>
#include <utility>
#include <variant>

namespace whip_server {
namespace {

using namespace std::chrono_literals;
namespace http = petrel::http;
namespace whip = petrel::whip;
using petrel::ConnectionState;

constexpr petrel::Duration gathering_limit = 500ms;
constexpr std::chrono::seconds retry_when_taken = 5s;

}  // namespace

Ingest::Ingest(petrel::io::Network& network, petrel::PeerConfig config,
               std::vector<whip::IceServer> recommended, Outputs outputs)
    : network_(network),
      config_(std::move(config)),
      recommended_(std::move(recommended)),
      outputs_(std::move(outputs)) {}

asio::awaitable<http::Response> Ingest::respond(whip::SessionAction action) {
  if (auto* offer = std::get_if<whip::SessionCreate>(&action)) {
    auto creating = create(std::move(*offer));
    co_return co_await std::move(creating);
  }
  if (auto* patch = std::get_if<whip::SessionTrickle>(&action)) {
    if (!is_here(patch->session)) co_return whip::unknown_session();
    auto applying = whip::apply(publisher_->peer, publisher_->served, std::move(*patch), network_.random(),
                                gathering_limit);
    co_return co_await std::move(applying);
  }
  if (const auto* leave = std::get_if<whip::SessionDelete>(&action)) {
    if (!is_here(leave->session)) co_return whip::unknown_session();
    std::fprintf(stderr, "publisher-%llu: has left\n", static_cast<unsigned long long>(publishers_));
    publisher_.reset();
    co_return whip::no_content();
  }
  if (const auto* asked = std::get_if<whip::SessionReport>(&action)) {
    if (!is_here(asked->session)) co_return whip::unknown_session();
    co_return http::Response{
        http::Status::ok, {{"Content-Type", "application/json"}}, petrel::to_json(publisher_->peer.report())};
  }
  auto response = std::get<http::Response>(std::move(action));
  recommend(response);
  co_return response;
}

asio::awaitable<http::Response> Ingest::create(whip::SessionCreate request) {
  if (publisher_ && publisher_->peer.connection_state() == ConnectionState::connected) {
    co_return whip::taken(retry_when_taken);
  }
  petrel::PeerConfig config = config_;
  config.name = "publisher-" + std::to_string(++publishers_);
  publisher_.reset();
  publisher_.emplace(network_, std::move(config));
  Publisher& publisher = *publisher_;
  if (const auto negotiated = negotiate(publisher, std::move(request.offer)); !negotiated) {
    std::string reason = negotiated.error().message();
    if (const std::string detail = publisher.peer.error_detail(); !detail.empty()) reason += ": " + detail;
    publisher_.reset();
    co_return whip::bad_offer(reason);
  }
  if (!publisher.picture) {
    publisher_.reset();
    co_return whip::no_common_codec("This server takes video in H.264, which the offer does not have.");
  }
  outputs_.on_publisher(publisher.sound.has_value());
  const whip::ServedSession served = publisher.served;
  auto gathered = publisher.peer.gathered_description(gathering_limit);
  const petrel::SessionDescription answer = co_await std::move(gathered);
  http::Response response = whip::created({served.id, served.etag, answer.sdp}, endpoint);
  recommend(response);
  co_return response;
}

petrel::Result<void> Ingest::negotiate(Publisher& publisher, std::string offer) {
  publisher.peer.on_connection_state_change([this](ConnectionState state) { on_state(state); });
  if (auto set = publisher.peer.set_remote_description({petrel::SdpType::offer, std::move(offer)}); !set)
    return set;
  if (auto set = publisher.peer.set_local_description(); !set) return set;
  for (petrel::Transceiver& transceiver : publisher.peer.transceivers()) {
    const auto direction = transceiver.current_direction();
    if (!direction || !petrel::receives(*direction)) continue;
    const bool is_video = transceiver.kind() == petrel::Kind::video;
    auto& receiver = is_video ? publisher.picture : publisher.sound;
    if (receiver) continue;  // One of each.
    receiver = transceiver.receiver();
    receiver->on_frame(is_video ? outputs_.on_picture : outputs_.on_sound);
  }
  return {};
}

void Ingest::on_state(ConnectionState state) {
  if (!publisher_) return;
  const bool is_over = state == ConnectionState::failed || state == ConnectionState::closed;
  if (is_over || (state == ConnectionState::connected && !std::exchange(publisher_->told, true))) {
    std::fprintf(stderr, "publisher-%llu: %s\n", static_cast<unsigned long long>(publishers_),
                 publisher_->peer.why().c_str());
  }
  if (is_over) publisher_.reset();  // From inside its own callback, which is legal.
}

void Ingest::request_key_frame() {
  if (publisher_ && publisher_->picture) publisher_->picture->request_key_frame();
}

void Ingest::recommend(http::Response& response) const {
  for (const whip::IceServer& server : recommended_) response.headers.add("Link", whip::to_link(server));
}

}  // namespace whip_server
