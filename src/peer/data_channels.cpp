#include "peer/data_channels.hpp"

#include <algorithm>
#include <utility>

#include "petrel/datachannel/errc.hpp"

namespace petrel::inline v0::detail {

DataChannels::DataChannels(const PeerConfig& config, RandomSource& random) : random_(random) {
  config_.max_message_size = config.max_message_size;
  config_.send_buffer_bytes = config.sctp_send_buffer_bytes;
  config_.receive_buffer_bytes = config.sctp_receive_buffer_bytes;
  config_.zero_checksum = config.sctp_zero_checksum;
  config_.log = {config.log, "datachannel", config.name};
}

datachannel::Channels& DataChannels::channels(TimePoint now) {
  if (channels_ && ended_) {
    while (auto event = channels_->poll_event()) {
      renumber(*event);
      leftover_.push_back(*std::move(event));
    }
    channels_.reset();
    offset_ = last_id_;
    started_ = ended_ = false;
  }
  if (!channels_) channels_ = std::make_unique<datachannel::Channels>(now, config_, random_);
  return *channels_;
}

ChannelId DataChannels::outward(ChannelId id) {
  const ChannelId ours{id.value + offset_};
  last_id_ = std::max(last_id_, ours.value);
  return ours;
}

void DataChannels::renumber(Event& event) {
  std::visit(
      [this](auto& happened) {
        if constexpr (requires { happened.channel; }) happened.channel = outward(happened.channel);
      },
      event);
}

// ---- The descriptions and DTLS ----------------------------------------------------------

std::vector<std::byte> DataChannels::announce(TimePoint now) { return channels(now).announce(); }

void DataChannels::negotiate(TimePoint now, const Remote& remote) {
  if (remote_) return;
  remote_ = remote;
  start_if_possible(now);
}

void DataChannels::end(TimePoint now) {
  remote_.reset();
  early_.clear();
  abandon(now);
}

void DataChannels::handle_connected(TimePoint now, bool is_client, std::size_t max_payload) {
  link_ = Link{is_client, max_payload};
  start_if_possible(now);
}

void DataChannels::handle_disconnected(TimePoint now) {
  link_.reset();
  if (!channels_ || ended_) return;
  const auto keep_events = [this](std::error_code reason) {
    while (auto event = channels_->poll_event()) {
      renumber(*event);
      if (auto* closed = std::get_if<datachannel::Closed>(&*event); closed != nullptr && !closed->error)
        closed->error = reason;
      leftover_.push_back(*std::move(event));
    }
  };
  keep_events({});
  abandon(now);
  keep_events(datachannel::Errc::transport_closed);
}

void DataChannels::start_if_possible(TimePoint now) {
  if (!remote_ || !link_) return;
  datachannel::Channels& all = channels(now);
  if (std::exchange(started_, true)) return;
  datachannel::TransportParameters parameters;
  parameters.remote_port = remote_->sctp_port;
  parameters.remote_max_message_size = remote_->max_message_size;
  parameters.dtls_client = link_->is_client;
  parameters.mtu_bytes = link_->max_payload;
  parameters.remote_init = remote_->sctp_init;
  all.start(now, parameters);
  const auto early = std::exchange(early_, {});
  all.handle_packets(now, early);
}

void DataChannels::handle_packets(TimePoint now, std::span<const PacketBuffer> packets) {
  if (channels_ && started_) {
    channels_->handle_packets(now, packets);
    return;
  }
  for (const PacketBuffer& packet : packets) {
    if (auto copy = PacketBuffer::copy_of(packet.bytes()); copy && early_.size() < max_early_packets) {
      early_.push_back(*std::move(copy));
    } else {
      ++early_dropped_;
    }
  }
}

void DataChannels::close(TimePoint now) {
  if (channels_ && started_) channels_->close(now);
}

void DataChannels::abandon(TimePoint now) {
  if (!channels_ || std::exchange(ended_, true)) return;
  channels_->abort(now);
}

// ---- The application --------------------------------------------------------------------

Result<ChannelId> DataChannels::create(TimePoint now, std::string label, DataChannelInit init) {
  const auto id = channels(now).create(now, std::move(label), std::move(init));
  if (!id) return id.error();
  return outward(*id);
}

Result<bool> DataChannels::try_send(TimePoint now, ChannelId id, Bytes message, bool is_text) {
  if (!is_ours(id)) return datachannel::Errc::unknown_channel;
  return channels_->try_send(now, inward(id), message, is_text);
}

std::optional<Message> DataChannels::receive(TimePoint now, ChannelId id) {
  return is_ours(id) ? channels_->receive(now, inward(id)) : std::nullopt;
}

Result<void> DataChannels::set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes) {
  if (!is_ours(id)) return datachannel::Errc::unknown_channel;
  return channels_->set_buffered_amount_low_threshold(inward(id), bytes);
}

void DataChannels::close(TimePoint now, ChannelId id) {
  if (is_ours(id)) channels_->close(now, inward(id));
}

std::optional<datachannel::ChannelInfo> DataChannels::info(ChannelId id) const {
  return is_ours(id) ? channels_->info(inward(id)) : std::nullopt;
}

std::vector<ChannelId> DataChannels::ids() const {
  if (!channels_) return {};
  std::vector<ChannelId> all = channels_->channels();
  for (ChannelId& each : all) each = ChannelId{each.value + offset_};
  return all;
}

datachannel::ChannelsStats DataChannels::stats() const {
  return channels_ ? channels_->stats() : datachannel::ChannelsStats{};
}

std::optional<sctp::AssociationStats> DataChannels::association_stats() const {
  return channels_ ? channels_->association_stats() : std::nullopt;
}

std::string DataChannels::error_detail() const { return channels_ ? channels_->error_detail() : ""; }

// ---- The core ---------------------------------------------------------------------------

void DataChannels::handle_timeout(TimePoint now) {
  if (channels_) channels_->handle_timeout(now);
}

std::optional<TimePoint> DataChannels::next_timeout() const {
  return channels_ ? channels_->next_timeout() : std::nullopt;
}

std::optional<PacketBuffer> DataChannels::poll_packet(TimePoint now) {
  return channels_ && link_ ? channels_->poll_packet(now) : std::nullopt;
}

std::optional<DataChannels::Event> DataChannels::poll_event() {
  if (!leftover_.empty()) {
    Event event = std::move(leftover_.front());
    leftover_.pop_front();
    return event;
  }
  auto event = channels_ ? channels_->poll_event() : std::nullopt;
  if (event) renumber(*event);
  return event;
}

}  // namespace petrel::inline v0::detail
