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
#include "petrel/datachannel/errc.hpp"
#include "petrel/sctp/association.hpp"

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
  bool negotiated = false;  ///< Both sides create it with the same id; nothing is said on the wire.
  /// The stream. Needed with `negotiated`, otherwise ignored and chosen by DTLS role.
  std::optional<std::uint16_t> id{};
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
  std::uint64_t messages_sent = 0;  ///< Taken by SCTP, as a whole.
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  /// Messages that try_send() took and whose lifetime ended before SCTP had room for them.
  std::uint64_t messages_expired = 0;
};

/// What a peer sent that no channel could take, and what was done about it. All channels together.
struct ChannelsStats {
  std::uint64_t messages_without_channel = 0;  ///< On a stream that nobody has opened; dropped.
  std::uint64_t messages_after_close = 0;      ///< On a channel that we were closing; dropped.
  std::uint64_t messages_over_limit = 0;       ///< Longer than we said, or more unfinished ones than we hold.
  std::uint64_t unknown_messages =
      0;  ///< Of another payload protocol, or DCEP where it has no place; dropped.
  // Of these the stream was reset.
  std::uint64_t opens_malformed = 0;
  std::uint64_t opens_on_used_stream = 0;
  std::uint64_t opens_of_wrong_parity = 0;  ///< On a stream that is ours to open, RFC 8832 6.
  std::uint64_t opens_refused = 0;          ///< More than max_channels.
};

/// What a channel is: what its creator said, and its state.
struct ChannelInfo {
  std::string label;
  ChannelInit init;  ///< `id` is there once it is known.
  State state = State::connecting;
  /// Bytes that try_send() took and SCTP did not yet. SCTP itself holds up to 1 MiB that is on its way.
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
/// W3C bufferedamountlow: the amount has fallen to the threshold. Also where SCTP took a message at once.
struct BufferedAmountLow {
  ChannelId channel;
};
/// try_send() takes more, after it answered false.
struct Writable {
  ChannelId channel;
};
/// The peer closes the channel, or broke its rules, and we close with it; what it sent before can still
/// be received.
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
  /// Of SCTP, each way: ids of channels are below. In-band channels have half of them on each side.
  std::uint16_t max_streams = 1024;
  /// Messages of several channels by turns, piece by piece, where the peer can (I-DATA, RFC 8260). See
  /// sctp::Delivery for what it costs partial reliability.
  bool interleaving = true;
  /// See sctp::AssociationConfig::zero_checksum.
  bool zero_checksum = true;
  /// Of SCTP, for all channels together, see sctp::AssociationConfig: what may be on its way, and the window
  /// that the peer sees. A line carries no more than either in one round trip: 1 MiB is 40 Mbit/s at 200 ms.
  std::size_t send_buffer_bytes = 1 << 20;
  std::size_t receive_buffer_bytes = 1 << 20;
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
  /// The peer's INIT chunk, if it has announced one and knows what announce() said: the association then
  /// needs no handshake. Empty, or one that is of no use: it has one.
  std::vector<std::byte> remote_init{};
};

/// All data channels of one transport: RFC 8831 and RFC 8832 over one sctp::Association.
///
/// A payload core. Channels may be created before start(); they open when the association is up,
/// and can then be sent on at once: the peer's ACK is not waited for (RFC 8832 6).
///
/// Priorities are honoured among channels that have something to send: bytes go in proportion to
/// them, piece by piece where the peer can interleave (RFC 8260), else message by message.
///
/// What waits is bounded: per channel `max_buffered` and one message more to send; together
/// `max_unread` and one message more of whole messages that arrived, as much again of unfinished
/// ones, and SCTP's buffers of 1 MiB each way. At most a handful of events wait per channel.
class PETREL_API Channels {
 public:
  using Event = datachannel::Event;

  /// `random` outlives it.
  Channels(TimePoint now, ChannelsConfig config, RandomSource& random);
  ~Channels();
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// SNAP (draft-hancke-tsvwg-snap): the INIT chunk of the association to come, for the peer to know before
  /// start(). The same each time; empty where there is none, and once the association began without.
  std::vector<std::byte> announce();
  /// DTLS is connected: begins the association. Once.
  void start(TimePoint now, const TransportParameters& parameters);

  /// Errors: Errc of this module for what the W3C has createDataChannel() throw on (both_limits,
  /// name_too_long, id_missing, bad_id, id_in_use, no_id_left); petrel::Errc::limit_reached, closed.
  Result<ChannelId> create(TimePoint now, std::string label, ChannelInit init);
  /// false: no room now, nothing was taken, Writable will come. Errors: not_open, message_too_long (of
  /// which error_detail() names both sizes), unknown_channel.
  Result<bool> try_send(TimePoint now, ChannelId channel, Bytes message, bool is_text);
  std::optional<Message> receive(TimePoint now, ChannelId channel);
  Result<void> set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes);
  /// Sends what waits, then closes (RFC 8831 6.7); Closed follows. What arrives from now on is dropped,
  /// what has arrived can be received. Of a channel that is closed: drops what was not received.
  void close(TimePoint now, ChannelId channel);
  /// nullopt: never heard of, or closed and its Closed event taken and all received. A channel that is
  /// closed keeps its place, and its messages their part of `max_unread`, until then: receive them, or
  /// close() it once more.
  std::optional<ChannelInfo> info(ChannelId channel) const;
  std::vector<ChannelId> channels() const;
  ChannelsStats stats() const;
  /// Of the association, also when it is over. nullopt: it has not begun.
  std::optional<sctp::AssociationStats> association_stats() const;
  /// Says more about the last call that answered with an error: "the message has 300000 bytes, the peer
  /// takes 262144".
  std::string error_detail() const;

  void handle_packet(TimePoint now, Bytes packet);
  /// Several that came at once: cheaper than one by one, and with the same outcome.
  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet(TimePoint now);
  std::optional<Event> poll_event();

  /// Ends the association in order: nothing new is taken, what waits is still sent, then SCTP shuts down.
  /// Closed for every channel and TransportClosed follow as long as the owner goes on. After 30 s it is
  /// aborted.
  void close(TimePoint now);
  /// Ends the association at once: Closed for every channel, TransportClosed, and an ABORT to poll once more.
  void abort(TimePoint now);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::datachannel
