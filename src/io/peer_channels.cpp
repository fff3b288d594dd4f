#include <asio/error.hpp>
#include <type_traits>
#include <utility>

#include "io/peer_state.hpp"

namespace petrel::inline v0::detail {

std::shared_ptr<ChannelListener> PeerState::listener(ChannelId id) {
  const auto found = channels_.find(id);
  if (found != channels_.end()) return found->second;
  auto info = peer_.channel(id);
  const bool is_over = closed() || !info || info->state == DataChannelState::closed;
  auto setup = std::make_shared<ChannelSetup>();
  setup->id = id;
  if (info) {
    setup->label = std::move(info->label);
    setup->init = std::move(info->init);
  }
  auto made = std::make_shared<ChannelListener>(std::move(setup));
  if (!is_over) channels_.emplace(id, made);
  return made;
}

ChannelListener* PeerState::listen(const std::shared_ptr<const ChannelSetup>& setup) {
  auto found = channels_.find(setup->id);
  if (found == channels_.end()) {
    const auto info = peer_.channel(setup->id);
    if (!info || info->state == DataChannelState::closed) return nullptr;
    found = channels_.emplace(setup->id, std::make_shared<ChannelListener>(setup)).first;
  }
  found->second->callback_mode = true;
  return found->second.get();
}

DataChannel PeerState::handle(ChannelId id) { return {weak_from_this(), listener(id)->setup}; }

Result<bool> PeerState::try_send(ChannelId id, Bytes message, bool is_text) {
  const auto sent = peer_.try_send(now(), id, message, is_text);
  after_call();
  return sent;
}

// ---- Events -----------------------------------------------------------------------------

void PeerState::dispatch_to(ChannelListener& listener, const ChannelOpened&) { listener.open(); }
void PeerState::dispatch_to(ChannelListener& listener, const ChannelReadable&) { listener.readable = true; }
void PeerState::dispatch_to(ChannelListener& listener, const ChannelWritable&) { listener.writable(); }
void PeerState::dispatch_to(ChannelListener& listener, const ChannelBufferedAmountLow&) {
  listener.buffered_amount_low();
}
void PeerState::dispatch_to(ChannelListener&, const ChannelClosing&) {}

void PeerState::dispatch_to(ChannelListener& listener, const ChannelClosed& closed_event) {
  listener.readable = true;
  deliver_messages(listener, std::nullopt);  // Every one of them comes before the end.
  if (closed()) return;
  channels_.erase(closed_event.channel);
  if (closed_event.error) listener.error(closed_event.error);
  if (!closed()) listener.close();
}

void PeerState::dispatch_of_channel(const PeerEvent& event) {
  std::visit(
      [this](const auto& happened) {
        using Happened = std::remove_cvref_t<decltype(happened)>;
        if constexpr (std::is_same_v<Happened, ChannelAnnounced>) {
          callbacks_.data_channel(handle(happened.channel));
        } else if constexpr (requires { happened.channel; }) {
          const auto found = channels_.find(happened.channel);
          if (found == channels_.end()) return;
          const auto kept = found->second;  // A callback may forget it.
          dispatch_to(*kept, happened);
        }
      },
      event);
}

bool PeerState::deliver_to_channels() {
  std::vector<std::shared_ptr<ChannelListener>> listeners;
  for (const auto& [id, listener] : channels_) {
    const bool has_events = listener->callback_mode && !callback_mode_;
    if (has_events || (listener->readable && listener->message)) listeners.push_back(listener);
  }
  int budget = events_per_turn;
  for (const auto& listener : listeners) {
    // In the peer's event mode the rest of its queue waits for next_event().
    while (!callback_mode_ && listener->callback_mode && budget > 0) {
      const auto event = peer_.poll_event_of(listener->setup->id);
      if (!event) break;
      --budget;
      dispatch_of_channel(*event);
      if (closed()) return false;
    }
    budget = deliver_messages(*listener, budget);
    if (closed()) return false;
  }
  if (budget > 0) return true;
  schedule_delivery();
  return false;
}

int PeerState::deliver_messages(ChannelListener& listener, std::optional<int> limit) {
  int left = limit.value_or(0);
  bool received = false;
  while (listener.readable && listener.message && (!limit || left > 0) && !closed()) {
    auto message = peer_.receive(now(), listener.setup->id);
    listener.readable = message.has_value();
    if (!message) break;
    received = true;
    --left;
    listener.message(*std::move(message));
  }
  if (received) run_peer();  // The window may have opened.
  return left;
}

Event PeerState::event_of(const ChannelAnnounced& event) {
  return DataChannelAnnounced{handle(event.channel)};
}
Event PeerState::event_of(const ChannelOpened& event) { return DataChannelOpened{handle(event.channel)}; }
Event PeerState::event_of(const ChannelReadable& event) { return DataChannelReadable{handle(event.channel)}; }
Event PeerState::event_of(const ChannelWritable& event) { return DataChannelWritable{handle(event.channel)}; }
Event PeerState::event_of(const ChannelBufferedAmountLow& event) {
  return DataChannelBufferedAmountLow{handle(event.channel)};
}
Event PeerState::event_of(const ChannelClosing& event) { return DataChannelClosing{handle(event.channel)}; }
Event PeerState::event_of(const ChannelClosed& event) {
  DataChannel channel = handle(event.channel);
  channels_.erase(event.channel);
  return DataChannelClosed{std::move(channel), event.error};
}

// ---- Waiting ----------------------------------------------------------------------------

asio::awaitable<std::optional<Message>> PeerState::receive(std::shared_ptr<PeerState> self, ChannelId id) {
  if (!self) co_return std::nullopt;
  const auto listener = self->listener(id);
  if (listener->message) throw std::system_error(make_error_code(Errc::wrong_state));
  if (listener->receiving) throw std::system_error(make_error_code(Errc::busy));
  listener->receiving = true;
  struct Receiving {
    bool& flag;
    ~Receiving() { flag = false; }
  } const receiving{listener->receiving};

  for (;;) {
    auto message = self->peer_.receive(self->now(), id);
    if (message) {
      self->after_call();
      co_return message;
    }
    const auto info = self->peer_.channel(id);
    if (self->closed() || !info || info->state == DataChannelState::closed) co_return std::nullopt;
    co_await self->wait();
  }
}

asio::awaitable<void> PeerState::send(std::shared_ptr<PeerState> self, ChannelId id, Bytes message,
                                      bool is_text) {
  for (;;) {
    if (!self || self->closed()) throw std::system_error(make_error_code(Errc::closed));
    const auto info = self->peer_.channel(id);
    // Sending is refused while it connects, and worth waiting for.
    if (!info || info->state != DataChannelState::connecting) {
      const auto sent = self->try_send(id, message, is_text);
      if (!sent) throw std::system_error(sent.error());
      if (*sent) co_return;
    }
    co_await self->wait();
  }
}

}  // namespace petrel::inline v0::detail
