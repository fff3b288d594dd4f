#include "sctp/association_state.hpp"

#include <algorithm>
#include <chrono>

#include "sctp/chunks.hpp"
#include "sctp/crc32c.hpp"
#include "sctp/init_chunk.hpp"

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

// The resolution of usrsctp's own timer thread.
constexpr Duration tick = 10ms;

// How long timers run on after a packet or a call, with nothing that waits for the peer. The one timer
// that nobody can see from outside is that of the delayed SACK, 20 ms.
constexpr Duration linger = 50ms;

constexpr std::size_t min_mtu_bytes = 524;  // usrsctp's least path MTU, 512, and the common header.

// Less stalls on its own bookkeeping; more than the most is memory that a peer may make us keep.
constexpr std::size_t min_buffer_bytes = 64 << 10;
constexpr std::size_t max_buffer_bytes = 64 << 20;

constexpr std::uint16_t stream_limit = 65535;  // RFC 8831 6.2: ids go to 65534.

constexpr std::size_t read_ahead_items = 2;
// Counted with a message's bytes by usrsctp, for each chunk that was made of it: I-DATA's header.
constexpr std::size_t chunk_header = 20;

AssociationConfig within_limits(AssociationConfig config) {
  config.mtu_bytes = std::clamp(config.mtu_bytes, min_mtu_bytes, PacketBuffer::capacity);
  config.send_buffer_bytes = std::clamp(config.send_buffer_bytes, min_buffer_bytes, max_buffer_bytes);
  config.receive_buffer_bytes = std::clamp(config.receive_buffer_bytes, min_buffer_bytes, max_buffer_bytes);
  config.streams = std::max<std::uint16_t>(config.streams, 1);
  config.max_streams = std::max(config.max_streams, config.streams);
  return config;
}

}  // namespace

Association::State::State(TimePoint now, AssociationConfig config)
    : config_(within_limits(config)),
      stack_(UsrsctpStack::instance()),
      now_(now),
      zero_checksum_(config.zero_checksum),
      progress_at_(now),
      linger_until_(now) {
  const auto lock = stack_.lock();
  socket_.emplace(stack_, config_);
}

Association::State::~State() {
  const auto lock = stack_.lock();
  socket_.reset();
}

template <class Work>
void Association::State::use(TimePoint now, Work work) {
  now_ = std::max(now, now_);
  {
    const auto lock = stack_.lock();
    stack_.advance(pace_, now_);
    work();
    settle();
  }
  pace_.running = busy();
}

std::vector<std::byte> Association::State::announce(TimePoint now) {
  if (phase_ != Phase::fresh || !announced_.empty()) return announced_;
  now_ = std::max(now, now_);
  const auto lock = stack_.lock();
  Outbox& outbox = socket_->outbox();
  if (socket_->usable() && socket_->connect()) {
    if (const auto packet = outbox.packets.take()) announced_ = init_chunk_of(packet->bytes());
    zero_checksum_.offer_in(announced_);
  }
  outbox.muted = true;  // It is repeated, until the answer to it comes from us.
  return announced_;
}

Result<void> Association::State::connect(TimePoint now, Bytes peer_init, std::size_t mtu_bytes) {
  // libdatachannel 0.24 sends back what it does not know, which looks like an announcement.
  if (phase_ != Phase::fresh || announced_.empty() || !is_init_chunk(peer_init) ||
      equal(peer_init, announced_)) {
    return Errc::bad_init;
  }
  config_.mtu_bytes = mtu_bytes;
  config_ = within_limits(config_);
  phase_ = Phase::connecting;
  deadline_ = now + config_.handshake_timeout;
  zero_checksum_.look_at_chunk(peer_init);
  const HandshakePorts ports{config_.local_port, config_.remote_port};
  use(now, [&] {
    socket_->set_mtu(config_.mtu_bytes);
    socket_->input(init_ack_packet(ports, announced_, peer_init));
    socket_->input(cookie_ack_packet(ports, announced_));
    socket_->outbox().muted = false;
  });
  if (phase_ == Phase::connected) return {};
  if (phase_ != Phase::closed) finish(Failed{make_error_code(Errc::bad_init)});
  return Errc::bad_init;
}

void Association::State::connect(TimePoint now) {
  if (phase_ != Phase::fresh) return;
  phase_ = Phase::connecting;
  deadline_ = now + config_.handshake_timeout;
  use(now, [&] {
    if (!socket_->usable() || !socket_->connect()) fail(Errc::library_failure);
  });
}

void Association::State::handle_packet(TimePoint now, Bytes packet) {
  if (accepts(packet)) accepted_.push_back(packet);
  take_accepted(now);
}

void Association::State::handle_packets(TimePoint now, std::span<const PacketBuffer> packets) {
  for (const PacketBuffer& packet : packets) {
    if (accepts(packet.bytes())) accepted_.push_back(packet.bytes());
  }
  take_accepted(now);
}

bool Association::State::accepts(Bytes packet) {
  ++stats_.packets_received;
  // RFC 9260 8.4, 5): the peer asks again if our SHUTDOWN COMPLETE was lost.
  const bool farewell = shut_down_ && has_chunk(packet, chunk_type::shutdown_ack);
  if (phase_ == Phase::fresh || (phase_ == Phase::closed && !farewell)) {
    ++stats_.packets_late;
  } else if (!whole_chunks(packet)) {
    ++stats_.packets_malformed;
  } else if (!checksum_passes(packet)) {
    ++stats_.packets_bad_checksum;
  } else {
    if (phase_ == Phase::connecting) zero_checksum_.look_at_packet(packet);
    return true;
  }
  return false;
}

bool Association::State::checksum_passes(Bytes packet) {
  if (!zero_checksum_.excuses(packet)) return checksum_ok(packet);
  ++stats_.packets_received_zero_checksum;
  return true;
}

void Association::State::sign(std::span<std::byte> packet) {
  if (zero_checksum_.may_omit(packet)) {
    omit_checksum(packet);
    ++stats_.packets_sent_zero_checksum;
  } else {
    write_checksum(packet);
  }
}

// The lock is taken and usrsctp asked what came of it once for all, not for each packet.
void Association::State::take_accepted(TimePoint now) {
  if (accepted_.empty()) return;
  heard_ = heard_since_probe_ = true;
  linger_until_ = std::max(now, now_) + linger;
  std::span<const Bytes> rest = accepted_;
  while (!rest.empty()) {
    const auto skip = interleaving_ ? rest.end() : std::ranges::find_if(rest, [](Bytes packet) {
      return has_chunk(packet, chunk_type::forward_tsn);
    });
    const auto plain = rest.first(static_cast<std::size_t>(skip - rest.begin()));
    if (!plain.empty()) {
      use(now, [&] {
        for (const Bytes packet : plain) input(packet);
      });
    }
    rest = rest.subspan(plain.size());
    if (rest.empty()) break;
    take_forward_tsns(now, rest.front());
    rest = rest.subspan(1);
  }
  accepted_.clear();
}

// usrsctp looks at data after everything else, and the gate has to know of it first.
void Association::State::take_forward_tsns(TimePoint now, Bytes packet) {
  const auto others = without(packet, chunk_type::forward_tsn);
  if (others.size() > common_header_size) use(now, [&] { input(others); });
  const auto skip = with_only(packet, chunk_type::forward_tsn);
  if (gate_.may_pass(Bytes(skip).subspan(common_header_size))) use(now, [&] { socket_->input(skip); });
}

void Association::State::input(Bytes packet) {
  std::ranges::copy(packet.first(common_header_size), peer_header_.begin());
  socket_->input(requests_.receive(packet, renumbered_));
}

void Association::State::handle_timeout(TimePoint now) {
  if (phase_ == Phase::fresh || phase_ == Phase::closed) return;
  use(now, [] {});
}

std::optional<TimePoint> Association::State::next_timeout() const {
  if (!busy()) return std::nullopt;
  return TimePoint((now_.time_since_epoch() / tick + 1) * tick);
}

std::optional<PacketBuffer> Association::State::poll_packet() {
  auto packet = packets_.take();
  if (packet) {
    sign(packet->writable());
    ++stats_.packets_sent;
  }
  return packet;
}

std::optional<Event> Association::State::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// --- Sending ----------------------------------------------------------------

std::size_t Association::State::room() const {
  const std::size_t used = status_.queued_bytes + ledger_.overhead();
  return used < config_.send_buffer_bytes ? config_.send_buffer_bytes - used : 0;
}

Result<std::size_t> Association::State::send(TimePoint now, const Outgoing& outgoing) {
  if (phase_ != Phase::connected || status_.shutting_down) return Errc::not_connected;
  if (outgoing.payload.empty()) return Errc::empty;
  if (outgoing.stream >= status_.outgoing_streams) return ask_for(now, outgoing.stream);
  const bool continues = is_open(outgoing.stream);
  if (!interleaving_ && !outgoing_open_.empty() && !continues) return petrel::Errc::busy;

  std::size_t taken = 0;
  const std::size_t fits = std::min(room(), outgoing.payload.size());
  Outgoing checked = outgoing;
  if (!may_be_abandoned(outgoing, continues)) checked.delivery = {.ordered = outgoing.delivery.ordered};
  gives_up_ |= checked.delivery.max_retransmits || checked.delivery.max_lifetime;
  if (fits > 0 && !resetting_.contains(outgoing.stream) && (continues || may_begin(outgoing))) {
    linger_until_ = std::max(now, now_) + linger;
    use(now, [&] {
      taken = socket_->send(checked, outgoing.payload.first(fits)).value_or(0);
      if (taken > 0) ledger_.add(taken);
    });
  }
  if (taken < outgoing.payload.size()) {
    blocked_ = true;
    room_wanted_ = continues || taken > 0 ? 0 : room_to_begin(outgoing);
  }
  if (taken == outgoing.payload.size() && outgoing.last) {
    std::erase(outgoing_open_, outgoing.stream);
  } else if (taken > 0 && !continues) {
    outgoing_open_.push_back(outgoing.stream);
  }
  stats_.bytes_sent += taken;
  return taken;
}

// usrsctp 0.9.5 abandons a message by marking what it sent from one fragment on until one that ends a
// message. With I-DATA that may be another message's, which then never arrives, and the association
// stalls. Only a message of one fragment is safe from it.
bool Association::State::may_be_abandoned(const Outgoing& outgoing, bool continues) const {
  if (!interleaving_) return true;
  const std::size_t one_fragment = (config_.mtu_bytes - common_header_size - chunk_header) & ~std::size_t{3};
  return outgoing.last && !continues && outgoing.payload.size() <= std::min(one_fragment, room());
}

Result<std::size_t> Association::State::ask_for(TimePoint now, std::uint16_t stream) {
  if (add_refused_ || stream >= std::min(config_.max_streams, stream_limit)) return Errc::unknown_stream;
  streams_wanted_ = std::max<unsigned>(streams_wanted_, stream + 1u);
  use(now, [] {});
  if (phase_ != Phase::connected) return Errc::not_connected;
  if (add_refused_) return Errc::unknown_stream;
  return std::size_t{0};
}

void Association::State::ask_for_streams() {
  const std::uint16_t have = status_.outgoing_streams;
  if (phase_ != Phase::connected || !wants_streams()) return;
  if (adding_ || !resetting_.empty()) return;  // One request at a time, RFC 6525 5.1.1.
  if (!interleaving_ && status_.queued_bytes > 0) return;
  // As many more as there are, so that there are few questions.
  const unsigned wanted =
      std::min<unsigned>(std::max<unsigned>(2u * have, streams_wanted_), config_.max_streams);
  adding_ = socket_->add_outgoing(static_cast<std::uint16_t>(wanted - have));
  streams_before_ = have;
  stream_probe_at_ = now_;
  seconds_without_answer_ = 0;
  requests_.begin();
  if (!adding_) refuse_streams();
}

void Association::State::refuse_streams() {
  adding_ = false;
  add_refused_ = true;
  streams_wanted_ = 0;
  requests_.end();
  events_.push_back(Writable{});  // Whoever waits for a stream is to learn that there is none.
}

// usrsctp 0.9.5 forgets, when it makes room for streams, which one's message it is in the middle of, and goes
// on with another's: without I-DATA, whose fragments must follow one another, neither ever arrives. So
// streams are asked for when it has nothing left to cut, for which no message may begin.
//
// Nor may one begin, without I-DATA, that finds room for its beginning only: usrsctp takes the streams by
// turns, and when it has come to that message, all others wait for its end, which waits for them to make
// room. With half of the buffer free there is room for the rest of it as it leaves.
bool Association::State::may_begin(const Outgoing& outgoing) const {
  if (interleaving_) return true;
  if (!adding_ && wants_streams()) return false;
  return room() >= room_to_begin(outgoing);
}

std::size_t Association::State::room_to_begin(const Outgoing& outgoing) const {
  return interleaving_ ? 0 : std::min(outgoing.payload.size(), config_.send_buffer_bytes / 2);
}

std::size_t Association::State::unacknowledged() const {
  if (status_.queued_bytes == 0) return 0;
  const std::size_t headers = status_.queued_chunks * chunk_header;
  return status_.queued_bytes > headers ? status_.queued_bytes - headers : 1;
}

Result<void> Association::State::reset(TimePoint now, std::span<const std::uint16_t> streams) {
  if (phase_ != Phase::connected) return Errc::not_connected;
  std::vector<std::uint16_t> fresh;
  for (const std::uint16_t stream : streams) {
    if (stream >= status_.outgoing_streams) return Errc::unknown_stream;
    if (is_open(stream)) return petrel::Errc::busy;
    if (!resetting_.contains(stream)) fresh.push_back(stream);
  }
  if (fresh.empty()) return {};
  if (reset_next_.empty()) reset_asked_at_ = std::max(now, now_);
  resetting_.insert(fresh.begin(), fresh.end());
  reset_next_.insert(reset_next_.end(), fresh.begin(), fresh.end());
  use(now, [] {});
  return {};
}

void Association::State::shut_down(TimePoint now) {
  if (phase_ == Phase::closed || phase_ == Phase::shutting_down) return;
  if (phase_ != Phase::connected || !outgoing_open_.empty()) {
    abort(now);
    events_.push_back(Failed{make_error_code(Errc::aborted)});
    return;
  }
  phase_ = Phase::shutting_down;
  progress_at_ = std::max(now, now_);
  use(now, [&] { socket_->shut_down(); });
}

void Association::State::abort(TimePoint now) {
  if (phase_ == Phase::closed) return;
  use(now, [&] {
    socket_->abort();
    phase_ = Phase::closed;
  });
  events_.clear();
  inbox_.clear();
}

// --- Receiving --------------------------------------------------------------

std::optional<Incoming> Association::State::receive(TimePoint now) {
  if (inbox_.empty() || !std::holds_alternative<Incoming>(inbox_.front())) return std::nullopt;
  Incoming piece = std::move(std::get<Incoming>(inbox_.front()));
  inbox_.erase(inbox_.begin());
  follow_pieces(piece);
  stats_.bytes_received += piece.payload.size();
  use(now, [] {});  // The window may have opened, and the next one is fetched.
  return piece;
}

void Association::State::follow_pieces(const Incoming& piece) {
  const std::pair key(piece.stream, piece.unordered);
  const auto open = std::ranges::find(incoming_open_, key);
  if (piece.last && open != incoming_open_.end()) incoming_open_.erase(open);
  if (!piece.last && open == incoming_open_.end()) incoming_open_.push_back(key);
}

void Association::State::read_ahead() {
  while (inbox_.size() < read_ahead_items) {
    auto received = socket_->receive();
    if (auto* piece = std::get_if<Incoming>(&received)) {
      inbox_.emplace_back(std::move(*piece));
    } else if (auto* notification = std::get_if<Notification>(&received)) {
      inbox_.emplace_back(std::move(*notification));
    } else {
      return;
    }
  }
}

void Association::State::take_in() {
  while (events_.size() < max_queued_events) {
    read_ahead();
    if (inbox_.empty()) return;
    if (auto* piece = std::get_if<Incoming>(&inbox_.front())) {
      // usrsctp ends an abandoned message like any other, and says so right behind it.
      if (inbox_.size() < 2 || !piece->last || piece->abandoned) return;
      const auto* next = std::get_if<Notification>(&inbox_[1]);
      const auto* abandoned = next == nullptr ? nullptr : std::get_if<MessageAbandoned>(next);
      if (abandoned == nullptr || abandoned->stream != piece->stream) return;
      piece->abandoned = true;
      inbox_.erase(inbox_.begin() + 1);
      return;
    }
    const Notification notification = std::move(std::get<Notification>(inbox_.front()));
    inbox_.erase(inbox_.begin());
    // Nothing comes after the end, but what had arrived before.
    if (phase_ == Phase::closed && !std::holds_alternative<MessageAbandoned>(notification)) continue;
    std::visit([this](const auto& what) { handle(what); }, notification);
  }
}

// --- What usrsctp tells -----------------------------------------------------

void Association::State::handle(const CameUp& up) {
  if (phase_ != Phase::connecting) return;
  phase_ = Phase::connected;
  interleaving_ = up.interleaving;
  status_ = socket_->status();
  progress_at_ = now_;
  events_.push_back(Connected{status_.outgoing_streams, status_.incoming_streams, interleaving_});
}

// RFC 9260 5.2.4.1: the peer has forgotten everything and began anew. In WebRTC it would have begun with a
// new DTLS connection, and streams that start at zero again cannot be told from those before.
void Association::State::handle(const Restarted&) { fail(Errc::aborted); }
void Association::State::handle(const CouldNotStart&) { fail(Errc::aborted); }
void Association::State::handle(const WasLost&) { fail(Errc::aborted); }
void Association::State::handle(const WasShutDown&) { finish(PeerClosed{}); }

void Association::State::handle(const StreamsReset& reset) {
  std::vector<std::uint16_t> streams = reset.streams;
  if (reset.incoming) {
    if (!reset.refused) handle_incoming_reset(std::move(streams));
  } else {
    handle_outgoing_reset(std::move(streams), reset.refused);
  }
}

void Association::State::handle_incoming_reset(std::vector<std::uint16_t> streams) {
  const std::uint16_t count = socket_->status().incoming_streams;
  if (streams.empty()) {
    // RFC 6525 4.1: no list means all.
    for (std::uint16_t stream = 0; stream < count; ++stream) streams.push_back(stream);
  }
  std::erase_if(streams, [count](std::uint16_t stream) { return stream >= count; });
  if (!streams.empty()) events_.push_back(IncomingReset{std::move(streams)});
}

void Association::State::handle_outgoing_reset(std::vector<std::uint16_t> streams, bool refused) {
  if (streams.empty()) streams.assign(resetting_.begin(), resetting_.end());
  // The peer may have asked for it (RFC 6525 4.2): then nobody here waits for it.
  std::erase_if(streams, [this](std::uint16_t stream) { return resetting_.erase(stream) == 0; });
  progress_at_ = now_;
  if (streams.empty()) return;
  events_.push_back(
      OutgoingReset{std::move(streams), refused ? make_error_code(Errc::reset_refused) : std::error_code()});
}

void Association::State::handle(const StreamsChanged& changed) {
  status_ = socket_->status();
  if (!adding_) return;  // The peer's own streams.
  if (changed.refused) {
    refuse_streams();
  } else if (status_.outgoing_streams > streams_before_) {
    adding_ = false;
    requests_.end();
    events_.push_back(StreamsAdded{status_.outgoing_streams});
    if (!blocked_) events_.push_back(Writable{});
  }
}

void Association::State::handle(const MessageAbandoned& abandoned) {
  for (const bool unordered : {false, true}) {
    const std::pair key(abandoned.stream, unordered);
    if (std::ranges::find(incoming_open_, key) == incoming_open_.end()) continue;
    Incoming end;
    end.stream = abandoned.stream;
    end.unordered = unordered;
    end.abandoned = true;
    inbox_.emplace(inbox_.begin(), std::move(end));
    return;
  }
}

bool Association::State::busy() const {
  switch (phase_) {
    case Phase::connecting:
    case Phase::shutting_down:
      return true;
    case Phase::connected:
      return waits() || blocked_ || !status_.established || now_ < linger_until_;
    case Phase::fresh:
    case Phase::closed:
      break;
  }
  return false;
}

void Association::State::fail(Errc error) {
  if (phase_ != Phase::closed) socket_->abort_association();
  finish(Failed{make_error_code(error)});
}

void Association::State::finish(Event last) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  shut_down_ = std::holds_alternative<PeerClosed>(last);
  resetting_.clear();
  reset_next_.clear();
  adding_ = false;
  events_.push_back(std::move(last));
}

AssociationStats Association::State::stats() const {
  AssociationStats stats = stats_;
  stats.accepts_zero_checksum = zero_checksum_.offered();
  stats.peer_accepts_zero_checksum = zero_checksum_.peer_accepts();
  stats.congestion_window_bytes = status_.congestion_window;
  stats.peer_window_bytes = status_.peer_window;
  stats.smoothed_round_trip = std::chrono::milliseconds(status_.smoothed_rtt_ms);
  return stats;
}

}  // namespace petrel::inline v0::sctp
