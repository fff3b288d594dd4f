#include "petrel/datachannel/channels.hpp"

#include <algorithm>
#include <utility>

#include "datachannel/core.hpp"

namespace petrel::inline v0::datachannel {
namespace {

// Each costs some 100 bytes. More are asked for when one is used, which hardly any peer grants
// (docs/interop.md): those of channels that are there before the association are there from the first.
constexpr std::uint16_t initial_streams = 300;

class AssociationLink final : public Link {
 public:
  AssociationLink(TimePoint now, const sctp::AssociationConfig& config, RandomSource& random)
      : association_(now, config, random) {}

  std::vector<std::byte> announce(TimePoint now) { return association_.announce(now); }
  Result<void> connect_announced(TimePoint now, Bytes peer_init, std::size_t mtu_bytes) {
    return association_.connect(now, peer_init, mtu_bytes);
  }

  // One that was announced is connected already.
  void connect(TimePoint now) override { association_.connect(now); }
  void handle_packet(TimePoint now, Bytes packet) override { association_.handle_packet(now, packet); }
  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets) override {
    association_.handle_packets(now, packets);
  }
  void handle_timeout(TimePoint now) override { association_.handle_timeout(now); }
  std::optional<TimePoint> next_timeout() const override { return association_.next_timeout(); }
  std::optional<PacketBuffer> poll_packet() override { return association_.poll_packet(); }
  std::optional<sctp::Event> poll_event() override { return association_.poll_event(); }
  Result<std::size_t> send(TimePoint now, const sctp::Outgoing& outgoing) override {
    return association_.send(now, outgoing);
  }
  std::optional<sctp::Incoming> receive(TimePoint now) override { return association_.receive(now); }
  std::size_t unacknowledged() const override { return association_.unacknowledged(); }
  Result<void> reset(TimePoint now, std::span<const std::uint16_t> streams) override {
    return association_.reset(now, streams);
  }
  void shut_down(TimePoint now) override { association_.shut_down(now); }
  void abort(TimePoint now) override { association_.abort(now); }
  sctp::AssociationStats stats() const override { return association_.stats(); }

 private:
  sctp::Association association_;
};

}  // namespace

class Channels::State {
 public:
  State(TimePoint now, ChannelsConfig config, RandomSource& source)
      : created_at(now),
        log(config.log),
        max_streams(config.max_streams),
        interleaving(config.interleaving),
        zero_checksum(config.zero_checksum),
        send_buffer_bytes(config.send_buffer_bytes),
        receive_buffer_bytes(config.receive_buffer_bytes),
        random(source),
        core(now, std::move(config)) {
    log.module = "sctp";
  }

  sctp::AssociationConfig association(const TransportParameters& parameters) const {
    return {.local_port = parameters.local_port,
            .remote_port = parameters.remote_port,
            .mtu_bytes = parameters.mtu_bytes,
            .streams = std::min(std::max(initial_streams, core.streams_in_use()), max_streams),
            .max_streams = max_streams,
            .send_buffer_bytes = send_buffer_bytes,
            .receive_buffer_bytes = receive_buffer_bytes,
            .interleaving = interleaving,
            .zero_checksum = zero_checksum,
            .log = log};
  }

  TimePoint created_at;
  Logger log;
  std::uint16_t max_streams;
  bool interleaving;
  bool zero_checksum;
  std::size_t send_buffer_bytes;
  std::size_t receive_buffer_bytes;
  RandomSource& random;
  std::unique_ptr<AssociationLink> announced;  // Until start().
  std::vector<std::byte> announcement;
  bool started = false;
  Core core;
};

Channels::Channels(TimePoint now, ChannelsConfig config, RandomSource& random)
    : state_(std::make_unique<State>(now, std::move(config), random)) {}

Channels::~Channels() = default;

void Channels::start(TimePoint now, const TransportParameters& parameters) {
  if (std::exchange(state_->started, true)) return;
  std::unique_ptr<AssociationLink> link = std::move(state_->announced);
  const TransportParameters ports;
  const bool as_announced =
      parameters.local_port == ports.local_port && parameters.remote_port == ports.remote_port;
  if (link == nullptr || !as_announced ||
      !link->connect_announced(now, parameters.remote_init, parameters.mtu_bytes)) {
    link = std::make_unique<AssociationLink>(now, state_->association(parameters), state_->random);
  }
  state_->core.start(now, parameters, std::move(link));
}

std::vector<std::byte> Channels::announce() {
  if (state_->announcement.empty() && !state_->started) {
    // As long as packets can be; what they may be at last is known when it starts.
    const auto config = state_->association({.mtu_bytes = PacketBuffer::capacity});
    state_->announced = std::make_unique<AssociationLink>(state_->created_at, config, state_->random);
    state_->announcement = state_->announced->announce(state_->created_at);
  }
  return state_->announcement;
}

Result<ChannelId> Channels::create(TimePoint now, std::string label, ChannelInit init) {
  return state_->core.create(now, std::move(label), std::move(init));
}

Result<bool> Channels::try_send(TimePoint now, ChannelId channel, Bytes message, bool is_text) {
  return state_->core.try_send(now, channel, message, is_text);
}

std::optional<Message> Channels::receive(TimePoint now, ChannelId channel) {
  return state_->core.receive(now, channel);
}

Result<void> Channels::set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes) {
  return state_->core.set_buffered_amount_low_threshold(channel, bytes);
}

void Channels::close(TimePoint now, ChannelId channel) { state_->core.close(now, channel); }

std::optional<ChannelInfo> Channels::info(ChannelId channel) const { return state_->core.info(channel); }

std::vector<ChannelId> Channels::channels() const { return state_->core.channels(); }

ChannelsStats Channels::stats() const { return state_->core.stats(); }

std::optional<sctp::AssociationStats> Channels::association_stats() const {
  return state_->core.link_stats();
}

std::string Channels::error_detail() const { return state_->core.error_detail(); }

void Channels::handle_packet(TimePoint now, Bytes packet) { state_->core.handle_packet(now, packet); }

void Channels::handle_packets(TimePoint now, std::span<const PacketBuffer> packets) {
  state_->core.handle_packets(now, packets);
}

void Channels::handle_timeout(TimePoint now) { state_->core.handle_timeout(now); }

std::optional<TimePoint> Channels::next_timeout() const { return state_->core.next_timeout(); }

std::optional<PacketBuffer> Channels::poll_packet(TimePoint) { return state_->core.poll_packet(); }

std::optional<Event> Channels::poll_event() { return state_->core.poll_event(); }

void Channels::close(TimePoint now) { state_->core.close(now); }

void Channels::abort(TimePoint now) { state_->core.abort(now); }

}  // namespace petrel::inline v0::datachannel
