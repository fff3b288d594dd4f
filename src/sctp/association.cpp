#include "petrel/sctp/association.hpp"

#include "sctp/association_state.hpp"

namespace petrel::inline v0::sctp {

// usrsctp draws tags and sequence numbers from the system (docs/usrsctp.md).
Association::Association(TimePoint now, AssociationConfig config, RandomSource&)
    : state_(std::make_unique<State>(now, config)) {}
Association::~Association() = default;

std::vector<std::byte> Association::announce(TimePoint now) { return state_->announce(now); }
void Association::connect(TimePoint now) { state_->connect(now); }
Result<void> Association::connect(TimePoint now, Bytes peer_init, std::size_t mtu_bytes) {
  return state_->connect(now, peer_init, mtu_bytes);
}
void Association::handle_packet(TimePoint now, Bytes packet) { state_->handle_packet(now, packet); }
void Association::handle_packets(TimePoint now, std::span<const PacketBuffer> packets) {
  state_->handle_packets(now, packets);
}
void Association::handle_timeout(TimePoint now) { state_->handle_timeout(now); }
std::optional<TimePoint> Association::next_timeout() const { return state_->next_timeout(); }
std::optional<PacketBuffer> Association::poll_packet() { return state_->poll_packet(); }
std::optional<Event> Association::poll_event() { return state_->poll_event(); }
Result<std::size_t> Association::send(TimePoint now, const Outgoing& outgoing) {
  return state_->send(now, outgoing);
}
std::optional<Incoming> Association::receive(TimePoint now) { return state_->receive(now); }
std::size_t Association::unacknowledged() const { return state_->unacknowledged(); }
Result<void> Association::reset(TimePoint now, std::span<const std::uint16_t> streams) {
  return state_->reset(now, streams);
}
void Association::shut_down(TimePoint now) { state_->shut_down(now); }
void Association::abort(TimePoint now) { state_->abort(now); }
bool Association::connected() const { return state_->connected(); }
AssociationStats Association::stats() const { return state_->stats(); }

}  // namespace petrel::inline v0::sctp
