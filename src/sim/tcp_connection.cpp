#include "sim/tcp_connection.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_timeout = 1s;           // RFC 6298 2.1
constexpr Duration shortest_timeout = 200ms;     // As Linux has it; RFC 6298 2.4 would say 1 s.
constexpr Duration longest_timeout = 120s;       // As Linux has it; RFC 6298 2.5 allows 60 s and more.
constexpr Duration timeout_after_lost_syn = 3s;  // RFC 6298 5.7
constexpr Duration clock_granularity = 1ms;

// As Linux has them: a connection that nobody answers is given up after 127 s, an accepted one
// after 63 s, and an open one that nobody acknowledges any more after a quarter of an hour.
constexpr unsigned max_syn_retransmissions = 6;
constexpr unsigned max_syn_ack_retransmissions = 5;
constexpr unsigned max_data_retransmissions = 15;

constexpr unsigned initial_window_segments = 10;  // RFC 6928 2
constexpr unsigned duplicates_of_a_loss = 3;      // RFC 5681 3.2

// The receive window of who is not paused: what may be under way at once. More than any line of these
// tests holds.
constexpr std::uint64_t max_in_flight = 1024 * 1024;

}  // namespace

TcpConnection::TcpConnection(TimePoint now, Role role, const Endpoint& local, const Endpoint& remote,
                             std::size_t max_segment_bytes)
    : local_(local),
      remote_(remote),
      state_(role == Role::active ? State::syn_sent : State::syn_received),
      segment_bytes_(std::min(max_segment_bytes, PacketBuffer::capacity)),
      peer_window_end_(max_in_flight),
      window_(initial_window_segments * segment_bytes_),
      threshold_(max_in_flight),
      timeout_(first_timeout) {
  if (role == Role::passive) return;
  send_control({.max_segment_bytes = segment_bytes_, .syn = true});
  timed_ = Timed{0, now};
  retransmit_at_ = now + timeout_;
}

std::optional<Packet> TcpConnection::poll_segment() {
  if (segments_.empty()) return std::nullopt;
  std::optional<Packet> segment(std::move(segments_.front()));
  segments_.pop_front();
  return segment;
}

std::optional<TcpConnection::Happening> TcpConnection::poll_happening() {
  if (happenings_.empty()) return std::nullopt;
  std::optional<Happening> happening(std::move(happenings_.front()));
  happenings_.pop_front();
  return happening;
}

// ---- The application --------------------------------------------------------

void TcpConnection::write(TimePoint now, Bytes bytes) {
  if (state_ == State::over || closing_) return;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (!congested_ && buffered() > congested_bytes) {
    congested_ = true;
    happenings_.emplace_back(FlowCongested{});
  }
  send_new(now);
}

bool TcpConnection::set_paused(bool paused) {
  if (paused_ == paused) return false;
  paused_ = paused;
  if (paused) return false;
  for (Happening& held : held_) happenings_.push_back(std::move(held));
  held_.clear();
  held_bytes_ = 0;
  just_resumed_ = true;
  return true;
}

void TcpConnection::close(TimePoint now) {
  discarding_ = true;
  happenings_.clear();
  held_.clear();
  held_bytes_ = 0;
  if (state_ == State::syn_sent) {
    state_ = State::over;
    retransmit_at_.reset();
  }
  if (state_ == State::over || closing_) return;
  closing_ = true;
  send_new(now);
}

void TcpConnection::abort() {
  if (state_ == State::over) return;
  send_control({.sequence = next_, .acknowledgment = received_, .ack = true, .rst = true});
  state_ = State::over;
  retransmit_at_.reset();
}

// ---- Segments that arrive ---------------------------------------------------

void TcpConnection::handle_segment(TimePoint now, const Packet& segment) {
  if (state_ == State::over) return;
  if (segment.tcp.rst) {
    handle_reset(segment);
    return;
  }
  if (segment.tcp.syn) {
    handle_handshake(now, segment);
    return;
  }
  if (state_ == State::syn_sent || !segment.tcp.ack) return;
  if (state_ == State::syn_received) become_open(now);

  handle_acknowledgment(now, segment);
  handle_window(segment);
  handle_data(segment);
  send_new(now);
  if (std::exchange(owes_acknowledgment_, false)) {
    send_control({.sequence = next_, .acknowledgment = received_, .ack = true});
  }
}

// RFC 9293 3.10.7.3: a reset that answers our SYN is a refusal.
void TcpConnection::handle_reset(const Packet& segment) {
  if (state_ == State::syn_sent) {
    if (segment.tcp.ack) fail(std::errc::connection_refused);
  } else {
    fail(std::errc::connection_reset);
  }
}

void TcpConnection::handle_handshake(TimePoint now, const Packet& segment) {
  if (state_ == State::syn_received && !segment.tcp.ack) {
    segment_bytes_ = std::min(segment_bytes_, segment.tcp.max_segment_bytes);
    send_control({.max_segment_bytes = segment_bytes_, .syn = true, .ack = true});
    if (!retransmit_at_) {
      timed_ = Timed{0, now};
      retransmit_at_ = now + timeout_;
    }
  } else if (state_ == State::syn_sent && segment.tcp.ack) {
    segment_bytes_ = std::min(segment_bytes_, segment.tcp.max_segment_bytes);
    send_control({.ack = true});
    become_open(now);
    send_new(now);
  } else if (state_ == State::open && segment.tcp.ack) {
    // The SYN ACK came again: our acknowledgment was lost.
    send_control({.sequence = next_, .acknowledgment = received_, .ack = true});
  }
}

void TcpConnection::become_open(TimePoint now) {
  state_ = State::open;
  if (timed_) {
    observe_round_trip(now - timed_->sent);
  } else {
    timeout_ = timeout_after_lost_syn;
  }
  timed_.reset();
  retransmissions_ = 0;
  retransmit_at_.reset();
  window_ = initial_window_segments * segment_bytes_;
  if (!discarding_) happenings_.emplace_back(FlowOpened{local_, remote_});
}

void TcpConnection::handle_acknowledgment(TimePoint now, const Packet& segment) {
  const std::uint64_t number = segment.tcp.acknowledgment;
  if (number > highest_) return;  // Of what we never sent.
  if (number > acknowledged_) {
    handle_new_acknowledgment(now, number);
  } else if (number == acknowledged_ && in_flight() > 0 && segment.payload.empty() && !segment.tcp.fin &&
             number + segment.tcp.window == peer_window_end_) {
    handle_duplicate_acknowledgment(now);
  }
}

void TcpConnection::handle_new_acknowledgment(TimePoint now, std::uint64_t number) {
  const std::uint64_t newly = number - acknowledged_;
  const std::size_t data = std::min<std::size_t>(newly, buffered());
  fin_acknowledged_ = newly > data;
  acknowledged_ = number;
  next_ = std::max(next_, acknowledged_);
  buffer_head_ += data;
  // Moving the rest to the front only now and then keeps the cost of a byte constant.
  if (buffer_head_ > buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(buffer_head_));
    buffer_head_ = 0;
  }
  if (timed_ && number >= timed_->end) {
    observe_round_trip(now - timed_->sent);
    timed_.reset();
  }
  retransmissions_ = 0;
  duplicates_ = 0;

  if (recover_ && number < *recover_) {
    send_at(acknowledged_);  // RFC 6582 3.2 step 3: the next hole is lost as well.
  } else if (recover_) {
    recover_.reset();
    window_ = threshold_;
  } else if (window_ < threshold_) {
    window_ += std::min<std::uint64_t>(newly, segment_bytes_);
  } else {
    window_ += std::max<std::uint64_t>(1, segment_bytes_ * segment_bytes_ / window_);
  }
  restart_timer(now);
  if (congested_ && buffered() < congested_bytes / 4) {
    congested_ = false;
    if (!discarding_) happenings_.emplace_back(FlowWritable{});
  }
}

void TcpConnection::handle_duplicate_acknowledgment(TimePoint now) {
  if (recover_) {
    window_ += segment_bytes_;  // Another segment has left the line.
    return;
  }
  if (++duplicates_ != duplicates_of_a_loss) return;
  threshold_ = std::max<std::uint64_t>(in_flight() / 2, 2 * segment_bytes_);
  window_ = threshold_ + duplicates_of_a_loss * segment_bytes_;
  recover_ = highest_;
  timed_.reset();
  send_at(acknowledged_);
  restart_timer(now);
}

// RFC 9293 3.8.6. It never moves back here, but for an end that pauses: bytes beyond are dropped there.
void TcpConnection::handle_window(const Packet& segment) {
  const std::uint64_t end = segment.tcp.acknowledgment + segment.tcp.window;
  if (segment.tcp.acknowledgment >= acknowledged_) peer_window_end_ = end;
}

void TcpConnection::handle_data(const Packet& segment) {
  const Bytes payload = segment.payload.bytes();
  const std::uint64_t first = segment.tcp.sequence;
  if (payload.empty() && !segment.tcp.fin) return;
  owes_acknowledgment_ = true;
  if (first + payload.size() > received_ + window()) return;
  if (segment.tcp.fin) peer_end_ = first + payload.size();

  if (first > received_) {
    early_.try_emplace(first, payload.begin(), payload.end());
    return;
  }
  if (first + payload.size() > received_) take_in(payload.subspan(received_ - first));
  while (!early_.empty() && early_.begin()->first <= received_) {
    const auto& [start, bytes] = *early_.begin();
    if (start + bytes.size() > received_) take_in(Bytes(bytes).subspan(received_ - start));
    early_.erase(early_.begin());
  }
  if (peer_end_ == received_ && !peer_closed_) {
    peer_closed_ = true;
    ++received_;  // The FIN itself.
    if (!discarding_) deliver(FlowClosed{});
    // The flow is gone with that, so our side ends as well, behind what it still has to send.
    discarding_ = true;
    closing_ = true;
  }
}

void TcpConnection::take_in(Bytes bytes) {
  received_ += bytes.size();
  if (!discarding_) deliver(PacketBuffer::copy_of(bytes).value());
}

void TcpConnection::deliver(Happening happening) {
  if (!paused_) return happenings_.push_back(std::move(happening));
  if (const auto* bytes = std::get_if<PacketBuffer>(&happening)) held_bytes_ += bytes->size();
  held_.push_back(std::move(happening));
}

std::uint64_t TcpConnection::window() const {
  if (!paused_ || discarding_) return max_in_flight;
  return paused_window_bytes - std::min(held_bytes_, paused_window_bytes);
}

// ---- Segments that leave ----------------------------------------------------

void TcpConnection::send_new(TimePoint now) {
  if (state_ != State::open) return;
  const std::uint64_t window = std::min(window_, max_in_flight);
  const std::uint64_t end = end_of_data();
  const bool was_idle = in_flight() == 0;
  const auto fits = [&] { return std::min(next_ + segment_bytes_, end) <= peer_window_end_; };
  while (next_ < end && fits() && (in_flight() == 0 || in_flight() + segment_bytes_ <= window)) {
    const std::uint64_t first = next_;
    send_at(first);
    next_ = std::min<std::uint64_t>(first + segment_bytes_, end);
    if (!timed_ && next_ > highest_) timed_ = Timed{next_, now};
    highest_ = std::max(highest_, next_);
  }
  if (closing_ && next_ == end && !fin_acknowledged_) {
    send_at(end);
    next_ = end + 1;
    highest_ = std::max(highest_, next_);
  }
  if (was_idle && (in_flight() > 0 || is_shut_out())) restart_timer(now);
}

// The segment that begins at `sequence`: bytes of the buffer, or the FIN behind them.
void TcpConnection::send_at(std::uint64_t sequence) {
  const std::uint64_t end = end_of_data();
  const std::size_t size = std::min<std::uint64_t>(end - std::min(sequence, end), segment_bytes_);
  const Bytes rest =
      Bytes(buffer_).subspan(buffer_head_ + static_cast<std::size_t>(sequence - acknowledged_));
  segments_.push_back({local_,
                       remote_,
                       PacketBuffer::copy_of(rest.first(size)).value(),
                       TransportProtocol::tcp,
                       {.sequence = sequence,
                        .acknowledgment = received_,
                        .window = window(),
                        .ack = true,
                        .fin = size == 0}});
  owes_acknowledgment_ = false;
}

void TcpConnection::send_control(TcpHeader header) {
  header.window = window();
  segments_.push_back({local_, remote_, {}, TransportProtocol::tcp, header});
}

// ---- Time -------------------------------------------------------------------

void TcpConnection::handle_timeout(TimePoint now) {
  if (std::exchange(just_resumed_, false) && state_ == State::open) {
    send_control({.sequence = next_, .acknowledgment = received_, .ack = true});
  }
  if (!retransmit_at_ || now < *retransmit_at_) return;
  if (state_ == State::open && is_shut_out()) return probe(now);
  ++retransmissions_;
  timed_.reset();  // RFC 6298 3, Karn's rule.
  timeout_ = std::min(timeout_ * 2, longest_timeout);
  retransmit_at_ = now + timeout_;
  switch (state_) {
    case State::syn_sent:
      if (retransmissions_ > max_syn_retransmissions) return fail(std::errc::timed_out);
      send_control({.max_segment_bytes = segment_bytes_, .syn = true});
      break;
    case State::syn_received:
      // Nobody has been told of it yet.
      if (retransmissions_ > max_syn_ack_retransmissions) return abort();
      send_control({.max_segment_bytes = segment_bytes_, .syn = true, .ack = true});
      break;
    case State::open:
      if (retransmissions_ > max_data_retransmissions) return fail(std::errc::timed_out);
      // RFC 5681 3.1: begin again with one segment, from the first that is missing.
      threshold_ = std::max<std::uint64_t>(in_flight() / 2, 2 * segment_bytes_);
      window_ = segment_bytes_;
      recover_.reset();
      duplicates_ = 0;
      next_ = acknowledged_;
      send_new(now);
      retransmit_at_ = now + timeout_;
      break;
    case State::over:
      break;
  }
}

// RFC 9293 3.8.6.1: the window may have opened, and the word of it been lost. This has no end.
void TcpConnection::probe(TimePoint now) {
  timed_.reset();
  timeout_ = std::min(timeout_ * 2, longest_timeout);
  retransmit_at_ = now + timeout_;
  send_at(acknowledged_);
  next_ =
      std::max<std::uint64_t>(next_, std::min<std::uint64_t>(acknowledged_ + segment_bytes_, end_of_data()));
  highest_ = std::max(highest_, next_);
}

void TcpConnection::restart_timer(TimePoint now) {
  retransmit_at_.reset();
  if (highest_ > acknowledged_ || is_shut_out()) retransmit_at_ = now + timeout_;
}

// RFC 6298 2.2 and 2.3.
void TcpConnection::observe_round_trip(Duration round_trip) {
  if (!smoothed_) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
  } else {
    const Duration difference = *smoothed_ > round_trip ? *smoothed_ - round_trip : round_trip - *smoothed_;
    variation_ = (variation_ * 3 + difference) / 4;
    smoothed_ = (*smoothed_ * 7 + round_trip) / 8;
  }
  timeout_ = std::clamp<Duration>(*smoothed_ + std::max<Duration>(clock_granularity, variation_ * 4),
                                  shortest_timeout, longest_timeout);
}

void TcpConnection::fail(std::errc error) {
  state_ = State::over;
  retransmit_at_.reset();
  if (!discarding_) happenings_.emplace_back(FlowFailed{std::make_error_code(error)});
}

}  // namespace petrel::inline v0::sim
