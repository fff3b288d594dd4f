#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/peer/config.hpp"

namespace petrel::inline v0 {

namespace detail {
class PeerState;
struct ChannelSetup;
}  // namespace detail

/// A data channel: W3C RTCDataChannel. A handle: copy it freely. Once its PeerConnection is gone or
/// closed it is closed too: calls fail with Errc::closed or do nothing.
///
/// Messages go to on_message() where one is set, else they wait for receive(). Those of one peer that
/// nobody takes close its window, for all its channels together, once they are 4 MiB: a channel whose
/// messages are of no interest wants an on_message() that ignores them.
///
/// Callbacks or events. Installing any callback puts the channel into callback mode, whatever the peer
/// is in: events that it has no callback for are discarded. Without any they come by the peer's
/// next_event(). Every call is legal inside every callback, close() and destruction of the peer included.
class PETREL_API DataChannel {
 public:
  const std::string& label() const;
  const std::string& protocol() const;
  /// As it was created, here or by the peer.
  const DataChannelInit& init() const;
  /// The SCTP stream, which is the W3C's id; nullopt before the connection has settled it.
  std::optional<std::uint16_t> id() const;
  DataChannelState state() const;
  /// Bytes that were taken by send() and not yet by SCTP.
  std::size_t buffered_amount() const;
  datachannel::ChannelStats stats() const;

  /// Takes the whole message, or answers false while there is no room; on_writable() then tells when.
  /// Errors: datachannel::Errc::not_open before it is open, message_too_long over what the peer takes.
  Result<bool> try_send(std::string_view text);
  Result<bool> try_send(Bytes binary);
  Result<bool> try_send(const Message& message);
  /// Completes once the message is taken, which waits for the channel to open and for room. The message
  /// stays the caller's, and has to live until then. Throws std::system_error with the errors of
  /// try_send(), not_open where the channel closes first.
  asio::awaitable<void> send(std::string_view text);
  asio::awaitable<void> send(Bytes binary);
  asio::awaitable<void> send(const Message& message);

  /// The next message, whole; nullopt once the channel is closed and nothing is left, or the peer is
  /// gone. Throws std::system_error with Errc::busy if another receive() waits, and with
  /// Errc::wrong_state where messages go to on_message().
  asio::awaitable<std::optional<Message>> receive();
  /// The same without waiting; nullopt: there is none now.
  std::optional<Message> try_receive();

  Result<void> set_buffered_amount_low_threshold(std::size_t bytes);
  /// Sends what waits, then closes; the peer's channel closes with it.
  void close();

  void on_open(std::function<void()> callback);
  void on_message(std::function<void(Message)> callback);
  /// It ends otherwise than by a close() of either side. on_close() follows.
  void on_error(std::function<void(std::error_code)> callback);
  /// Nothing more goes or comes; every message was delivered before.
  void on_close(std::function<void()> callback);
  void on_buffered_amount_low(std::function<void()> callback);
  /// try_send() takes more, after it answered false.
  void on_writable(std::function<void()> callback);

  friend bool operator==(const DataChannel& a, const DataChannel& b) { return a.setup_ == b.setup_; }

 private:
  friend class detail::PeerState;
  DataChannel(std::weak_ptr<detail::PeerState> peer, std::shared_ptr<const detail::ChannelSetup> setup);

  std::weak_ptr<detail::PeerState> peer_;
  std::shared_ptr<const detail::ChannelSetup> setup_;
};

}  // namespace petrel::inline v0
