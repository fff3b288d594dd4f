#include "interop/call/call.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#include <stdexcept>
#include <utility>

#include "interop/call/result.hpp"

namespace interop {
namespace {

using nlohmann::json;

petrel::Kind kind_of(const std::string& name) {
  if (name == "audio") return petrel::Kind::audio;
  if (name == "video") return petrel::Kind::video;
  throw std::invalid_argument("'" + name + "' is neither audio nor video");
}

petrel::Codec codec_of(const std::string& name) {
  if (name == "H264") return petrel::h264();
  if (name == "VP8") return petrel::vp8();
  if (name == "opus") return petrel::opus();
  throw std::invalid_argument("'" + name + "' is no codec that petrel has; there are H264, VP8 and opus");
}

petrel::SdpType type_of(const std::string& name) {
  for (const auto type : {petrel::SdpType::offer, petrel::SdpType::pranswer, petrel::SdpType::answer}) {
    if (to_string(type) == name) return type;
  }
  throw std::invalid_argument("'" + name + "' is no type of a description");
}

std::vector<std::byte> bytes_of(const std::string& hexadecimal) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(hexadecimal.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

petrel::PeerConfig peer_config(const json& settings) {
  petrel::PeerConfig config;
  config.hide_addresses = settings.value("hide_addresses", false);
  for (const json& server : settings.value("ice_servers", json::array())) {
    config.ice_servers.push_back({.url = server.at("url"),
                                  .username = server.value("username", ""),
                                  .credential = server.value("credential", "")});
  }
  return config;
}

}  // namespace

Call::Call(petrel::Network& network, Tell tell) : network_(network), tell_(std::move(tell)) {}

void Call::handle(const json& line) {
  if (line.contains("start")) {
    start(line.at("start"));
  } else if (line.contains("report")) {
    tell_({{"result", result()}});
  } else if (!peer_) {
    throw std::invalid_argument("the call has not been started");
  } else if (line.contains("description")) {
    handle_description(line.at("description"));
  } else if (line.contains("candidate")) {
    handle_candidate(line.at("candidate"));
  }
}

void Call::start(const json& settings) {
  offers_ = settings.at("role") == "offer";
  trickles_ = settings.value("trickle", true);
  enough_ = settings.value("enough", 1u);
  petrel::PeerConfig config = peer_config(settings);
  config.audio_codecs.clear();
  config.video_codecs.clear();
  for (const json& each : settings.at("media")) {
    const petrel::Kind kind = kind_of(each.at("kind"));
    Medium medium{.codec = codec_of(each.at("codec")),
                  .frame = petrel::EncodedFrame::make(bytes_of(each.at("frame")), {.key_frame = true}),
                  .interval = std::chrono::milliseconds(each.at("every_ms").get<int>())};
    (kind == petrel::Kind::audio ? config.audio_codecs : config.video_codecs).push_back(medium.codec);
    media_.emplace(kind, std::move(medium));
  }
  peer_.emplace(network_, std::move(config));
  if (settings.contains("data")) {
    script_.emplace(*peer_, network_, settings.at("data"));
    script_->prepare();
  }
  watch();
  if (offers_) offer();
}

void Call::watch() {
  peer_->on_connection_state_change([this](petrel::ConnectionState state) {
    tell_({{"state", to_string(state)}});
    if (state != petrel::ConnectionState::connected) return;
    for (const auto& [kind, medium] : media_) {
      asio::co_spawn(network_.executor(), send(kind), asio::detached);
    }
    if (script_ && !script_->has_begun()) {
      asio::co_spawn(network_.executor(), script_->run([this] { tell_when_enough(); }), asio::detached);
    }
  });
  peer_->on_data_channel([this](petrel::DataChannel channel) {
    if (script_) script_->announced(std::move(channel));
  });
  if (!trickles_) return;
  peer_->on_ice_candidate([this](const petrel::LocalCandidate& candidate) {
    tell_({{"candidate", {{"candidate", candidate.candidate}, {"mid", candidate.mid}}}});
  });
}

void Call::offer() {
  for (const auto& [kind, medium] : media_) {
    if (const auto added = peer_->add_transceiver(kind); !added) return fail(added.error().message());
  }
  if (const auto set = peer_->set_local_description(); !set) {
    return fail(set.error().message() + ": " + peer_->error_detail());
  }
  take_media();
  tell_description();
}

void Call::answer() {
  // The peer's offer has made the transceivers, and made them to receive only.
  for (petrel::Transceiver transceiver : peer_->transceivers()) {
    if (const auto set = transceiver.set_direction(petrel::Direction::send_recv); !set) {
      return fail(set.error().message());
    }
  }
  if (const auto set = peer_->set_local_description(); !set) {
    return fail(set.error().message() + ": " + peer_->error_detail());
  }
  take_media();
  tell_description();
}

void Call::take_media() {
  for (const petrel::Transceiver& transceiver : peer_->transceivers()) {
    const petrel::Kind kind = transceiver.kind();
    const auto medium = media_.find(kind);
    if (medium == media_.end() || medium->second.sender) continue;
    medium->second.sender = transceiver.sender();
    transceiver.receiver().on_frame([this, kind](const auto&) { count(kind); });
  }
}

void Call::tell_description() {
  if (!trickles_) {
    asio::co_spawn(network_.executor(), tell_when_gathered(), asio::detached);
    return;
  }
  const petrel::SessionDescription description = *peer_->local_description();
  tell_({{"description", {{"type", to_string(description.type)}, {"sdp", description.sdp}}}});
}

asio::awaitable<void> Call::tell_when_gathered() {
  auto gathered = peer_->gathered_description();
  const petrel::SessionDescription description = co_await std::move(gathered);
  tell_({{"description", {{"type", to_string(description.type)}, {"sdp", description.sdp}}}});
}

void Call::handle_description(const json& description) {
  const petrel::SdpType type = type_of(description.at("type"));
  if (const auto set = peer_->set_remote_description({type, description.at("sdp")}); !set) {
    return fail(set.error().message() + ": " + peer_->error_detail());
  }
  if (script_) script_->handle_description(description.at("sdp").get_ref<const std::string&>());
  if (type == petrel::SdpType::offer) answer();
  for (const petrel::RejectedMedia& rejected : peer_->rejected_media()) {
    tell_({{"rejected", rejected.detail}});
  }
}

void Call::handle_candidate(const json& candidate) {
  const std::string text = candidate.at("candidate");
  if (const auto added = peer_->add_ice_candidate(text, candidate.value("mid", "")); !added) {
    fail(added.error().message() + ": '" + text + "'");
  }
}

asio::awaitable<void> Call::send(petrel::Kind kind) {
  Medium& medium = media_.at(kind);
  asio::steady_timer timer(network_.executor());
  while (peer_->connection_state() == petrel::ConnectionState::connected) {
    // A frame carries the time at which it was taken, so each time it is another one.
    const auto& bytes = medium.frame->bytes();
    const auto frame = petrel::EncodedFrame::make(bytes, {.capture_time = network_.now(), .key_frame = true});
    if (medium.sender && medium.sender->send_frame(frame)) ++medium.sent;
    timer.expires_after(medium.interval);
    auto waiting = timer.async_wait(asio::use_awaitable);
    co_await std::move(waiting);
  }
}

void Call::count(petrel::Kind kind) {
  ++media_.at(kind).received;
  tell_when_enough();
}

void Call::tell_when_enough() {
  if (told_enough_ || (script_ && !script_->is_over())) return;
  for (const auto& [each, medium] : media_) {
    if (medium.received < enough_) return;
  }
  told_enough_ = true;
  tell_({{"enough", {{"closed", script_ ? script_->closed() : json::array()}}}});
}

void Call::fail(const std::string& what) { tell_({{"failed", what}}); }

json Call::result() const {
  if (!peer_) return {{"connected", false}, {"why", "The call was not started."}};
  json result = connection_result(peer_->report());
  result["why"] = peer_->why();
  result["packets"] = packet_result(peer_->stats());
  result["sctp"] = sctp_result(peer_->stats());
  for (const auto& [kind, medium] : media_) {
    const std::string name(to_string(kind));
    result["sent"][name] = medium.sent;
    result["received"][name] = medium.received;
  }
  if (script_) result["data"] = script_->result();
  if (!result.at("connected")) result["report"] = to_string(peer_->report());
  return result;
}

}  // namespace interop
