#include "petrel/peer/peer.hpp"

#include <utility>

#include "peer/peer_core.hpp"

namespace petrel::inline v0 {

Peer::Peer(TimePoint now, PeerConfig config, ClockMapping clock, RandomSource& random)
    : core_(std::make_unique<Core>(now, std::move(config), clock, random)) {}
Peer::~Peer() = default;

Result<TransceiverId> Peer::add_transceiver(TimePoint now, Kind kind, TransceiverInit init) {
  return core_->add_transceiver(now, kind, std::move(init));
}
Result<void> Peer::set_direction(TimePoint now, TransceiverId id, Direction direction) {
  return core_->set_direction(now, id, direction);
}
Result<void> Peer::stop_transceiver(TimePoint now, TransceiverId id) {
  return core_->stop_transceiver(now, id);
}
std::optional<jsep::TransceiverState> Peer::transceiver(TransceiverId id) const {
  return core_->negotiation().transceiver(id);
}
std::vector<jsep::TransceiverState> Peer::transceivers() const { return core_->negotiation().transceivers(); }
std::optional<Codec> Peer::send_codec(TransceiverId id) const { return core_->send_codec(id); }

void Peer::restart_ice(TimePoint now) { core_->restart_ice(now); }
Result<void> Peer::set_ice_servers(TimePoint now, std::vector<IceServer> servers) {
  return core_->set_ice_servers(now, std::move(servers));
}
Result<SessionDescription> Peer::create_offer() { return core_->create_offer(); }
Result<SessionDescription> Peer::create_answer() { return core_->create_answer(); }
Result<void> Peer::set_local_description(TimePoint now, const SessionDescription& description) {
  return core_->set_local_description(now, description);
}
Result<void> Peer::set_local_description(TimePoint now) { return core_->set_local_description(now); }
Result<void> Peer::set_remote_description(TimePoint now, const SessionDescription& description) {
  return core_->set_remote_description(now, description);
}
Result<void> Peer::add_ice_candidate(TimePoint now, const jsep::Negotiation::TrickledCandidate& candidate) {
  return core_->add_ice_candidate(now, candidate);
}
std::optional<SessionDescription> Peer::local_description() const { return core_->local_description(); }
std::optional<SessionDescription> Peer::remote_description() const {
  return core_->negotiation().remote_description();
}
const std::vector<RejectedMedia>& Peer::rejected_media() const { return core_->rejected_media(); }
std::string Peer::error_detail() const { return core_->error_detail(); }

Result<void> Peer::send_frame(TimePoint now, TransceiverId id, std::shared_ptr<const EncodedFrame> frame) {
  return core_->send_frame(now, id, std::move(frame));
}
Result<void> Peer::send_packet(TimePoint now, TransceiverId id, Bytes packet) {
  return core_->send_packet(now, id, packet);
}
void Peer::request_key_frame(TimePoint now, TransceiverId id) { core_->request_key_frame(now, id); }
void Peer::deliver_packets(TimePoint now, TransceiverId id) { core_->deliver_packets(now, id); }

Result<ChannelId> Peer::create_data_channel(TimePoint now, std::string label, DataChannelInit init) {
  return core_->create_data_channel(now, std::move(label), std::move(init));
}
Result<bool> Peer::try_send(TimePoint now, ChannelId channel, Bytes message, bool is_text) {
  return core_->try_send(now, channel, message, is_text);
}
std::optional<Message> Peer::receive(TimePoint now, ChannelId channel) {
  return core_->receive(now, channel);
}
Result<void> Peer::set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes) {
  return core_->set_buffered_amount_low_threshold(channel, bytes);
}
void Peer::close_channel(TimePoint now, ChannelId channel) { core_->close_channel(now, channel); }
std::optional<datachannel::ChannelInfo> Peer::channel(ChannelId channel) const {
  return core_->channel(channel);
}
std::vector<ChannelId> Peer::channels() const { return core_->channels(); }

ConnectionState Peer::connection_state() const { return core_->connection_state(); }
IceConnectionState Peer::ice_connection_state() const { return core_->ice_connection_state(); }
IceGatheringState Peer::ice_gathering_state() const { return core_->ice_gathering_state(); }
SignalingState Peer::signaling_state() const { return core_->negotiation().state(); }
PeerStats Peer::stats() const { return core_->stats(); }
ConnectionReport Peer::report(TimePoint now) const { return core_->report(now); }

void Peer::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  core_->handle_interfaces(now, addresses);
}
bool Peer::handle_datagram(TimePoint now, const Datagram& datagram) {
  core_->handle_datagrams(now, {&datagram, 1});
  return true;  // Whatever comes to a peer's flow is for it; what it cannot use it counts.
}
void Peer::handle_datagrams(TimePoint now, std::span<const Datagram> datagrams) {
  core_->handle_datagrams(now, datagrams);
}
void Peer::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  core_->handle_flow(now, flow, change);
}
void Peer::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  core_->handle_resolved(now, id, addresses);
}
void Peer::handle_timeout(TimePoint now) { core_->handle_timeout(now); }
std::optional<TimePoint> Peer::next_timeout() const { return core_->next_timeout(); }
std::optional<IoRequest> Peer::poll_request() { return core_->poll_request(); }
std::optional<Transmit> Peer::poll_transmit() { return core_->poll_transmit(); }
std::optional<PeerEvent> Peer::poll_event() { return core_->poll_event(); }
std::optional<PeerEvent> Peer::poll_event_of(ChannelId channel) { return core_->poll_event_of(channel); }
void Peer::close(TimePoint now) { core_->close(now); }

}  // namespace petrel::inline v0
