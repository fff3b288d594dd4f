#include <algorithm>
#include <chrono>
#include <utility>

#include "sctp/association_state.hpp"

// What an association does after every call into usrsctp.

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

// A reset is asked for when nothing else is under way. usrsctp, where it is the peer, puts one off that comes
// while data is missing, and looks at it again with the next DATA chunk after the gap is closed; if none
// comes, never. So where something always is under way, it is asked for after a while with much to follow.
constexpr Duration reset_patience = 500ms;
constexpr std::size_t much_to_follow = 256 * 1024;

// How often a line that does not answer is measured while its estimate is bad. After an answer: at once.
constexpr Duration probe_interval = 1s;

// How much of the buffer is free before its owner is asked for more: one that fills it message by message is
// not asked for each. What is free meanwhile is missing on a long line, where the buffer is what goes out in
// a round trip: half of it made 41 Mbit/s of 100 at 100 ms, an eighth 63, a sixteenth no more.
constexpr std::size_t offered_part = 8;

// A request for streams is repeated at least every 3 s. A peer that was heard in so many seconds since then
// and has not answered will not. On a line that loses a fifth both ways that is wrong once in 10,000 times.
constexpr int stream_patience_seconds = 12;

}  // namespace

void Association::State::settle() {
  take_in();
  if (phase_ != Phase::closed) {
    const SocketStatus before = status_;
    status_ = socket_->status();
    ledger_.settle(status_.queued_bytes);
    if (!status_.exists && phase_ != Phase::fresh) {
      before.shutting_down || phase_ == Phase::shutting_down ? finish(PeerClosed{}) : fail(Errc::aborted);
    }
  }
  ask_for_reset();
  ask_for_streams();
  await_streams();
  measure_again();
  look_for_progress();
  look_for_end();
  offer_room();
  Outbox& outbox = socket_->outbox();
  while (auto packet = outbox.packets.take()) {
    zero_checksum_.offer_in(*packet, config_.mtu_bytes);
    if (gives_up_) forward_tsn_.look_at(now_, packet->bytes());
    if (!interleaving_) gate_.look_at(packet->bytes());
    if (requests_.active()) requests_.send(packet->writable());
    queue(*std::move(packet));
  }
  // What is left was given up, and the peer has not said that it skipped it.
  if (phase_ != Phase::closed && status_.queued_bytes == 0 && status_.queued_chunks > 0) {
    if (auto packet = forward_tsn_.repeat(now_, std::chrono::milliseconds(status_.rto_ms))) {
      queue(*std::move(packet));
    }
  }
  stats_.output_dropped += std::exchange(outbox.dropped, 0) + std::exchange(outbox.too_long, 0);
}

void Association::State::queue(PacketBuffer packet) {
  if (packets_.size() < max_unpolled_packets) {
    packets_.push_back(std::move(packet));
  } else {
    ++stats_.output_dropped;
  }
}

void Association::State::ask_for_reset() {
  if (reset_next_.empty() || phase_ != Phase::connected) return;
  const bool patient = now_ < reset_asked_at_ + reset_patience || status_.queued_bytes < much_to_follow;
  if (status_.queued_bytes > 0 ? patient : status_.queued_chunks > 0) return;
  std::vector<std::uint16_t> streams = std::exchange(reset_next_, {});
  if (!socket_->reset_outgoing(streams)) handle_outgoing_reset(std::move(streams), true);
}

// usrsctp's T3-rtx sends again what is older than its estimate of the RTO, and srto_max bounds the timer, not
// the estimate. With an estimate over it a timeout finds nothing old enough, so that the next sample of a
// packet whose SACK was lost is longer still, and the estimate grows until the line stands still. HEARTBEATs
// (RFC 9260 8.3, on request) measure the line as it is.
void Association::State::measure_again() {
  if (phase_ != Phase::connected || !status_.sending() || status_.rto_ms < UsrsctpSocket::max_rto_ms) return;
  if (!heard_ && now_ < measured_at_ + probe_interval) return;
  measured_at_ = now_;
  socket_->heartbeat();
}

void Association::State::await_streams() {
  if (!adding_ || phase_ != Phase::connected || now_ < stream_probe_at_ + probe_interval) return;
  stream_probe_at_ = now_;
  if (!heard_since_probe_) return socket_->heartbeat();
  heard_since_probe_ = false;
  if (++seconds_without_answer_ < stream_patience_seconds) return;
  if (const auto denial = requests_.deny(peer_header_)) {
    socket_->input(*denial);
    take_in();
  }
}

bool Association::State::waits() const {
  return status_.sending() || !resetting_.empty() || adding_ || status_.shutting_down;
}

void Association::State::look_for_progress() {
  const bool window_closed = status_.peer_window < config_.mtu_bytes;
  // RFC 9260 6.1: a peer that answers probes of its closed window is alive, and in its right.
  const bool alive = heard_ && window_closed;
  const std::size_t mark = status_.queued_bytes + status_.queued_chunks;
  if (!std::exchange(waited_, waits()) || mark < progress_mark_ || alive) progress_at_ = now_;
  progress_mark_ = mark;
  heard_ = false;
}

void Association::State::look_for_end() {
  switch (phase_) {
    case Phase::connecting:
      if (now_ >= deadline_) fail(Errc::handshake_timeout);
      break;
    case Phase::connected:
    case Phase::shutting_down:
      if (waits() && now_ >= progress_at_ + config_.stall_timeout) {
        fail(status_.shutting_down ? Errc::unreachable : Errc::stalled);
      }
      break;
    case Phase::fresh:
    case Phase::closed:
      break;
  }
}

void Association::State::offer_room() {
  if (!blocked_ || phase_ != Phase::connected) return;
  if (!interleaving_ && !adding_ && wants_streams()) return;  // No message may begin.
  const bool awaits_the_rest = !interleaving_ && !outgoing_open_.empty() && status_.queued_chunks == 0;
  const std::size_t enough = std::max(config_.send_buffer_bytes / offered_part, room_wanted_);
  if (room() < enough && !awaits_the_rest) return;
  blocked_ = false;
  events_.push_back(Writable{});
}

}  // namespace petrel::inline v0::sctp
