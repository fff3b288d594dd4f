#include "camera/whip_publisher.hpp"

#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>
#include <variant>

#include "petrel/http/url.hpp"
#include "petrel/whip/errc.hpp"
#include "shared/peer_config.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace whip = petrel::whip;
using petrel::ConnectionState;

void tell(const std::string& line) { std::fprintf(stderr, "petrel-camera: whip: %s\n", line.c_str()); }

whip::SessionConfig checked(whip::SessionConfig config) {
  const auto good = whip::check(config);
  if (good) return config;
  if (good.error() == whip::Errc::bad_token) {
    throw shared::UserError("The bearer token has characters that it cannot have: check --bearer-token.");
  }
  throw shared::UserError("--url " + config.url + ": " + good.error().message() +
                          ". Give it such as --url https://example.org/whip/door.");
}

std::string without_query(const std::string& text) {
  auto url = petrel::http::parse_url(text).value();  // It has been checked.
  url.query.clear();
  return petrel::http::to_string(url);
}

whip::CallOptions call_options(const Viewers& viewers, std::vector<petrel::IceServer> own_servers) {
  whip::CallOptions options{.peer = viewers.peer_config(), .tls = {}};
  options.peer.ice_servers = std::move(own_servers);
  return options;
}

}  // namespace

std::string read_bearer_token(const std::string& token, const std::string& file) {
  if (file.empty()) return token;
  std::string text = shared::read_text_file("--bearer-token-file", file);
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) throw shared::UserError("--bearer-token-file " + file + ": its first line is empty.");
  return text;
}

WhipPublisher::WhipPublisher(petrel::io::Network& network, Viewers& viewers, whip::SessionConfig config,
                             std::vector<petrel::IceServer> own_servers, std::function<void()> on_failed)
    : viewers_(viewers),
      on_failed_(std::move(on_failed)),
      call_(
          network, checked(config), [this](petrel::PeerConnection& peer) { prepare(peer); },
          call_options(viewers, std::move(own_servers))) {
  endpoint_ = without_query(config.url);
  call_.on_event([this](const whip::CallEvent& event) {
    std::visit([this](const auto& each) { handle(each); }, event);
  });
}

void WhipPublisher::close(std::function<void()> done) {
  on_closed_ = std::move(done);
  stop_sending();
  call_.close();
}

void WhipPublisher::prepare(petrel::PeerConnection& peer) {
  stop_sending();
  const petrel::TransceiverInit init{.direction = petrel::Direction::send_only,
                                     .stream_ids = {"petrel-camera"}};
  const auto video = peer.add_transceiver(petrel::Kind::video, init);
  if (!video) return;
  std::optional<petrel::Sender> sound;
  if (viewers_.sends_sound()) {
    if (const auto audio = peer.add_transceiver(petrel::Kind::audio, init)) sound = audio->sender();
  }
  outlet_ = viewers_.attach(video->sender(), std::move(sound));
}

void WhipPublisher::stop_sending() {
  if (outlet_) viewers_.detach(*std::exchange(outlet_, std::nullopt));
}

void WhipPublisher::handle(const whip::StateChanged& event) {
  if (event.state != ConnectionState::connected || !outlet_) return;
  viewers_.handle_ready(*outlet_);
  interruption_.clear();
  tell("publishing to " + endpoint_ + ": " + call_.peer()->why());
}

// Attempts that fail in the same way are worth one line.
void WhipPublisher::handle(const whip::Interrupted& event) {
  stop_sending();
  if (event.detail == interruption_) return;
  interruption_ = event.detail;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(event.retry_in).count();
  tell("not publishing: " + event.detail + ". It is tried again in " + std::to_string(seconds) + " s");
}

void WhipPublisher::handle(const whip::Warning& event) { tell(event.detail); }

void WhipPublisher::handle(const whip::Failed& event) {
  stop_sending();
  tell("given up: " + (event.detail.empty() ? event.error.message() : event.detail));
  on_failed_();
}

void WhipPublisher::handle(const whip::Closed&) {
  if (const auto done = std::exchange(on_closed_, nullptr)) done();
}

}  // namespace camera
