#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "petrel/datachannel/channels.hpp"
#include "petrel/peer/config.hpp"

namespace petrel::inline v0::detail {

/// The data channels of one transport: datachannel::Channels between the application, the
/// descriptions and DTLS, each of which may come first.
///
/// An m-line that was taken away may come back, which makes a new association: channels of the
/// old one are closed for good, and ids do not come twice.
class DataChannels {
 public:
  using Event = datachannel::Event;

  /// What the descriptions say of the far side.
  struct Remote {
    std::uint16_t sctp_port = 5000;
    std::size_t max_message_size = 0;
    std::vector<std::byte> sctp_init{};  ///< Empty: SNAP was not agreed on.
  };

  // The peer's INIT and its first retransmissions, which may overtake the answer that announces them.
  static constexpr std::size_t max_early_packets = 8;

  /// `random` outlives it.
  DataChannels(const PeerConfig& config, RandomSource& random);

  /// What the next description says of the association, for SNAP.
  std::vector<std::byte> announce(TimePoint now);
  /// Both sides want them. Again with a later agreement changes nothing.
  void negotiate(TimePoint now, const Remote& remote);
  /// Their m-line is rejected or taken away: every channel is closed.
  void end(TimePoint now);
  /// DTLS is connected, and a record carries `max_payload` bytes.
  void handle_connected(TimePoint now, bool is_client, std::size_t max_payload);
  /// DTLS has ended: there is no way to say goodbye.
  void handle_disconnected(TimePoint now);

  Result<ChannelId> create(TimePoint now, std::string label, DataChannelInit init);
  Result<bool> try_send(TimePoint now, ChannelId id, Bytes message, bool is_text);
  std::optional<Message> receive(TimePoint now, ChannelId id);
  Result<void> set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes);
  void close(TimePoint now, ChannelId id);
  std::optional<datachannel::ChannelInfo> info(ChannelId id) const;
  std::vector<ChannelId> ids() const;
  datachannel::ChannelsStats stats() const;
  std::optional<sctp::AssociationStats> association_stats() const;
  std::string error_detail() const;

  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet(TimePoint now);
  std::optional<Event> poll_event();

  /// Begins to shut the association down; what that has to say is to be polled before
  /// handle_disconnected() closes the channels.
  void close(TimePoint now);

  std::uint64_t early_packets_dropped() const { return early_dropped_; }

 private:
  struct Link {
    bool is_client = false;
    std::size_t max_payload = 0;
  };

  datachannel::Channels& channels(TimePoint now);
  void start_if_possible(TimePoint now);
  /// Closes every channel at once. What they have received stays.
  void abandon(TimePoint now);
  bool is_ours(ChannelId id) const { return channels_ && id.value > offset_; }
  ChannelId inward(ChannelId id) const { return ChannelId{id.value - offset_}; }
  ChannelId outward(ChannelId id);
  void renumber(Event& event);

  datachannel::ChannelsConfig config_;
  RandomSource& random_;
  std::unique_ptr<datachannel::Channels> channels_;  // Once there is a use for them.
  std::optional<Remote> remote_;
  std::optional<Link> link_;
  bool started_ = false;
  bool ended_ = false;          ///< `channels_` are of an association that is over.
  std::uint32_t offset_ = 0;    ///< Between the ids of `channels_` and ours: those of associations before.
  std::uint32_t last_id_ = 0;   ///< The highest of ours so far.
  std::deque<Event> leftover_;  ///< Of an association before.
  std::vector<PacketBuffer> early_;
  std::uint64_t early_dropped_ = 0;
};

}  // namespace petrel::inline v0::detail
