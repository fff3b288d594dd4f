#include "datachannel/core.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::datachannel {
namespace {

void consider(std::optional<TimePoint>& earliest, std::optional<TimePoint> due) {
  if (due && (!earliest || *due < *earliest)) earliest = due;
}

OpenMessage open_message(const Channel& channel) {
  OpenMessage open{.ordered = channel.init.ordered,
                   .priority = static_cast<std::uint16_t>(channel.init.priority),
                   .label = channel.label,
                   .protocol = channel.init.protocol};
  if (channel.init.max_retransmits) {
    open.reliability = Reliability::retransmissions;
    open.reliability_parameter = *channel.init.max_retransmits;
  } else if (channel.init.max_packet_life_time) {
    open.reliability = Reliability::lifetime;
    open.reliability_parameter = *channel.init.max_packet_life_time;
  }
  return open;
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::connecting:
      return "connecting";
    case State::open:
      return "open";
    case State::closing:
      return "closing";
    case State::closed:
      return "closed";
  }
  return "unknown";
}

Core::Core(TimePoint now, ChannelsConfig config) : config_(std::move(config)), now_(now) {}

void Core::start(TimePoint now, const TransportParameters& parameters, std::unique_ptr<Link> link) {
  now = clamp(now);
  if (phase_ != Phase::idle) return;
  parameters_ = parameters;
  link_ = std::move(link);
  phase_ = Phase::connecting;
  for (const auto& [id, channel] : channels_) {
    if (channel->init.negotiated || channel->state != State::connecting) continue;
    channel->init.id = free_stream();
    if (channel->init.id) {
      by_stream_.emplace(*channel->init.id, channel.get());
    } else {
      channel->error = Errc::no_id_left;
      finish(now, *channel);
    }
  }
  link_->connect(now);
  settle(now);
}

Result<ChannelId> Core::create(TimePoint now, std::string label, ChannelInit init) {
  now = clamp(now);
  if (const std::error_code error = refusal(label, init)) {
    error_detail_ = error.message();
    return error;
  }
  if (!init.negotiated) {
    init.id.reset();
    // Before the association begins the DTLS role may not be known, nor which ids are ours.
    if (phase_ != Phase::idle) init.id = free_stream();
  }
  Channel& channel = add(std::move(label), std::move(init));
  if (is_up()) {
    open(now, channel);
    settle(now);
  }
  return channel.id;
}

std::error_code Core::refusal(const std::string& label, const ChannelInit& init) {
  if (closing_ || phase_ == Phase::over) return petrel::Errc::closed;
  if (init.max_packet_life_time && init.max_retransmits) return Errc::both_limits;
  if (label.size() > OpenMessage::max_name_size) return Errc::name_too_long;
  if (init.protocol.size() > OpenMessage::max_name_size) return Errc::name_too_long;
  if (init.negotiated) {
    if (!init.id) return Errc::id_missing;
    if (*init.id >= config_.max_streams) return Errc::bad_id;
    if (!is_free(*init.id)) return Errc::id_in_use;
  }
  if (channels_.size() >= config_.max_channels) return petrel::Errc::limit_reached;
  if (!init.negotiated && phase_ != Phase::idle && !free_stream()) return Errc::no_id_left;
  return {};
}

std::uint16_t Core::streams_in_use() const {
  // In-band channels take every other stream, past those that negotiated ones are on.
  std::size_t streams = std::min<std::size_t>(2 * channels_.size(), config_.max_streams);
  for (const auto& [id, channel] : channels_) {
    if (channel->init.id) streams = std::max<std::size_t>(streams, *channel->init.id + 1U);
  }
  return static_cast<std::uint16_t>(streams);
}

// RFC 8832 6: the DTLS client has the even streams, the server the odd ones.
std::optional<std::uint16_t> Core::free_stream() const {
  for (std::uint32_t stream = parameters_.dtls_client ? 0 : 1; stream < config_.max_streams; stream += 2) {
    if (is_free(static_cast<std::uint16_t>(stream))) return static_cast<std::uint16_t>(stream);
  }
  return std::nullopt;
}

bool Core::is_free(std::uint16_t stream) const {
  return !by_stream_.contains(stream) && !resets_.contains(stream) && !early_.contains(stream) &&
         !retired_.contains(stream);
}

Channel& Core::add(std::string label, ChannelInit init) {
  const ChannelId id{++last_id_};
  auto owned = std::make_unique<Channel>();
  Channel& channel = *owned;
  channel.id = id;
  channel.label = std::move(label);
  channel.init = std::move(init);
  channel.turn.channel = &channel;
  channel.turn.weight = static_cast<std::uint16_t>(channel.init.priority);
  if (channel.init.id) by_stream_.emplace(*channel.init.id, &channel);
  channels_.emplace(id, std::move(owned));
  return channel;
}

// The association is up, or the peer has asked for the channel.
void Core::open(TimePoint now, Channel& channel) {
  channel.state = State::open;
  if (channel.from_peer) {
    events_.push_back(Announced{channel.id});
    push(channel, {.kind = MessageKind::control, .data = {ack_message}});
  } else if (!channel.init.negotiated) {
    channel.awaiting_ack = true;
    push(channel, {.kind = MessageKind::control, .data = write_open(open_message(channel)).value()});
  }
  events_.push_back(Opened{channel.id});
  log(now, LogLevel::info, "datachannel.open", channel);
}

Result<void> Core::set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes) {
  Channel* channel = find(id);
  if (channel == nullptr) return Errc::unknown_channel;
  channel->low_threshold = bytes;
  return {};
}

std::optional<ChannelInfo> Core::info(ChannelId id) const {
  const Channel* channel = find(id);
  if (channel == nullptr) return std::nullopt;
  return ChannelInfo{.label = channel->label,
                     .init = channel->init,
                     .state = channel->state,
                     .buffered_amount = channel->queue.amount(),
                     .stats = channel->stats};
}

std::vector<ChannelId> Core::channels() const {
  std::vector<ChannelId> ids;
  ids.reserve(channels_.size());
  for (const auto& [id, channel] : channels_) ids.push_back(id);
  return ids;
}

std::optional<sctp::AssociationStats> Core::link_stats() const {
  return link_ == nullptr ? std::nullopt : std::optional(link_->stats());
}

void Core::handle_packet(TimePoint now, Bytes packet) {
  now = clamp(now);
  if (link_ == nullptr) return;  // Before start() nobody has told the peer where to send.
  link_->handle_packet(now, packet);
  settle(now);
}

void Core::handle_packets(TimePoint now, std::span<const PacketBuffer> packets) {
  now = clamp(now);
  if (link_ == nullptr) return;
  link_->handle_packets(now, packets);
  settle(now);
}

void Core::handle_timeout(TimePoint now) {
  now = clamp(now);
  if (link_ == nullptr) return;
  link_->handle_timeout(now);
  if (phase_ == Phase::draining && now >= drain_deadline_) {
    abort(now);
    return;
  }
  // A copy: what expires may leave the scheduler.
  const std::vector<Turn*> waiting = scheduler_.waiting();
  for (const Turn* turn : waiting) expire(now, *turn->channel);
  handle_reset_timeouts(now);
  settle(now);
}

std::optional<TimePoint> Core::next_timeout() const {
  if (link_ == nullptr) return std::nullopt;
  std::optional<TimePoint> earliest = link_->next_timeout();
  if (phase_ == Phase::draining) consider(earliest, drain_deadline_);
  for (const Turn* turn : scheduler_.waiting()) consider(earliest, turn->channel->queue.next_expiry());
  for (const auto& [stream, reset] : resets_) {
    if (reset.step == Reset::Step::refused || reset.step == Reset::Step::answered) {
      consider(earliest, reset.due);
    }
  }
  return earliest;
}

std::optional<PacketBuffer> Core::poll_packet() {
  return link_ == nullptr ? std::nullopt : link_->poll_packet();
}

std::optional<Event> Core::poll_event() {
  std::optional<Event> event = events_.take();
  if (!event) return std::nullopt;
  if (const auto* readable = std::get_if<Readable>(&*event)) {
    if (Channel* channel = find(readable->channel)) channel->readable_queued = false;
  } else if (const auto* writable = std::get_if<Writable>(&*event)) {
    if (Channel* channel = find(writable->channel)) channel->writable_queued = false;
  } else if (const auto* low = std::get_if<BufferedAmountLow>(&*event)) {
    if (Channel* channel = find(low->channel)) channel->low_queued = false;
  } else if (const auto* closed = std::get_if<Closed>(&*event)) {
    if (Channel* channel = find(closed->channel)) {
      channel->closed_taken = true;
      forget_if_done(*channel);
    }
  }
  return event;
}

// Moves what the association has to where it belongs, and back, until nothing moves.
void Core::settle(TimePoint now) {
  while (link_ != nullptr && phase_ != Phase::over) {
    bool moved = handle_event(now);
    if (phase_ == Phase::over) return;
    moved |= read(now, false);
    flush(now);
    moved |= issue_resets(now);
    shut_down_when_sent(now);
    if (!moved) return;
  }
}

bool Core::handle_event(TimePoint now) {
  const auto event = link_->poll_event();
  if (!event) return false;
  std::visit([&](const auto& what) { handle(now, what); }, *event);
  return true;
}

void Core::handle(TimePoint now, const sctp::Connected& connected) {
  if (phase_ != Phase::connecting) return;
  phase_ = Phase::up;
  interleaving_ = connected.interleaving;
  outgoing_streams_ = connected.outgoing_streams;
  events_.push_back(TransportConnected{});
  for (const auto& [id, channel] : channels_) {
    if (channel->state == State::connecting) open(now, *channel);
  }
}

void Core::handle(TimePoint, const sctp::Writable&) {
  blocked_ = false;
  retry_without_stream();
}

void Core::handle(TimePoint, const sctp::StreamsAdded& added) {
  outgoing_streams_ = std::max(outgoing_streams_, added.outgoing_streams);
  retry_without_stream();
}

void Core::handle(TimePoint now, const sctp::PeerClosed&) { end(now, {}); }

void Core::handle(TimePoint now, const sctp::Failed& failed) { end(now, failed.error); }

TimePoint Core::clamp(TimePoint now) {
  now_ = std::max(now_, now);
  return now_;
}

Channel* Core::find(ChannelId id) {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : it->second.get();
}

const Channel* Core::find(ChannelId id) const {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : it->second.get();
}

Channel* Core::on_stream(std::uint16_t stream) {
  const auto it = by_stream_.find(stream);
  return it == by_stream_.end() ? nullptr : it->second;
}

void Core::log(TimePoint now, LogLevel level, std::string_view code, const Channel& channel) const {
  config_.log.log(now, level, code,
                  {{"channel", std::int64_t{channel.id.value}},
                   {"stream", channel.init.id ? std::int64_t{*channel.init.id} : std::int64_t{-1}}});
}

void Core::log(TimePoint now, std::string_view code, std::uint16_t stream) const {
  config_.log.log(now, LogLevel::warning, code, {{"stream", std::int64_t{stream}}});
}

}  // namespace petrel::inline v0::datachannel
