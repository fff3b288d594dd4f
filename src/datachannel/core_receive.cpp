#include <algorithm>
#include <utility>

#include "datachannel/core.hpp"

namespace petrel::inline v0::datachannel {
namespace {

constexpr std::uint32_t max_limit = 65535;  // Of both limits, as the W3C has them.

// RFC 8831 6.4 has four priorities; a number between is rounded up to the next.
Priority priority_of(std::uint16_t value) {
  for (const Priority priority : {Priority::very_low, Priority::low, Priority::medium}) {
    if (value <= static_cast<std::uint16_t>(priority)) return priority;
  }
  return Priority::high;
}

ChannelInit init_of(const OpenMessage& open, std::uint16_t stream) {
  ChannelInit init{.ordered = open.ordered,
                   .protocol = std::string(open.protocol),
                   .id = stream,
                   .priority = priority_of(open.priority)};
  const auto limit = static_cast<std::uint16_t>(std::min(open.reliability_parameter, max_limit));
  if (open.reliability == Reliability::retransmissions) init.max_retransmits = limit;
  if (open.reliability == Reliability::lifetime) init.max_packet_life_time = limit;
  return init;
}

}  // namespace

std::optional<Message> Core::receive(TimePoint now, ChannelId id) {
  now = clamp(now);
  Channel* channel = find(id);
  if (channel == nullptr || channel->unread.empty()) return std::nullopt;
  Message message = channel->unread.pop_front();
  const bool was_full = unread_cost_ >= config_.max_unread;
  unread_cost_ -= message.data.size() + unread_overhead;
  forget_if_done(*channel);
  if (was_full) settle(now);
  return message;
}

// Takes pieces while there is room for whole messages; at the end of the association, all of them.
bool Core::read(TimePoint now, bool to_the_end) {
  bool moved = false;
  while (to_the_end || unread_cost_ < config_.max_unread) {
    auto piece = link_->receive(now);
    if (!piece) return moved;
    moved = true;
    handle_piece(now, *std::move(piece));
  }
  return moved;
}

void Core::handle_piece(TimePoint now, sctp::Incoming piece) {
  const std::uint16_t stream = piece.stream;
  StreamSet& dropping = dropping_[piece.unordered ? 1 : 0];
  if (dropping.contains(stream)) {
    if (piece.last) dropping.erase(stream);
    return;
  }
  if (piece.abandoned) {
    forget_unfinished(piece);
    return;
  }
  const auto kind = kind_of(piece.protocol);
  if (!kind) {
    count_dropped(stats_.unknown_messages, piece);
    return;
  }
  Channel* channel = on_stream(stream);
  if (channel == nullptr) {
    handle_early_piece(now, std::move(piece));
    return;
  }
  if (!channel->is_open() && kind != MessageKind::control) {
    count_dropped(stats_.messages_after_close, piece);
    return;
  }

  Assembly& assembly = channel->assemblies[piece.unordered ? 1 : 0];
  const std::size_t limit = kind == MessageKind::control ? OpenMessage::max_size : config_.max_message_size;
  const std::size_t size = piece.payload.size();
  if (assembly.size() + size > limit) {
    count_dropped(stats_.messages_over_limit, piece);
    fail(now, *channel, Errc::message_over_limit);
    return;
  }
  const std::size_t before = assembly.size();
  const bool is_last = piece.last;
  auto whole = assembly.add(std::move(piece));
  unfinished_bytes_ += assembly.size();
  unfinished_bytes_ -= before;
  if (whole) {
    handle_whole(now, *channel, *std::move(whole));
  } else if (unfinished_bytes_ > config_.max_unread + config_.max_message_size) {
    ++stats_.messages_over_limit;
    if (!is_last) dropping.insert(stream);
    fail(now, *channel, Errc::too_many_unfinished);
  }
}

// RFC 3758 3.6: the peer has given the message up.
void Core::forget_unfinished(const sctp::Incoming& piece) {
  if (Channel* channel = on_stream(piece.stream)) {
    unfinished_bytes_ -= channel->assemblies[piece.unordered ? 1 : 0].drop();
  } else if (const auto early = early_.find(piece.stream); early != early_.end()) {
    unfinished_bytes_ -= early->second.drop();
    early_.erase(early);
  }
}

void Core::handle_whole(TimePoint now, Channel& channel, Assembly::Whole whole) {
  if (whole.kind != MessageKind::control) {
    channel.awaiting_ack = false;
    ++channel.stats.messages_received;
    channel.stats.bytes_received += whole.data.size();
    unread_cost_ += whole.data.size() + unread_overhead;
    const bool was_empty = channel.unread.empty();
    channel.unread.push_back({whole.kind == MessageKind::text, std::move(whole.data)});
    if (was_empty && !std::exchange(channel.readable_queued, true)) events_.push_back(Readable{channel.id});
    return;
  }
  if (is_ack(whole.data)) {
    if (!channel.awaiting_ack) ++stats_.unknown_messages;
    channel.awaiting_ack = false;
    return;
  }
  if (!parse_open(whole.data)) {
    ++stats_.unknown_messages;
    return;
  }
  if (knows_our_reset(channel)) {
    const std::uint16_t stream = *channel.init.id;
    make_way(now, channel);
    handle_open(now, stream, whole.data);
    return;
  }
  // RFC 8832 6: the stream must be unused.
  ++stats_.opens_on_used_stream;
  log(now, "datachannel.open_on_used_stream", *channel.init.id);
  fail(now, channel, Errc::bad_open);
}

// On a stream that no channel has: an OPEN, or nothing that we could know of.
void Core::handle_early_piece(TimePoint now, sctp::Incoming piece) {
  const std::uint16_t stream = piece.stream;
  if (kind_of(piece.protocol) != MessageKind::control) {
    // Deviates from RFC 8832 6, which has the stream closed: the peer may have a negotiated channel
    // there that is not created here yet.
    count_dropped(stats_.messages_without_channel, piece);
    return;
  }
  auto it = early_.find(stream);
  if (it == early_.end()) {
    if (piece.last) {
      handle_open(now, stream, piece.payload);
      return;
    }
    if (channels_.size() + early_.size() >= config_.max_channels) {
      count_dropped(stats_.opens_refused, piece);
      refuse(stream);
      return;
    }
    it = early_.emplace(stream, Assembly{}).first;
  }
  Assembly& assembly = it->second;
  const std::size_t size = piece.payload.size();
  const bool is_last = piece.last;
  if (assembly.size() + size > OpenMessage::max_size ||
      unfinished_bytes_ + size > config_.max_unread + config_.max_message_size) {
    count_dropped(stats_.opens_malformed, piece);
    unfinished_bytes_ -= assembly.drop();
    early_.erase(it);
    refuse(stream);
    return;
  }
  unfinished_bytes_ += size;
  const auto whole = assembly.add(std::move(piece));
  if (!is_last) return;
  unfinished_bytes_ -= whole->data.size();
  early_.erase(it);
  handle_open(now, stream, whole->data);
}

void Core::handle_open(TimePoint now, std::uint16_t stream, Bytes message) {
  if (is_ack(message)) {  // Of a channel that is gone already.
    ++stats_.messages_without_channel;
    return;
  }
  if (phase_ != Phase::up) {
    ++stats_.messages_after_close;
    return;
  }
  const auto asked = parse_open(message);
  if (!asked) {
    ++stats_.opens_malformed;
    log(now, "datachannel.open_malformed", stream);
    refuse(stream);
    return;
  }
  if ((stream % 2 == 0) == parameters_.dtls_client) {
    ++stats_.opens_of_wrong_parity;
    log(now, "datachannel.open_of_wrong_parity", stream);
    refuse(stream);
    return;
  }
  const std::size_t names = asked->label.size() + asked->protocol.size();
  const auto reset = resets_.find(stream);
  const bool is_half_reset = reset != resets_.end() && !reset->second.peer_reset;
  if (is_half_reset || channels_.size() >= config_.max_channels ||
      peer_names_bytes_ + names > max_peer_names_bytes) {
    ++stats_.opens_refused;
    log(now, "datachannel.open_refused", stream);
    refuse(stream);
    return;
  }
  peer_names_bytes_ += names;
  retired_.erase(stream);  // The peer uses it again, so it is done with what was there.
  Channel& channel = add(std::string(asked->label), init_of(*asked, stream));
  channel.from_peer = true;
  if (reset != resets_.end()) {
    reset->second.reused = true;
    reset->second.peer_reset = false;
    channel.awaiting_reset = true;
  }
  open(now, channel);
}

// A peer that opens a stream anew of which it has reset its side knows that ours is reset, if we have
// asked for that; only its answer has not arrived.
bool Core::knows_our_reset(const Channel& channel) const {
  const auto reset = resets_.find(*channel.init.id);
  return channel.incoming_reset && reset != resets_.end() && reset->second.step != Reset::Step::wanted;
}

// The new channel receives at once, and sends when the answer is here.
void Core::make_way(TimePoint now, Channel& channel) {
  const std::uint16_t stream = *channel.init.id;
  Reset reset = resets_[stream];
  finish(now, channel);
  reset.peer_reset = true;
  resets_[stream] = reset;
}

// Counts a message once, by its first piece, and drops the rest of it.
void Core::count_dropped(std::uint64_t& counter, const sctp::Incoming& piece) {
  ++counter;
  drop_rest(piece);
}

void Core::drop_rest(const sctp::Incoming& piece) {
  if (!piece.last) dropping_[piece.unordered ? 1 : 0].insert(piece.stream);
}

// RFC 8832 6: closed as RFC 8831 6.7 has it, and not acknowledged.
void Core::refuse(std::uint16_t stream) {
  if (!resets_.contains(stream) && resets_.size() >= config_.max_channels + max_refusals) return;
  const auto [it, is_new] = resets_.try_emplace(stream);
  // What is asked for is of an earlier channel; this one is reset after it.
  if (!is_new && std::exchange(it->second.peer_reset, false)) it->second.again = true;
}

}  // namespace petrel::inline v0::datachannel
