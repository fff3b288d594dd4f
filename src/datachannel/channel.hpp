#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "datachannel/assembly.hpp"
#include "datachannel/scheduler.hpp"
#include "datachannel/send_queue.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/datachannel/channels.hpp"

namespace petrel::inline v0::datachannel {

/// One channel, from create() or the peer's OPEN until its owner has taken all that came of it.
struct Channel {
  ChannelId id{};
  std::string label;
  ChannelInit init;  ///< `id` is the stream.
  State state = State::connecting;
  std::error_code error{};  ///< Why it closes, if not because of a close().
  ChannelStats stats{};
  bool from_peer = false;

  // To send.
  SendQueue queue;
  Turn turn;
  /// RFC 8832 6: until the peer has said something, all is sent ordered, behind our OPEN.
  bool awaiting_ack = false;
  bool awaiting_stream = false;  ///< SCTP has asked the peer for more streams.
  bool awaiting_reset = false;   ///< The stream's last channel is reset as far as the peer is concerned only.
  bool wants_writable = false;   ///< try_send() answered false.
  std::size_t low_threshold = 0;

  // Received.
  std::array<Assembly, 2> assemblies;  ///< Of ordered messages, and of unordered ones.
  RingQueue<Message> unread;

  // RFC 8831 6.7: closed when both directions of the stream are reset.
  bool outgoing_reset = false;
  bool incoming_reset = false;

  // Events that wait to be polled, of which one is enough.
  bool readable_queued = false;
  bool writable_queued = false;
  bool low_queued = false;
  bool closed_taken = false;

  bool may_send() const { return !awaiting_stream && !awaiting_reset; }
  bool is_open() const { return state == State::open; }
  bool is_live() const { return state == State::open || state == State::connecting; }
};

}  // namespace petrel::inline v0::datachannel
