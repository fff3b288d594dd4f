#include <utility>

#include "peer/peer_core.hpp"
#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {

Result<ChannelId> Peer::Core::create_data_channel(TimePoint now, std::string label, DataChannelInit init) {
  if (closed_) return Errc::closed;
  auto id = transport_.channels().create(now, std::move(label), std::move(init));
  if (!id) {
    data_error_detail_ = transport_.channels().error_detail();
    return id.error();
  }
  negotiation_.add_data_channels();
  announce_negotiation_needed();
  settle(now);
  return *id;
}

Result<bool> Peer::Core::try_send(TimePoint now, ChannelId id, Bytes message, bool is_text) {
  if (closed_) return Errc::closed;
  const auto sent = transport_.channels().try_send(now, id, message, is_text);
  if (!sent) data_error_detail_ = transport_.channels().error_detail();
  settle(now);
  return sent;
}

std::optional<Message> Peer::Core::receive(TimePoint now, ChannelId id) {
  auto message = transport_.channels().receive(now, id);
  if (message && !closed_) settle(now);  // The window may have opened.
  return message;
}

Result<void> Peer::Core::set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes) {
  if (closed_) return Errc::closed;
  return transport_.channels().set_buffered_amount_low_threshold(id, bytes);
}

void Peer::Core::close_channel(TimePoint now, ChannelId id) {
  transport_.channels().close(now, id);
  if (!closed_) settle(now);
}

std::optional<datachannel::ChannelInfo> Peer::Core::channel(ChannelId id) const {
  return transport_.channels().info(id);
}

std::vector<ChannelId> Peer::Core::channels() const { return transport_.channels().ids(); }

void Peer::Core::apply_data_channels(TimePoint now, const std::optional<jsep::DataChannelChange>& change) {
  const bool agreed = change && change->accepted;
  if (agreed) {
    transport_.channels().negotiate(
        now, {change->sctp_port, static_cast<std::size_t>(change->max_message_size), change->sctp_init});
  } else if (change || data_channels_agreed_) {
    transport_.channels().end(now);
  }
  data_channels_agreed_ = agreed;
}

bool Peer::Core::take_channel_events(TimePoint now) {
  bool moved = false;
  while (events_.has_room_for_channels()) {
    auto event = transport_.channels().poll_event();
    if (!event) break;
    moved = true;
    std::visit(
        [&](auto& happened) {
          using Happened = std::remove_cvref_t<decltype(happened)>;
          if constexpr (std::is_same_v<Happened, datachannel::TransportConnected>) {
            if (!stages_.data_channels_connected) stages_.data_channels_connected = now;
            log_.log(now, LogLevel::info, "peer.data_channels_connected");
          } else if constexpr (std::is_same_v<Happened, datachannel::TransportClosed>) {
            const std::string why = happened.error ? happened.error.message() : std::string();
            log_.log(now, LogLevel::info, "peer.data_channels_closed", {{"reason", std::string_view(why)}});
          } else {
            events_.push(std::move(happened));
          }
        },
        *event);
  }
  return moved;
}

}  // namespace petrel::inline v0
