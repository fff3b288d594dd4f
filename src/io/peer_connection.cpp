#include "petrel/peer_connection.hpp"

#include <utility>

#include "io/peer_state.hpp"

namespace petrel::inline v0 {
namespace {

std::shared_ptr<detail::PeerState> make_state(io::Network& network, PeerConfig config) {
  const bool gathers_ahead = config.ice_candidate_pool_size > 0;
  auto state = std::make_shared<detail::PeerState>(network, std::move(config));
  state->attach();
  if (gathers_ahead) {
    state->list_interfaces();
    state->after_call();
  }
  return state;
}

}  // namespace

// ---- Sender, Receiver, Transceiver ------------------------------------------------------

Result<void> Sender::send_frame(std::shared_ptr<const EncodedFrame> frame) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  const auto sent = state->peer().send_frame(state->now(), id_, std::move(frame));
  state->after_call();
  return sent;
}

Result<void> Sender::send_packet(Bytes packet) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  const auto sent = state->peer().send_packet(state->now(), id_, packet);
  state->after_call();
  return sent;
}

void Sender::on_key_frame_request(std::function<void()> callback) {
  if (const auto state = open(peer_))
    state->callbacks().transceivers[id_].key_frame_request.set(std::move(callback));
}

void Sender::on_target_bitrate(std::function<void(Bitrate)> callback) {
  if (const auto state = open(peer_))
    state->callbacks().transceivers[id_].target_bitrate.set(std::move(callback));
}

void Receiver::on_frame(std::function<void(const std::shared_ptr<const EncodedFrame>&)> callback) {
  if (const auto state = open(peer_)) state->callbacks().transceivers[id_].frame.set(std::move(callback));
}

void Receiver::on_packet(std::function<void(Bytes)> callback) {
  const auto state = open(peer_);
  if (!state) return;
  state->callbacks().transceivers[id_].packet.set(std::move(callback));
  state->peer().deliver_packets(state->now(), id_);
  state->after_call();
}

void Receiver::request_key_frame() {
  const auto state = open(peer_);
  if (!state) return;
  state->peer().request_key_frame(state->now(), id_);
  state->after_call();
}

std::optional<std::string> Transceiver::mid() const {
  const auto state = peer_.lock();
  const auto transceiver = state ? state->peer().transceiver(id_) : std::nullopt;
  return transceiver ? transceiver->mid : std::nullopt;
}

Kind Transceiver::kind() const {
  const auto state = peer_.lock();
  const auto transceiver = state ? state->peer().transceiver(id_) : std::nullopt;
  return transceiver ? transceiver->kind : Kind::video;
}

Direction Transceiver::direction() const {
  const auto state = peer_.lock();
  const auto transceiver = state ? state->peer().transceiver(id_) : std::nullopt;
  return transceiver ? transceiver->direction : Direction::inactive;
}

std::optional<Direction> Transceiver::current_direction() const {
  const auto state = peer_.lock();
  const auto transceiver = state ? state->peer().transceiver(id_) : std::nullopt;
  return transceiver ? transceiver->current_direction : std::nullopt;
}

Result<void> Transceiver::set_direction(Direction direction) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  const auto set = state->peer().set_direction(state->now(), id_, direction);
  state->after_call();
  return set;
}

std::optional<Codec> Transceiver::codec() const {
  const auto state = peer_.lock();
  return state ? state->peer().send_codec(id_) : std::nullopt;
}

Result<void> Transceiver::stop() {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  const auto stopped = state->peer().stop_transceiver(state->now(), id_);
  state->after_call();
  return stopped;
}

Sender Transceiver::sender() const {
  Sender sender;
  sender.peer_ = peer_;
  sender.id_ = id_;
  return sender;
}

Receiver Transceiver::receiver() const {
  Receiver receiver;
  receiver.peer_ = peer_;
  receiver.id_ = id_;
  return receiver;
}

// ---- PeerConnection ---------------------------------------------------------------------

PeerConnection::PeerConnection(io::Network& network, PeerConfig config)
    : state_(make_state(network, std::move(config))) {}

PeerConnection::PeerConnection(asio::any_io_executor executor, PeerConfig config)
    : own_network_(std::make_unique<Network>(std::move(executor))),
      state_(make_state(*own_network_, std::move(config))) {}

PeerConnection::~PeerConnection() {
  if (state_) state_->close();
}

PeerConnection::PeerConnection(PeerConnection&&) noexcept = default;

PeerConnection& PeerConnection::operator=(PeerConnection&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->close();
  state_ = std::move(other.state_);  // Before the network: the old state lets go of the old network first.
  own_network_ = std::move(other.own_network_);
  return *this;
}

Result<Transceiver> PeerConnection::add_transceiver(Kind kind, TransceiverInit init) {
  if (state_->closed()) return Errc::closed;
  const auto id = state_->peer().add_transceiver(state_->now(), kind, std::move(init));
  if (!id) return id.error();
  state_->after_call();
  return state_->handle(*id);
}

Result<Sender> PeerConnection::add_track(Kind kind, TransceiverInit init) {
  if (state_->closed()) return Errc::closed;
  for (const jsep::TransceiverState& each : state_->peer().transceivers()) {
    // W3C addTrack step 5: a transceiver of the kind whose sender has never sent.
    if (each.kind != kind || each.stopped || sends(each.direction)) continue;
    Transceiver transceiver = state_->handle(each.id);
    const Direction direction = direction_of(true, receives(each.direction));
    if (const auto set = transceiver.set_direction(direction); !set) return set.error();
    return transceiver.sender();
  }
  init.direction = Direction::send_recv;
  const auto transceiver = add_transceiver(kind, std::move(init));
  if (!transceiver) return transceiver.error();
  return transceiver->sender();
}

Result<DataChannel> PeerConnection::create_data_channel(std::string label, DataChannelInit init) {
  if (state_->closed()) return Errc::closed;
  const auto id = state_->peer().create_data_channel(state_->now(), std::move(label), std::move(init));
  if (!id) return id.error();
  state_->after_call();
  return state_->handle(*id);
}

std::vector<DataChannel> PeerConnection::data_channels() const {
  std::vector<DataChannel> handles;
  if (state_->closed()) return handles;
  for (const ChannelId id : state_->peer().channels()) {
    const auto info = state_->peer().channel(id);
    if (info && info->state != DataChannelState::closed) handles.push_back(state_->handle(id));
  }
  return handles;
}

std::vector<Transceiver> PeerConnection::transceivers() const {
  std::vector<Transceiver> handles;
  for (const jsep::TransceiverState& each : state_->peer().transceivers())
    handles.push_back(state_->handle(each.id));
  return handles;
}

void PeerConnection::restart_ice() {
  state_->peer().restart_ice(state_->now());
  state_->after_call();
}

Result<void> PeerConnection::set_ice_servers(std::vector<IceServer> servers) {
  if (state_->closed()) return Errc::closed;
  const auto set = state_->peer().set_ice_servers(state_->now(), std::move(servers));
  state_->after_call();
  return set;
}

Result<SessionDescription> PeerConnection::create_offer() { return state_->peer().create_offer(); }
Result<SessionDescription> PeerConnection::create_answer() { return state_->peer().create_answer(); }

Result<void> PeerConnection::set_local_description() {
  state_->list_interfaces();
  const auto set = state_->peer().set_local_description(state_->now());
  state_->after_call();
  return set;
}

Result<void> PeerConnection::set_local_description(SessionDescription description) {
  state_->list_interfaces();
  const auto set = state_->peer().set_local_description(state_->now(), description);
  state_->after_call();
  return set;
}

Result<void> PeerConnection::set_remote_description(SessionDescription description) {
  const auto set = state_->peer().set_remote_description(state_->now(), description);
  state_->after_call();
  return set;
}

Result<void> PeerConnection::add_ice_candidate(std::string_view candidate, std::string_view mid) {
  jsep::Negotiation::TrickledCandidate trickled;
  trickled.candidate = candidate;
  trickled.mid = mid;
  if (mid.empty()) trickled.media_line = 0;
  const auto added = state_->peer().add_ice_candidate(state_->now(), trickled);
  state_->after_call();
  return added;
}

std::optional<SessionDescription> PeerConnection::local_description() const {
  return state_->peer().local_description();
}
std::optional<SessionDescription> PeerConnection::remote_description() const {
  return state_->peer().remote_description();
}
std::vector<RejectedMedia> PeerConnection::rejected_media() const { return state_->peer().rejected_media(); }
std::string PeerConnection::error_detail() const { return state_->peer().error_detail(); }

ConnectionState PeerConnection::connection_state() const { return state_->peer().connection_state(); }
IceConnectionState PeerConnection::ice_connection_state() const {
  return state_->peer().ice_connection_state();
}
IceGatheringState PeerConnection::ice_gathering_state() const { return state_->peer().ice_gathering_state(); }
SignalingState PeerConnection::signaling_state() const { return state_->peer().signaling_state(); }

void PeerConnection::on_connection_state_change(std::function<void(ConnectionState)> callback) {
  state_->callbacks().connection_state.set(std::move(callback));
}
void PeerConnection::on_ice_connection_state_change(std::function<void(IceConnectionState)> callback) {
  state_->callbacks().ice_connection_state.set(std::move(callback));
}
void PeerConnection::on_ice_gathering_state_change(std::function<void(IceGatheringState)> callback) {
  state_->callbacks().ice_gathering_state.set(std::move(callback));
}
void PeerConnection::on_signaling_state_change(std::function<void(SignalingState)> callback) {
  state_->callbacks().signaling_state.set(std::move(callback));
}
void PeerConnection::on_negotiation_needed(std::function<void()> callback) {
  state_->callbacks().negotiation_needed.set(std::move(callback));
}
void PeerConnection::on_ice_candidate(std::function<void(const LocalCandidate&)> callback) {
  state_->callbacks().ice_candidate.set(std::move(callback));
}
void PeerConnection::on_track(std::function<void(Transceiver)> callback) {
  state_->callbacks().track.set(std::move(callback));
}

void PeerConnection::on_data_channel(std::function<void(DataChannel)> callback) {
  state_->callbacks().data_channel.set(std::move(callback));
}

// Not coroutines themselves: their frames would point to this PeerConnection, which may
// be moved or destroyed while they wait.
asio::awaitable<std::optional<Event>> PeerConnection::next_event() {
  return detail::PeerState::next_event(state_);
}
asio::awaitable<SessionDescription> PeerConnection::gathered_description(Duration limit) {
  return detail::PeerState::gathered_description(state_, limit);
}

PeerStats PeerConnection::stats() const { return state_->peer().stats(); }
ConnectionReport PeerConnection::report() const { return state_->peer().report(state_->now()); }
std::string PeerConnection::why() const { return explain(report()); }

void PeerConnection::close() { state_->close(); }

}  // namespace petrel::inline v0
