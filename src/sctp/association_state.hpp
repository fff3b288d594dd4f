#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/base/ring_queue.hpp"
#include "petrel/sctp/association.hpp"
#include "sctp/forward_tsn_gate.hpp"
#include "sctp/last_forward_tsn.hpp"
#include "sctp/request_numbers.hpp"
#include "sctp/send_ledger.hpp"
#include "sctp/usrsctp_socket.hpp"
#include "sctp/usrsctp_stack.hpp"
#include "sctp/zero_checksum.hpp"

namespace petrel::inline v0::sctp {

/// What Association is behind its face.
class Association::State {
 public:
  State(TimePoint now, AssociationConfig config);
  ~State();

  std::vector<std::byte> announce(TimePoint now);
  void connect(TimePoint now);
  Result<void> connect(TimePoint now, Bytes peer_init, std::size_t mtu_bytes);
  void handle_packet(TimePoint now, Bytes packet);
  void handle_packets(TimePoint now, std::span<const PacketBuffer> packets);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();
  Result<std::size_t> send(TimePoint now, const Outgoing& outgoing);
  std::optional<Incoming> receive(TimePoint now);
  std::size_t unacknowledged() const;
  Result<void> reset(TimePoint now, std::span<const std::uint16_t> streams);
  void shut_down(TimePoint now);
  void abort(TimePoint now);
  bool connected() const { return phase_ == Phase::connected; }
  AssociationStats stats() const;

 private:
  enum class Phase : std::uint8_t { fresh, connecting, connected, shutting_down, closed };

  /// Calls usrsctp by `work`, with the lock held, and takes in what came of it.
  template <class Work>
  void use(TimePoint now, Work work);
  void settle();
  void take_in();
  void read_ahead();
  void handle(const CameUp& up);
  void handle(const Restarted&);
  void handle(const CouldNotStart&);
  void handle(const WasLost&);
  void handle(const WasShutDown&);
  void handle(const StreamsReset& reset);
  void handle(const StreamsChanged& changed);
  void handle(const MessageAbandoned& abandoned);
  void handle_incoming_reset(std::vector<std::uint16_t> streams);
  void handle_outgoing_reset(std::vector<std::uint16_t> streams, bool refused);
  void ask_for_reset();
  void ask_for_streams();
  void refuse_streams();
  void await_streams();
  bool wants_streams() const { return streams_wanted_ > status_.outgoing_streams; }
  void look_for_end();
  void measure_again();
  void look_for_progress();
  void offer_room();
  bool accepts(Bytes packet);
  bool checksum_passes(Bytes packet);
  void sign(std::span<std::byte> packet);
  void take_accepted(TimePoint now);
  void take_forward_tsns(TimePoint now, Bytes packet);
  void queue(PacketBuffer packet);
  void input(Bytes packet);

  void fail(Errc error);
  void finish(Event last);
  void follow_pieces(const Incoming& piece);
  std::size_t room() const;
  bool is_open(std::uint16_t stream) const {
    return std::ranges::find(outgoing_open_, stream) != outgoing_open_.end();
  }
  bool may_begin(const Outgoing& outgoing) const;
  std::size_t room_to_begin(const Outgoing& outgoing) const;
  bool may_be_abandoned(const Outgoing& outgoing, bool continues) const;
  bool waits() const;
  bool busy() const;
  Result<std::size_t> ask_for(TimePoint now, std::uint16_t stream);

  AssociationConfig config_;
  UsrsctpStack& stack_;
  std::optional<UsrsctpSocket> socket_;
  Pace pace_;
  Phase phase_ = Phase::fresh;
  std::vector<std::byte> announced_;  // Our INIT chunk, if the peer hears of it outside of SCTP.
  bool shut_down_ = false;            // In order, so that the peer may still ask whether it is.
  TimePoint now_;
  SocketStatus status_;

  std::vector<Bytes> accepted_;  // Of those that came at once; empty between calls.
  RingQueue<PacketBuffer> packets_;
  std::deque<Event> events_;
  // What usrsctp had next. A second one, because a message may be abandoned behind its last piece.
  std::vector<std::variant<Incoming, Notification>> inbox_;
  std::vector<std::pair<std::uint16_t, bool>> incoming_open_;  // (stream, unordered) of messages in pieces.
  std::vector<std::uint16_t> outgoing_open_;  // Streams whose message has begun and not ended; few.
  std::set<std::uint16_t> resetting_;
  std::vector<std::uint16_t> reset_next_;  // Those of them that usrsctp has not been told yet.
  TimePoint reset_asked_at_{};
  SendLedger ledger_;
  ZeroChecksum zero_checksum_;
  LastForwardTsn forward_tsn_;
  ForwardTsnGate gate_;
  RequestNumbers requests_;
  std::array<std::byte, common_header_size> peer_header_{};  // Of the last packet that came.
  std::vector<std::byte> renumbered_;
  bool gives_up_ = false;  // A message with a limit was sent.

  bool interleaving_ = false;
  bool blocked_ = false;         // send() took less than it was given,
  std::size_t room_wanted_ = 0;  // and would have taken it with so much room.
  unsigned streams_wanted_ = 0;  // So many in all, as far as send() was called for.
  TimePoint stream_probe_at_{};  // When the peer that owes an answer to adding_ was last heard, or asked.
  bool heard_since_probe_ = false;
  int seconds_without_answer_ = 0;
  bool adding_ = false;  // Streams were asked for,
  // when there were so many. Not what the last status said: usrsctp has them before it tells, and what it
  // tells waits behind a message that the owner has not taken.
  std::uint16_t streams_before_ = 0;
  bool add_refused_ = false;
  bool waited_ = false;            // Whether something did at the last look,
  std::size_t progress_mark_ = 0;  // and how much.
  TimePoint progress_at_;
  TimePoint deadline_{};
  TimePoint linger_until_;
  TimePoint measured_at_{};
  bool heard_ = false;  // A packet came in since the last look.
  AssociationStats stats_;
};

}  // namespace petrel::inline v0::sctp
