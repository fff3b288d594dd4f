#include "camera/viewers.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "petrel/peer/errc.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
namespace http = petrel::http;
namespace whip = petrel::whip;
using petrel::ConnectionState;

// A player that does not trickle needs all of our candidates in the answer. Host candidates
// take no time; a STUN server that does not answer is not worth more than this.
constexpr petrel::Duration gathering_limit = 500ms;
// With relays only there is nothing to say before one is there, and its server may be far away.
constexpr petrel::Duration relay_gathering_limit = 5s;

// One stream: players keep its picture and its sound in step.
constexpr const char* stream_id = "petrel-camera";

constexpr std::chrono::seconds retry_when_full = 10s;

// Who asks for the report of a session that has failed does so within seconds.
constexpr std::size_t max_ended = 16;

}  // namespace

Viewers::Viewers(petrel::io::Network& network, FrameSource& source, ViewerSettings settings)
    : network_(network),
      source_(source),
      settings_(std::move(settings)),
      gate_timer_(network.executor()),
      gathering_limit_(gathering_limit) {
  if (settings_.peer.ice_transport_policy == petrel::ice::TransportPolicy::relay)
    gathering_limit_ = relay_gathering_limit;
  // A camera talks to nobody but its viewers, and sends its picture, and its sound where it has one.
  const bool has_sound = settings_.sends_sound || settings_.listener != nullptr;
  settings_.peer.audio_codecs = has_sound ? std::vector{petrel::opus()} : std::vector<petrel::Codec>{};
  settings_.peer.video_codecs = {petrel::h264({.profile_level_id = source_.profile_level_id()})};
}

Viewers::Table::iterator Viewers::add(petrel::PeerConfig config) {
  const ViewerId id{++last_id_};
  config.name = "viewer-" + std::to_string(id.value);
  const auto added = viewers_.try_emplace(id, network_, std::move(config)).first;
  added->second.served = whip::new_session(network_.random());
  return added;
}

std::variant<ViewerId, Viewers::Refused> Viewers::join(
    petrel::PeerConfig config, const std::string& offer,
    const std::function<void(petrel::PeerConnection&)>& prepare) {
  if (full()) return Refused{std::to_string(settings_.max_viewers) + " are watching, and no more may"};
  const auto added = add(std::move(config));
  const ViewerId id = added->first;
  Viewer& viewer = added->second;
  viewer.own_servers = true;
  prepare(viewer.peer);
  if (const auto negotiated = negotiate(id, viewer, offer); !negotiated) {
    Refused refused{reason_of(viewer, negotiated.error())};
    forget(id);
    return refused;
  }
  ++viewers_served_;
  return id;
}

petrel::PeerConnection* Viewers::peer(ViewerId id) {
  const auto found = viewers_.find(id);
  return found == viewers_.end() ? nullptr : &found->second.peer;
}

asio::awaitable<http::Response> Viewers::respond(whip::SessionAction action) {
  if (auto* offer = std::get_if<whip::SessionCreate>(&action)) {
    auto creating = create(std::move(*offer));
    co_return co_await std::move(creating);
  }
  if (auto* patch = std::get_if<whip::SessionTrickle>(&action)) {
    auto trickling = trickle(std::move(*patch));
    co_return co_await std::move(trickling);
  }
  if (const auto* leave = std::get_if<whip::SessionDelete>(&action)) co_return remove(*leave);
  if (const auto* asked = std::get_if<whip::SessionReport>(&action)) co_return report(*asked);
  co_return std::get<http::Response>(std::move(action));
}

asio::awaitable<http::Response> Viewers::create(whip::SessionCreate request) {
  if (full()) co_return whip::full(settings_.max_viewers, retry_when_full);

  const auto added = add(settings_.peer);
  const ViewerId id = added->first;
  Viewer& viewer = added->second;
  if (const auto negotiated = negotiate(id, viewer, request.offer); !negotiated) {
    http::Response refusal = refuse_offer(viewer, negotiated.error());
    forget(id);
    co_return refusal;
  }
  ++viewers_served_;
  // The viewer may be gone by the time its candidates are gathered: nothing of it is touched after.
  const whip::ServedSession session = viewer.served;
  auto gathered = viewer.peer.gathered_description(gathering_limit_);
  const petrel::SessionDescription answer = co_await std::move(gathered);
  co_return whip::created({session.id, session.etag, answer.sdp}, settings_.endpoint);
}

petrel::Result<void> Viewers::negotiate(ViewerId id, Viewer& viewer, const std::string& offer) {
  auto video = viewer.peer.add_transceiver(
      petrel::Kind::video, {.direction = petrel::Direction::send_only, .stream_ids = {stream_id}});
  if (!video) return video.error();
  viewer.sender = video->sender();
  viewer.sender->on_key_frame_request([this, id] {
    gate_.handle_request(network_.now(), id);
    run_gate();
  });
  if (auto added = add_sound(id, viewer); !added) return added;
  viewer.peer.on_connection_state_change([this, id](ConnectionState state) { on_state(id, state); });

  if (auto set = viewer.peer.set_remote_description({petrel::SdpType::offer, offer}); !set) return set;
  if (auto set = viewer.peer.set_local_description(); !set) return set;
  if (!video->codec()) return petrel::jsep::Errc::no_common_codec;
  return {};
}

// A viewer that offers no audio gets none: the transceiver waits for an offer that has some.
petrel::Result<void> Viewers::add_sound(ViewerId id, Viewer& viewer) {
  const bool talks = settings_.listener != nullptr;
  if (!settings_.sends_sound && !talks) return {};
  auto audio = viewer.peer.add_transceiver(
      petrel::Kind::audio,
      {.direction = petrel::direction_of(settings_.sends_sound, talks), .stream_ids = {stream_id}});
  if (!audio) return audio.error();
  if (settings_.sends_sound) viewer.sound = audio->sender();
  // Packets, not frames: a gap is the listener's to fill, at once.
  if (talks) {
    audio->receiver().on_packet([this, id](petrel::Bytes packet) {
      if (const auto found = viewers_.find(id); found != viewers_.end())
        ++found->second.talk_packets_received;
      settings_.listener->handle_packet(network_.now(), id.value, packet);
    });
  }
  return {};
}

std::string Viewers::reason_of(const Viewer& viewer, std::error_code error) const {
  std::string reason = error.message();
  if (const std::string detail = viewer.peer.error_detail(); !detail.empty()) reason += ": " + detail;
  if (error != petrel::jsep::Errc::no_common_codec) return reason;
  for (const petrel::RejectedMedia& media : viewer.peer.rejected_media()) {
    // It is the picture that cannot be done without.
    if (media.kind == petrel::Kind::video && !media.detail.empty()) reason = media.detail;
  }
  return reason;
}

http::Response Viewers::refuse_offer(const Viewer& viewer, std::error_code error) const {
  const std::string reason = reason_of(viewer, error);
  return error == petrel::jsep::Errc::no_common_codec ? whip::no_common_codec(reason)
                                                      : whip::bad_offer(reason);
}

asio::awaitable<http::Response> Viewers::trickle(whip::SessionTrickle request) {
  const auto found = find(request.session);
  if (found == viewers_.end()) co_return whip::unknown_session();
  auto applying = whip::apply(found->second.peer, found->second.served, std::move(request), network_.random(),
                              gathering_limit_);
  co_return co_await std::move(applying);
}

http::Response Viewers::remove(const whip::SessionDelete& request) {
  const auto found = find(request.session);
  if (found == viewers_.end()) return whip::unknown_session();
  forget(found->first);
  return whip::no_content();
}

ViewerId Viewers::attach(petrel::Sender video, std::optional<petrel::Sender> sound) {
  const ViewerId id{++last_id_};
  video.on_key_frame_request([this, id] {
    gate_.handle_request(network_.now(), id);
    run_gate();
  });
  outlets_.try_emplace(id, Outlet{std::move(video), std::move(sound)});
  return id;
}

void Viewers::handle_ready(ViewerId outlet) {
  gate_.handle_ready(network_.now(), outlet);
  const auto found = outlets_.find(outlet);
  if (found != outlets_.end() && !source_.can_force_key_frame() && !group_.frames().empty()) {
    for (const auto& frame : group_.frames()) send(found->second, frame);
    if (group_.is_complete()) gate_.handle_caught_up(outlet);
  }
  run_gate();
}

void Viewers::detach(ViewerId outlet) {
  gate_.handle_gone(outlet);
  outlets_.erase(outlet);
}

void Viewers::on_state(ViewerId id, ConnectionState state) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  if (state == ConnectionState::connected) {
    if (!std::exchange(found->second.told, true)) tell_why(id, found->second);
    gate_.handle_ready(network_.now(), id);
    if (!source_.can_force_key_frame()) start_from_group(id);
    run_gate();
  } else if (state == ConnectionState::failed || state == ConnectionState::closed) {
    if (state == ConnectionState::failed) tell_why(id, found->second);
    forget(id);  // From inside its own callback, which is legal.
  }
}

void Viewers::tell_why(ViewerId id, Viewer& viewer) {
  std::fprintf(stderr, "viewer-%llu: %s\n", static_cast<unsigned long long>(id.value),
               viewer.peer.why().c_str());
}

// A file makes no key frame on demand, so a viewer is given the last one and what followed.
void Viewers::start_from_group(ViewerId id) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end() || group_.frames().empty()) return;
  for (const auto& frame : group_.frames()) send(found->second, frame);
  if (group_.is_complete()) gate_.handle_caught_up(id);
}

void Viewers::handle_frame(const CapturedFrame& captured) {
  const AccessUnit& unit = captured.unit;
  const auto frame = petrel::EncodedFrame::make(
      unit.annex_b, {.capture_time = captured.captured, .key_frame = unit.key_frame});
  ++frames_;
  if (unit.key_frame) ++key_frames_;
  gate_.handle_frame(unit.key_frame);
  for (auto& [id, viewer] : viewers_) {
    if (gate_.admits(id)) send(viewer, frame);
  }
  for (auto& [id, outlet] : outlets_) {
    if (gate_.admits(id)) send(outlet, frame);
  }
  if (!source_.can_force_key_frame()) group_.push(frame, unit.annex_b.size(), unit.key_frame);
  run_gate();
}

void Viewers::send(Viewer& viewer, const std::shared_ptr<const petrel::EncodedFrame>& frame) {
  // A frame that cannot leave is asked for again by the peer itself: it wants a key frame then.
  if (viewer.sender->send_frame(frame)) ++viewer.frames_sent;
}

void Viewers::handle_sound(const std::shared_ptr<const petrel::EncodedFrame>& frame) {
  for (auto& [id, viewer] : viewers_) {
    if (viewer.sound && viewer.sound->send_frame(frame)) ++viewer.sound_packets_sent;
  }
  for (auto& [id, outlet] : outlets_) {
    if (outlet.sound) static_cast<void>(outlet.sound->send_frame(frame));  // Not before it is connected.
  }
}

void Viewers::send(Outlet& outlet, const std::shared_ptr<const petrel::EncodedFrame>& frame) {
  if (outlet.sender.send_frame(frame)) ++outlet.frames_sent;
}

void Viewers::run_gate() {
  if (gate_.poll_request()) source_.force_key_frame();
  const auto due = gate_.next_timeout();
  if (!due) {
    gate_timer_.cancel();
    return;
  }
  gate_timer_.expires_after(*due - network_.now());
  gate_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    gate_.handle_timeout(network_.now());
    run_gate();
  });
}

Viewers::Table::iterator Viewers::find(const std::string& session) {
  auto it = viewers_.begin();
  while (it != viewers_.end() && it->second.served.id != session) ++it;
  return it;
}

void Viewers::forget(ViewerId id) {
  gate_.handle_gone(id);
  const auto viewer = viewers_.find(id);
  if (viewer == viewers_.end()) return;
  ended_.push_back({viewer->second.served.id, petrel::to_json(viewer->second.peer.report())});
  if (ended_.size() > max_ended) ended_.pop_front();
  viewers_.erase(viewer);
  if (settings_.listener != nullptr) settings_.listener->handle_gone(id.value);
  if (on_gone_) on_gone_(id);
}

http::Response Viewers::report(const whip::SessionReport& request) const {
  const auto json = [](std::string text) {
    return http::Response{http::Status::ok, {{"Content-Type", "application/json"}}, std::move(text)};
  };
  for (const auto& [id, viewer] : viewers_) {
    if (viewer.served.id == request.session) return json(petrel::to_json(viewer.peer.report()));
  }
  for (const Ended& ended : ended_) {
    if (ended.session == request.session) return json(ended.report);
  }
  return whip::unknown_session();
}

void Viewers::set_ice_servers(const std::vector<petrel::IceServer>& servers) {
  settings_.peer.ice_servers = servers;
  for (auto& [id, viewer] : viewers_) {
    if (!viewer.own_servers) (void)viewer.peer.set_ice_servers(servers);
  }
}

std::string Viewers::statistics() const {
  nlohmann::json viewers = nlohmann::json::array();
  for (const auto& [id, viewer] : viewers_) {
    const petrel::PeerStats stats = viewer.peer.stats();
    nlohmann::json each = {{"id", id.value},
                           {"state", petrel::to_string(viewer.peer.connection_state())},
                           {"frames_sent", viewer.frames_sent},
                           {"sound_packets_sent", viewer.sound_packets_sent},
                           {"talk_packets_received", viewer.talk_packets_received},
                           {"why", viewer.peer.why()}};
    for (const auto& outbound : stats.rtp.outbound) {
      each["packets_sent"] = each.value("packets_sent", std::uint64_t{0}) + outbound.packets_sent;
      each["retransmitted_packets_sent"] =
          each.value("retransmitted_packets_sent", std::uint64_t{0}) + outbound.retransmitted_packets_sent;
      each["fraction_lost"] = std::max(each.value("fraction_lost", 0.0), outbound.remote_fraction_lost);
    }
    viewers.push_back(std::move(each));
  }
  nlohmann::json published = nlohmann::json::array();
  for (const auto& [id, outlet] : outlets_) {
    published.push_back({{"id", id.value}, {"frames_sent", outlet.frames_sent}});
  }
  return nlohmann::json{{"source", source_.description()}, {"frames", frames_},
                        {"key_frames", key_frames_},       {"viewers_served", viewers_served_},
                        {"viewers", std::move(viewers)},   {"published", std::move(published)}}
      .dump();
}

void Viewers::close() {
  gate_timer_.cancel();
  viewers_.clear();
  outlets_.clear();
}

}  // namespace camera
