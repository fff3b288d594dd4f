#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::datachannel {

/// One channel of one peer. Never used again, as the stream id may be.
using ChannelId = Strong<std::uint32_t, struct ChannelIdTag>;

/// RFC 8831 6.4, RTCPriorityType.
enum class Priority : std::uint16_t { very_low = 128, low = 256, medium = 512, high = 1024 };

/// W3C RTCDataChannelInit, with its defaults.
struct ChannelInit {
  bool ordered = true;
  /// At most one of the two; neither: reliable.
  std::optional<std::uint16_t> max_packet_life_time{};  ///< Milliseconds.
  std::optional<std::uint16_t> max_retransmits{};
  std::string protocol{};
  bool negotiated = false;            ///< Both sides create it with the same id; nothing is said on the wire.
  std::optional<std::uint16_t> id{};  ///< Needed with `negotiated`; otherwise chosen by DTLS role.
  Priority priority = Priority::low;
};

/// RTCDataChannelState.
enum class State : std::uint8_t { connecting, open, closing, closed };
PETREL_API std::string_view to_string(State state);

/// A message that arrived whole.
struct Message {
  bool is_text = false;
  std::vector<std::byte> data;

  std::string_view text() const { return as_text(data); }
  Bytes bytes() const { return data; }
};

struct ChannelStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
};

/// What a channel is: what its creator said, and its state.
struct ChannelInfo {
  std::string label;
  ChannelInit init;  ///< `id` is there once it is known.
  State state = State::connecting;
  std::size_t buffered_amount = 0;
  ChannelStats stats{};
};

/// Messages can be sent. For a channel of the peer's it follows Announced.
struct Opened {
  ChannelId channel;
};
/// The peer has opened a channel.
struct Announced {
  ChannelId channel;
};
/// receive() has something, after it had nothing.
struct Readable {
  ChannelId channel;
};
/// W3C bufferedamountlow: the amount has fallen to the threshold.
struct BufferedAmountLow {
  ChannelId channel;
};
/// try_send() takes more, after it answered false.
struct Writable {
  ChannelId channel;
};
/// The peer closes the channel, and we with it; what it sent before can still be received.
struct Closing {
  ChannelId channel;
};
/// Nothing more goes or comes. With an error: it did not end by close().
struct Closed {
  ChannelId channel;
  std::error_code error{};
};
/// The association is up: channels open from here on.
struct TransportConnected {};
/// The association is over, and every channel is closed.
struct TransportClosed {
  std::error_code error{};
};
using Event = std::variant<TransportConnected, Announced, Opened, Readable, Writable, BufferedAmountLow,
                           Closing, Closed, TransportClosed>;

struct ChannelsConfig {
  /// The most that one message may have, sent or received; what we announce as `a=max-message-size`.
  std::size_t max_message_size = 256 * 1024;
  /// Per channel: try_send() answers false while so much or more waits. One message is always taken.
  std::size_t max_buffered = 1 << 20;
  /// Whole messages that arrived and were not received, over all channels, in bytes: past it the
  /// peer's window closes.
  std::size_t max_unread = 4 << 20;
  std::size_t max_channels = 1024;
  Logger log{};
};

/// What offer and answer have settled, RFC 8841.
struct TransportParameters {
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  /// 0: no limit of the peer's.
  std::size_t remote_max_message_size = 65536;
  /// RFC 8832 6: the DTLS client takes even stream ids.
  bool dtls_client = false;
  /// What one DTLS record can carry.
  std::size_t mtu_bytes = 1163;
};

/// All data channels of one transport: RFC 8831 and RFC 8832 over one sctp::Association.
///
/// A payload core. Channels may be created before start(); they open when the association is up.
/// Priorities are honoured among channels that have something to send. Messages longer than one
/// packet are sent and received in pieces; what waits is bounded by the limits of the config.
class PETREL_API Channels {
 public:
  using Event = datachannel::Event;

  /// `random` outlives it.
  Channels(TimePoint now, ChannelsConfig config, RandomSource& random);
  ~Channels();
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// DTLS is connected: begins the association. Once.
  void start(TimePoint now, const TransportParameters& parameters);

  /// Errors: Errc of this module for what the W3C has createDataChannel() throw on (both limits,
  /// a label or protocol over 65535 bytes, negotiated without id, an id that is in use), limit_reached.
  Result<ChannelId> create(TimePoint now, std::string label, ChannelInit init);
  /// false: no room now, nothing was taken, Writable will come. Errors: not_open, message_too_long,
  /// unknown_channel.
  Result<bool> try_send(TimePoint now, ChannelId channel, Bytes message, bool is_text);
  std::optional<Message> receive(TimePoint now, ChannelId channel);
  Result<void> set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes);
  /// Sends what waits, then closes (RFC 8831 6.7); Closed follows.
  void close(TimePoint now, ChannelId channel);
  /// nullopt: never heard of, or closed and its Closed event taken and all received.
  std::optional<ChannelInfo> info(ChannelId channel) const;
  std::vector<ChannelId> channels() const;

  void handle_packet(TimePoint now, Bytes packet);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet(TimePoint now);
  std::optional<Event> poll_event();

  /// Ends the association; every channel is closed. Poll once more.
  void close(TimePoint now);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::datachannel
