#include "petrel/data_channel.hpp"

#include <utility>

#include "io/peer_state.hpp"

namespace petrel::inline v0 {

// ---- DataChannel ------------------------------------------------------------------------

DataChannel::DataChannel(std::weak_ptr<detail::PeerState> peer,
                         std::shared_ptr<const detail::ChannelSetup> setup)
    : peer_(std::move(peer)), setup_(std::move(setup)) {}

const std::string& DataChannel::label() const { return setup_->label; }
const std::string& DataChannel::protocol() const { return setup_->init.protocol; }
const DataChannelInit& DataChannel::init() const { return setup_->init; }

std::optional<std::uint16_t> DataChannel::id() const {
  const auto state = peer_.lock();
  const auto info = state ? state->peer().channel(setup_->id) : std::nullopt;
  return info ? info->init.id : setup_->init.id;
}

DataChannelState DataChannel::state() const {
  const auto state = peer_.lock();
  const auto info = state ? state->peer().channel(setup_->id) : std::nullopt;
  return info ? info->state : DataChannelState::closed;
}

std::size_t DataChannel::buffered_amount() const {
  const auto state = peer_.lock();
  const auto info = state ? state->peer().channel(setup_->id) : std::nullopt;
  return info ? info->buffered_amount : 0;
}

datachannel::ChannelStats DataChannel::stats() const {
  const auto state = peer_.lock();
  const auto info = state ? state->peer().channel(setup_->id) : std::nullopt;
  return info ? info->stats : datachannel::ChannelStats{};
}

Result<bool> DataChannel::try_send(std::string_view text) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  return state->try_send(setup_->id, as_bytes(text), true);
}

Result<bool> DataChannel::try_send(Bytes binary) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  return state->try_send(setup_->id, binary, false);
}

Result<bool> DataChannel::try_send(const Message& message) {
  return message.is_text ? try_send(message.text()) : try_send(message.bytes());
}

// Not coroutines themselves: their frames would point to this handle, which may be gone while they wait.
asio::awaitable<void> DataChannel::send(std::string_view text) {
  return detail::PeerState::send(peer_.lock(), setup_->id, as_bytes(text), true);
}
asio::awaitable<void> DataChannel::send(Bytes binary) {
  return detail::PeerState::send(peer_.lock(), setup_->id, binary, false);
}
asio::awaitable<void> DataChannel::send(const Message& message) {
  return message.is_text ? send(message.text()) : send(message.bytes());
}
asio::awaitable<std::optional<Message>> DataChannel::receive() {
  return detail::PeerState::receive(peer_.lock(), setup_->id);
}

std::optional<Message> DataChannel::try_receive() {
  const auto state = peer_.lock();
  if (!state) return std::nullopt;
  auto message = state->peer().receive(state->now(), setup_->id);
  state->after_call();
  return message;
}

Result<void> DataChannel::set_buffered_amount_low_threshold(std::size_t bytes) {
  const auto state = open(peer_);
  if (!state) return Errc::closed;
  return state->peer().set_buffered_amount_low_threshold(setup_->id, bytes);
}

void DataChannel::close() {
  const auto state = open(peer_);
  if (!state) return;
  state->peer().close_channel(state->now(), setup_->id);
  state->after_call();
}

void DataChannel::on_open(std::function<void()> callback) {
  const auto state = open(peer_);
  if (detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr)
    listener->open.set(std::move(callback));
}

void DataChannel::on_message(std::function<void(Message)> callback) {
  const auto state = open(peer_);
  detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr;
  if (listener == nullptr) return;
  listener->message.set(std::move(callback));
  listener->readable = true;  // What came before there was anybody to hear it.
  state->after_call();
}

void DataChannel::on_error(std::function<void(std::error_code)> callback) {
  const auto state = open(peer_);
  if (detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr)
    listener->error.set(std::move(callback));
}

void DataChannel::on_close(std::function<void()> callback) {
  const auto state = open(peer_);
  if (detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr)
    listener->close.set(std::move(callback));
}

void DataChannel::on_buffered_amount_low(std::function<void()> callback) {
  const auto state = open(peer_);
  if (detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr)
    listener->buffered_amount_low.set(std::move(callback));
}

void DataChannel::on_writable(std::function<void()> callback) {
  const auto state = open(peer_);
  if (detail::ChannelListener* listener = state ? state->listen(setup_) : nullptr)
    listener->writable.set(std::move(callback));
}

}  // namespace petrel::inline v0
