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
  AssociationLink(TimePoint now, sctp::AssociationConfig config, RandomSource& random)
      : association_(now, std::move(config), random) {}

  void connect(TimePoint now) override { association_.connect(now); }
  void handle_packet(TimePoint now, Bytes packet) override { association_.handle_packet(now, packet); }
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

 private:
  sctp::Association association_;
};

}  // namespace

class Channels::State {
 public:
  State(TimePoint now, ChannelsConfig config, RandomSource& source)
      : log(config.log), max_streams(config.max_streams), random(source), core(now, std::move(config)) {}

  Logger log;
  std::uint16_t max_streams;
  RandomSource& random;
  Core core;
};

Channels::Channels(TimePoint now, ChannelsConfig config, RandomSource& random)
    : state_(std::make_unique<State>(now, std::move(config), random)) {}

Channels::~Channels() = default;

void Channels::start(TimePoint now, const TransportParameters& parameters) {
  const std::uint16_t streams = std::max(initial_streams, state_->core.streams_in_use());
  sctp::AssociationConfig config{.local_port = parameters.local_port,
                                 .remote_port = parameters.remote_port,
                                 .mtu_bytes = parameters.mtu_bytes,
                                 .streams = std::min(streams, state_->max_streams),
                                 .max_streams = state_->max_streams,
                                 .log = state_->log};
  config.log.module = "sctp";
  state_->core.start(now, parameters,
                     std::make_unique<AssociationLink>(now, std::move(config), state_->random));
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

std::string Channels::error_detail() const { return state_->core.error_detail(); }

void Channels::handle_packet(TimePoint now, Bytes packet) { state_->core.handle_packet(now, packet); }

void Channels::handle_timeout(TimePoint now) { state_->core.handle_timeout(now); }

std::optional<TimePoint> Channels::next_timeout() const { return state_->core.next_timeout(); }

std::optional<PacketBuffer> Channels::poll_packet(TimePoint) { return state_->core.poll_packet(); }

std::optional<Event> Channels::poll_event() { return state_->core.poll_event(); }

void Channels::close(TimePoint now) { state_->core.close(now); }

void Channels::abort(TimePoint now) { state_->core.abort(now); }

}  // namespace petrel::inline v0::datachannel
