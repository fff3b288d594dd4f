#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "datachannel/channel.hpp"
#include "datachannel/link.hpp"
#include "datachannel/scheduler.hpp"
#include "datachannel/stream_set.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/datachannel/channels.hpp"
#include "petrel/datachannel/dcep.hpp"

namespace petrel::inline v0::datachannel {

/// What Channels is, over any Link. Its functions are described there.
class Core {
 public:
  // A peer that opens channels in order to have them refused owes us the answers to so many resets.
  static constexpr std::size_t max_refusals = 256;
  // Labels and protocols of the peer's channels, together. A page's labels are words.
  static constexpr std::size_t max_peer_names_bytes = std::size_t{1} << 20;
  // What a message that was not received costs beside its bytes.
  static constexpr std::size_t unread_overhead = 128;
  // Bytes of one channel before the next one's turn, where messages can be interleaved.
  static constexpr std::size_t piece_bytes = std::size_t{16} << 10;
  // A reset that the peer refuses is asked for again after 1, 2, 4, … seconds.
  static constexpr int max_reset_attempts = 5;
  // How long the peer may take to reset its side of a channel after it knows that we did. It finishes a
  // message first, and on a bad line that takes a while.
  static constexpr Duration close_patience = std::chrono::minutes(5);
  // How long close() lets what waits be sent.
  static constexpr Duration drain_patience = std::chrono::seconds(30);

  Core(TimePoint now, ChannelsConfig config);

  void start(TimePoint now, const TransportParameters& parameters, std::unique_ptr<Link> link);

  Result<ChannelId> create(TimePoint now, std::string label, ChannelInit init);
  Result<bool> try_send(TimePoint now, ChannelId id, Bytes message, bool is_text);
  std::optional<Message> receive(TimePoint now, ChannelId id);
  Result<void> set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes);
  void close(TimePoint now, ChannelId id);
  std::optional<ChannelInfo> info(ChannelId id) const;
  std::vector<ChannelId> channels() const;
  /// So many streams the channels take that there are, or will before start() is over. At most `max_streams`.
  std::uint16_t streams_in_use() const;
  const ChannelsStats& stats() const { return stats_; }
  std::optional<sctp::AssociationStats> link_stats() const;
  const std::string& error_detail() const { return error_detail_; }

  void handle_packet(TimePoint now, Bytes packet);
  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();

  void close(TimePoint now);
  void abort(TimePoint now);

  /// Bytes that a peer has made us hold: messages not received, and parts of messages.
  std::size_t held_bytes() const { return unread_cost_ + unfinished_bytes_; }

 private:
  enum class Phase : std::uint8_t { idle, connecting, up, draining, over };

  /// Our side of a stream on its way to be reset.
  struct Reset {
    enum class Step : std::uint8_t {
      wanted,    ///< To be asked for now.
      asked,     ///< The peer's answer is awaited.
      refused,   ///< To be asked for again when due.
      answered,  ///< Done; the peer's own reset is awaited, until due.
    };
    Step step = Step::wanted;
    bool peer_reset = false;  ///< The peer has reset its side since.
    bool reused = false;      ///< The peer has opened the stream anew; it knows that ours is reset.
    bool again = false;       ///< What was opened anew is to be reset too.
    int attempts = 0;
    TimePoint due{};
  };

  // core.cpp
  TimePoint clamp(TimePoint now);
  Channel* find(ChannelId id);
  const Channel* find(ChannelId id) const;
  Channel* on_stream(std::uint16_t stream);
  std::error_code refusal(const std::string& label, const ChannelInit& init);
  std::optional<std::uint16_t> free_stream() const;
  bool is_free(std::uint16_t stream) const;
  bool is_up() const { return phase_ == Phase::up || phase_ == Phase::draining; }
  Channel& add(std::string label, ChannelInit init);
  void open(TimePoint now, Channel& channel);
  void settle(TimePoint now);
  bool handle_event(TimePoint now);
  void handle(TimePoint now, const sctp::Connected& connected);
  void handle(TimePoint now, const sctp::Writable& writable);
  void handle(TimePoint now, const sctp::IncomingReset& reset);
  void handle(TimePoint now, const sctp::OutgoingReset& reset);
  void handle(TimePoint now, const sctp::StreamsAdded& added);
  void handle(TimePoint now, const sctp::PeerClosed& closed);
  void handle(TimePoint now, const sctp::Failed& failed);
  void log(TimePoint now, LogLevel level, std::string_view code, const Channel& channel) const;
  void log(TimePoint now, std::string_view code, std::uint16_t stream) const;

  // core_send.cpp
  void push(Channel& channel, SendQueue::Entry entry);
  void flush(TimePoint now);
  void send_piece(TimePoint now, Channel& channel);
  sctp::Delivery delivery_of(TimePoint now, const Channel& channel, bool ordered,
                             std::optional<TimePoint> expires) const;
  bool send_at_once(TimePoint now, Channel& channel, SendQueue::Entry& entry, Bytes message);
  void after_sending(Channel& channel, std::size_t amount_before);
  void expire(TimePoint now, Channel& channel);
  void retry_without_stream();

  // core_receive.cpp
  bool read(TimePoint now, bool to_the_end);
  void handle_piece(TimePoint now, sctp::Incoming piece);
  void handle_early_piece(TimePoint now, sctp::Incoming piece);
  void forget_unfinished(const sctp::Incoming& piece);
  void handle_whole(TimePoint now, Channel& channel, Assembly::Whole whole);
  void handle_open(TimePoint now, std::uint16_t stream, Bytes message);
  bool knows_our_reset(const Channel& channel) const;
  void make_way(TimePoint now, Channel& channel);
  void count_dropped(std::uint64_t& counter, const sctp::Incoming& piece);
  void drop_rest(const sctp::Incoming& piece);
  void refuse(std::uint16_t stream);

  // core_close.cpp
  void begin_closing(TimePoint now, Channel& channel, std::error_code error);
  void fail(TimePoint now, Channel& channel, std::error_code error);
  void want_reset_when_sent(Channel& channel);
  void peer_has_reset(TimePoint now, std::uint16_t stream);
  bool issue_resets(TimePoint now);
  void reset_answered(TimePoint now, std::uint16_t stream, std::error_code error);
  void handle_reset_timeouts(TimePoint now);
  void give_up_reset(TimePoint now, std::uint16_t stream, std::error_code error);
  void finish(TimePoint now, Channel& channel);
  void shut_down_when_sent(TimePoint now);
  void end(TimePoint now, std::error_code error);
  void forget_if_done(Channel& channel);

  ChannelsConfig config_;
  TimePoint now_;
  TransportParameters parameters_;
  std::unique_ptr<Link> link_;
  Phase phase_ = Phase::idle;
  bool closing_ = false;  ///< close() was called: how the association ends is what was wanted.
  bool shutting_down_ = false;
  TimePoint drain_deadline_{};
  bool interleaving_ = false;
  std::uint16_t outgoing_streams_ = 0;

  std::map<ChannelId, std::unique_ptr<Channel>> channels_;
  std::uint32_t last_id_ = 0;
  std::unordered_map<std::uint16_t, Channel*> by_stream_;
  std::size_t peer_names_bytes_ = 0;
  /// Streams that were left half reset; they are free again when the peer resets its half.
  StreamSet retired_;

  Scheduler scheduler_;
  bool any_awaits_stream_ = false;
  Channel* current_ = nullptr;  ///< Whose message must be finished first, without interleaving.
  bool blocked_ = false;        ///< SCTP takes nothing until Writable.

  std::map<std::uint16_t, Assembly> early_;  ///< OPENs that have not come whole.
  std::array<StreamSet, 2> dropping_;        ///< Streams whose message in progress is dropped.
  std::size_t unread_cost_ = 0;
  std::size_t unfinished_bytes_ = 0;

  std::map<std::uint16_t, Reset> resets_;
  std::vector<std::uint16_t> reset_batch_;
  bool paused_ = false;  ///< Nothing new is sent until all is acknowledged and a reset can be asked for.

  RingQueue<Event> events_;
  ChannelsStats stats_;
  std::string error_detail_;
};

}  // namespace petrel::inline v0::datachannel
