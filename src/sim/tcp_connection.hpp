#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/io_request.hpp"
#include "petrel/sim/packet.hpp"

namespace petrel::inline v0::sim {

/// One end of a TCP connection, as much of RFC 9293 as an application can notice: the
/// handshake costs a round trip, what is lost holds up what follows until it is sent again
/// (RFC 6298, fast retransmit of RFC 6582), the rate follows the losses (RFC 5681), and the
/// end is announced behind the last byte.
///
/// A receive window there is for who is paused, and no other: a core takes all at once.
/// Left out, because no application can tell: delayed acknowledgments, TIME-WAIT, keep-alive, urgent data and
/// simultaneous open.
class TcpConnection {
 public:
  enum class Role : std::uint8_t { active, passive };
  /// A change of the flow, or bytes that arrived.
  using Happening = std::variant<FlowChange, PacketBuffer>;

  /// An active one queues its SYN at once; a passive one waits to be given the SYN.
  /// `max_segment_bytes` is the longest payload that its own line takes.
  TcpConnection(TimePoint now, Role role, const Endpoint& local, const Endpoint& remote,
                std::size_t max_segment_bytes);

  void handle_segment(TimePoint now, const Packet& segment);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const { return retransmit_at_; }
  std::optional<Packet> poll_segment();
  /// FlowOpened of a passive one means that it was accepted.
  std::optional<Happening> poll_happening();

  /// Appends to the stream. FlowCongested comes when it grows long.
  void write(TimePoint now, Bytes bytes);
  /// Nothing that arrives is delivered while it is paused: some waits, and the rest with the other end.
  /// True: it goes on, and handle_timeout() and poll_happening() have something to do.
  bool set_paused(bool paused);
  /// Announces the end behind what was written. Nothing that arrives is delivered any more.
  void close(TimePoint now);
  /// Breaks the connection off, and tells the other end so.
  void abort();
  /// Nothing will ever come of it again.
  bool over() const { return state_ == State::over || (fin_acknowledged_ && peer_closed_); }

  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }

  /// Bytes that were taken in and not acknowledged yet; from here on the stream is congested,
  /// and below a quarter of it writable again.
  static constexpr std::size_t congested_bytes = 64 * 1024;
  /// What a paused one takes in.
  static constexpr std::size_t paused_window_bytes = 64 * 1024;

 private:
  enum class State : std::uint8_t { syn_sent, syn_received, open, over };

  void handle_handshake(TimePoint now, const Packet& segment);
  void handle_reset(const Packet& segment);
  void handle_acknowledgment(TimePoint now, const Packet& segment);
  void handle_new_acknowledgment(TimePoint now, std::uint64_t acknowledged);
  void handle_duplicate_acknowledgment(TimePoint now);
  void handle_window(const Packet& segment);
  void handle_data(const Packet& segment);
  void take_in(Bytes bytes);
  void deliver(Happening happening);
  std::uint64_t window() const;
  /// The window has no room for what is to be sent next.
  bool is_shut_out() const {
    return buffered() > 0 &&
           std::min<std::uint64_t>(acknowledged_ + segment_bytes_, end_of_data()) > peer_window_end_;
  }
  void observe_round_trip(Duration round_trip);
  void become_open(TimePoint now);
  void fail(std::errc error);
  void send_new(TimePoint now);
  void send_at(std::uint64_t sequence);
  void send_control(TcpHeader header);
  void probe(TimePoint now);
  void restart_timer(TimePoint now);

  std::size_t buffered() const { return buffer_.size() - buffer_head_; }
  std::uint64_t end_of_data() const { return acknowledged_ + buffered(); }
  std::uint64_t in_flight() const { return next_ - acknowledged_; }

  Endpoint local_;
  Endpoint remote_;
  State state_;
  std::size_t segment_bytes_;

  // What we send. The buffer begins at acknowledged_.
  std::vector<std::byte> buffer_;
  std::size_t buffer_head_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t next_ = 0;         // To be sent next; behind highest_ after a timeout.
  std::uint64_t highest_ = 0;      // One behind the last that was ever sent.
  std::uint64_t peer_window_end_;  // The peer takes what is before that.
  bool closing_ = false;
  bool fin_acknowledged_ = false;
  bool congested_ = false;

  // How fast: RFC 5681 3.1, in bytes.
  std::uint64_t window_;
  std::uint64_t threshold_;
  unsigned duplicates_ = 0;
  std::optional<std::uint64_t> recover_;  // RFC 6582 3.2: recovery lasts until this is acknowledged.

  // When to send again: RFC 6298.
  std::optional<TimePoint> retransmit_at_;
  std::optional<Duration> smoothed_;
  Duration variation_{};
  Duration timeout_;
  unsigned retransmissions_ = 0;  // Of what is acknowledged next, in a row.
  struct Timed {
    std::uint64_t end;
    TimePoint sent;
  };
  std::optional<Timed> timed_;  // One segment at a time, never one that was sent again.

  // What we receive.
  std::uint64_t received_ = 0;
  std::map<std::uint64_t, std::vector<std::byte>> early_;  // Behind a gap.
  std::optional<std::uint64_t> peer_end_;                  // Where the peer's FIN stands.
  bool peer_closed_ = false;
  bool owes_acknowledgment_ = false;
  bool paused_ = false;
  bool just_resumed_ = false;
  std::deque<Happening> held_;  // While it is paused.
  std::size_t held_bytes_ = 0;
  bool discarding_ = false;  // Our side is closed: nobody reads.

  std::deque<Packet> segments_;
  std::deque<Happening> happenings_;
};

}  // namespace petrel::inline v0::sim
