#include "petrel/ice/agent.hpp"

#include <algorithm>
#include <utility>

#include "ice/gatherer.hpp"
#include "ice/local_names.hpp"
#include "ice/role.hpp"
#include "ice/stream.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

template <class Queue>
std::optional<typename Queue::value_type> take(Queue& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional item(std::move(queue.front()));
  queue.pop_front();
  return item;
}

// RFC 7983 7: 0 to 3 is STUN, whatever else is wrong with it.
bool is_stun(Bytes payload) { return !payload.empty() && std::to_integer<int>(payload.front()) <= 3; }

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::new_:
      return "new";
    case State::checking:
      return "checking";
    case State::connected:
      return "connected";
    case State::completed:
      return "completed";
    case State::disconnected:
      return "disconnected";
    case State::failed:
      return "failed";
    case State::closed:
      return "closed";
  }
  return "";
}

Agent::Agent(TimePoint now, AgentConfig config, RandomSource& random)
    : now_(now), next_urgent_(now), next_ordinary_(now) {
  config.ta = std::max(config.ta, min_ta);
  if (config.lite) config.role = Role::controlled;
  // A range that is none is no reason to have no sockets at all.
  for (std::optional<PortRange>* range : {&config.ports, &config.tcp_ports}) {
    if (*range && ((*range)->first == 0 || (*range)->last < (*range)->first)) range->reset();
  }
  shared_ = std::make_unique<Shared>(std::move(config), random);
  shared_->now = now;
  names_ = std::make_unique<LocalNames>(*shared_);
  shared_->names = names_.get();
  gatherer_ = std::make_unique<Gatherer>(*shared_);
}

Agent::~Agent() = default;

// Time that goes back stands still.
TimePoint Agent::advance(TimePoint now) {
  now_ = std::max(now_, now);
  shared_->now = now_;
  return now_;
}

StreamId Agent::add_stream(TimePoint now) {
  advance(now);
  const StreamId id{++last_stream_};
  if (closed_) return id;
  streams_.push_back(std::make_unique<Stream>(id, *shared_));
  for (const LocalCandidate& local : gatherer_->candidates()) {
    if (local.usable) streams_.back()->add_local_candidate(local);
  }
  settle();
  return id;
}

void Agent::remove_stream(TimePoint now, StreamId id) {
  advance(now);
  std::erase_if(streams_, [&](const auto& stream) { return stream->id() == id; });
  settle();
}

const Credentials& Agent::local_credentials(StreamId id) const {
  static const Credentials none;
  const Stream* stream = find(id);
  return stream != nullptr ? stream->local_credentials() : none;
}

std::span<const Candidate> Agent::local_candidates(StreamId id) const {
  const Stream* stream = find(id);
  return stream != nullptr ? stream->local_candidates() : std::span<const Candidate>{};
}

const Credentials& Agent::restart_credentials(StreamId id) {
  static const Credentials none;
  Stream* stream = find(id);
  if (stream == nullptr) return none;
  const Credentials& credentials = stream->restart_credentials();
  name_ufrags();  // The peer may use them as soon as it has the offer.
  return credentials;
}

void Agent::restart(TimePoint now, StreamId id) {
  now = advance(now);
  Stream* stream = find(id);
  if (closed_ || stream == nullptr) return;
  stream->restart(now);
  for (const LocalCandidate& local : gatherer_->candidates()) {
    if (local.usable) stream->add_local_candidate(local);
  }
  settle();
}

bool Agent::cancel_restart(TimePoint now, StreamId id) {
  now = advance(now);
  Stream* stream = find(id);
  if (closed_ || stream == nullptr) return false;
  const bool cancelled = stream->cancel_restart(now);
  settle();
  return cancelled;
}

Role Agent::role() const { return shared_->role; }

void Agent::set_role(TimePoint now, Role role) {
  advance(now);
  shared_->role = shared_->config.lite ? Role::controlled : role;
  settle();
}

void Agent::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  now = advance(now);
  if (closed_) return;
  names_->handle_interfaces(addresses);
  gatherer_->handle_interfaces(now, addresses);
  settle();
}

void Agent::gather(TimePoint now) {
  now = advance(now);
  if (closed_) return;
  gatherer_->gather(now);
  settle();
}

Result<void> Agent::set_remote_credentials(TimePoint now, StreamId id, Credentials credentials,
                                           bool remote_is_lite) {
  now = advance(now);
  Stream* stream = find(id);
  if (stream == nullptr) return Errc::unknown_stream;
  Result<void> result = stream->set_remote_credentials(now, std::move(credentials), remote_is_lite);
  settle();
  return result;
}

Result<void> Agent::add_remote_candidate(TimePoint now, StreamId id, const Candidate& candidate) {
  advance(now);
  Stream* stream = find(id);
  if (stream == nullptr) return Errc::unknown_stream;
  Result<void> result = stream->add_remote_candidate(candidate);
  settle();
  return result;
}

void Agent::end_of_remote_candidates(TimePoint now, StreamId id) {
  advance(now);
  if (Stream* stream = find(id)) stream->end_of_remote_candidates();
  settle();
}

void Agent::set_remote_renomination(TimePoint now, StreamId id, bool understood) {
  advance(now);
  if (Stream* stream = find(id)) stream->set_remote_renomination(understood);
  settle();
}

bool Agent::handle_datagram(TimePoint now, const Datagram& datagram) {
  advance(now);
  if (!closed_ && names_->handle_datagram(datagram)) {
    settle();
    return true;
  }
  if (!closed_ && gatherer_->handle_relayed(datagram)) {
    while (auto packet = gatherer_->poll_relayed()) {
      const Datagram relayed{packet->flow, packet->source, packet->destination, packet->payload.bytes()};
      if (!handle_stun(relayed)) keep_inner(*std::move(packet));
    }
    settle();
    return true;
  }
  if (!closed_ && gatherer_->connections().handle_bytes(datagram)) {
    while (const auto frame = gatherer_->connections().poll_frame()) handle_frame(*frame);
    settle();
    return true;
  }
  if (!handle_stun(datagram)) return false;
  settle();
  return true;
}

std::optional<RelayedPacket> Agent::poll_relayed() { return take(relayed_); }

void Agent::keep_inner(RelayedPacket packet) {
  if (relayed_.size() >= max_relayed_packets) {
    ++shared_->stats.relayed_dropped;
  } else {
    relayed_.push_back(std::move(packet));
  }
}

// A packet of a TCP connection. Who has connected to us may be anybody, until a check shows the password.
void Agent::handle_frame(const Datagram& frame) {
  Connections& connections = gatherer_->connections();
  const bool proven = connections.is_proven(frame.flow, frame.source);
  if (!proven && !stun::MessageView::parse(frame.payload))
    return connections.reject(frame.flow, frame.source);
  if (handle_stun(frame)) {
    if (!proven && stream_of(frame.flow, frame.source)) connections.prove(frame.flow, frame.source);
    return;
  }
  auto payload = PacketBuffer::copy_of(frame.payload);
  if (payload) keep_inner({frame.flow, frame.source, frame.destination, *std::move(payload)});
}

// False: it is none.
bool Agent::handle_stun(const Datagram& datagram) {
  if (!is_stun(datagram.payload)) return false;
  if (closed_) return true;
  const auto message = stun::MessageView::parse(datagram.payload);
  // RFC 8445 7.1: ICE messages carry a FINGERPRINT. STUN servers' answers need not.
  if (!message || (message->has_fingerprint() && !message->fingerprint_ok())) {
    ++shared_->stats.malformed_dropped;
    return true;
  }
  // There is no way to answer on a flow that is gone.
  if (!gatherer_->has_open(datagram.flow)) return true;
  switch (message->message_class()) {
    case stun::Class::request:
      handle_request(now_, datagram, *message);
      break;
    case stun::Class::success_response:
    case stun::Class::error_response:
      handle_response(now_, datagram, *message);
      break;
    case stun::Class::indication:  // RFC 8445 11: a keepalive, by nature without an answer.
      break;
  }
  return true;
}

void Agent::handle_request(TimePoint now, const Datagram& datagram, const stun::MessageView& request) {
  const std::string_view ufrag = receiver_ufrag(request);
  if (request.method() != stun::Method::binding || ufrag.empty() || !request.has_integrity()) {
    ++shared_->stats.bad_requests;
    return shared_->refuse(datagram, request, {stun::error_code::bad_request, "Bad Request"});
  }
  for (const auto& stream : streams_) {
    if (stream->handle_request(now, ufrag, datagram, request)) return;
  }
  ++shared_->stats.unknown_ufrag_dropped;
}

void Agent::handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response) {
  for (const auto& stream : streams_) {
    if (stream->handle_response(now, datagram, response)) return;
  }
  if (!gatherer_->handle_response(now, datagram)) ++shared_->stats.unmatched_responses;
}

void Agent::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  advance(now);
  if (closed_) return;
  names_->handle_flow(flow, change);
  gatherer_->handle_flow(flow, change);
  if (std::holds_alternative<FlowFailed>(change) || std::holds_alternative<FlowClosed>(change)) {
    shared_->transmits.remove_if([&](const Transmit& transmit) { return transmit.flow == flow; });
  }
  settle();
}

void Agent::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  advance(now);
  if (closed_) return;
  gatherer_->handle_resolved(id, addresses);
  settle();
}

void Agent::handle_timeout(TimePoint now) {
  now = advance(now);
  if (closed_) return;
  names_->handle_timeout();
  gatherer_->handle_timeout(now);
  for (const auto& stream : streams_) stream->handle_timeout(now);
  settle();
}

// Passes on what the parts have to say to each other, and starts what may start.
void Agent::settle() {
  if (closed_) return;
  while (const LocalCandidate* local = gatherer_->poll_candidate()) {
    if (!local->usable) continue;
    for (const auto& stream : streams_) stream->add_local_candidate(*local);
  }
  while (auto found = names_->poll_found()) {
    if (Stream* stream = find(found->stream)) (void)stream->add_remote_candidate(found->candidate);
  }
  for (const FlowId flow : std::exchange(shared_->failed_flows, {})) {
    for (const auto& stream : streams_) stream->fail_flow(flow);
  }
  tell_of_connections();
  const auto works = [](const auto& stream) {
    return stream->state() == State::connected || stream->state() == State::completed;
  };
  if (!streams_.empty() && std::ranges::all_of(streams_, works)) gatherer_->forgo_relays();
  gatherer_->keep_mappings(std::ranges::any_of(streams_, [](const auto& stream) {
    return stream->state() == State::new_ || stream->state() == State::checking;
  }));
  if (gatherer_->poll_done()) shared_->emit(GatheringDone{});

  for (const std::string& foundation : std::exchange(shared_->proven_foundations, {})) {
    for (const auto& stream : streams_) stream->unfreeze(foundation);
  }
  for (const auto& stream : streams_) stream->settle(now_);
  // A stream whose pair has gone quiet may have given up a connection.
  if (tell_of_connections()) {
    for (const auto& stream : streams_) stream->settle(now_);
  }
  start_transactions();
  name_ufrags();
}

void Agent::name_ufrags() {
  if (closed_ || !shared_->shares_port) return;
  ufrags_.clear();
  for (const auto& stream : streams_) stream->add_ufrags(ufrags_);
  if (ufrags_ == named_ufrags_) return;
  named_ufrags_ = ufrags_;
  shared_->requests.push_back(NameUfrags{ufrags_});
}

bool Agent::tell_of_connections() {
  for (const ConnectionKey& opened : std::exchange(shared_->opened_connections, {})) {
    for (const auto& stream : streams_) stream->handle_connection(now_, opened);
  }
  const auto ended = std::exchange(shared_->ended_connections, {});
  for (const ConnectionEnded& each : ended) {
    for (const auto& stream : streams_) stream->fail_connection(each);
  }
  return !ended.empty();
}

std::optional<TimePoint> Agent::next_timeout() const {
  if (closed_) return std::nullopt;
  std::optional<TimePoint> next = earlier(gatherer_->next_timeout(), next_transaction());
  next = earlier(next, names_->next_timeout());
  for (const auto& stream : streams_) next = earlier(next, stream->next_timeout());
  if (next) next = std::max(*next, now_);
  return next;
}

std::optional<Transmit> Agent::poll_transmit() { return shared_->transmits.take(); }
std::optional<IoRequest> Agent::poll_request() {
  // What closing has to say to TURN servers leaves by the flows that the requests close.
  if (closed_ && !shared_->transmits.empty()) return std::nullopt;
  return take(shared_->requests);
}
std::optional<Event> Agent::poll_event() { return take(shared_->events); }

bool Agent::send(TimePoint now, StreamId id, PacketBuffer payload, std::uint8_t dscp) {
  advance(now);
  Stream* stream = find(id);
  if (stream == nullptr) {
    ++shared_->stats.sends_without_pair;
    return false;
  }
  return stream->send(std::move(payload), dscp);
}

void Agent::withdraw_consent(TimePoint now, StreamId id) {
  advance(now);
  if (Stream* stream = find(id)) stream->withdraw_consent();
  settle();
}

bool Agent::is_heard(StreamId id) const {
  const Stream* stream = find(id);
  return stream != nullptr && stream->is_heard();
}

std::optional<StreamId> Agent::stream_of(FlowId flow, const Endpoint& source) const {
  for (const auto& stream : streams_) {
    if (stream->has_proven(flow, source)) return stream->id();
  }
  return std::nullopt;
}

State Agent::state(StreamId id) const {
  const Stream* stream = find(id);
  return stream != nullptr ? stream->state() : State::closed;
}

std::optional<SelectedPair> Agent::selected(StreamId id) const {
  const Stream* stream = find(id);
  return stream != nullptr ? stream->selected() : std::nullopt;
}

const AgentStats& Agent::stats() const { return shared_->stats; }

std::span<const ServerReport> Agent::servers() const { return shared_->server_reports; }

void Agent::set_turn_credentials(TimePoint now, const TurnServer& server) {
  advance(now);
  if (closed_) return;
  gatherer_->set_turn_credentials(server);
  settle();
}

void Agent::set_servers(TimePoint now, std::vector<StunServer> stun, std::vector<TurnServer> turn) {
  advance(now);
  if (closed_) return;
  gatherer_->set_servers(std::move(stun), std::move(turn));
  settle();
}

StreamReport Agent::report(StreamId id) const {
  const Stream* stream = find(id);
  return stream != nullptr ? stream->report() : StreamReport{};
}

void Agent::close(TimePoint now) {
  now = advance(now);
  if (std::exchange(closed_, true)) return;
  shared_->transmits.clear();
  shared_->requests.clear();
  shared_->events.clear();
  relayed_.clear();
  for (const auto& stream : streams_) stream->close(now);
  names_->close();
  gatherer_->close();
}

Stream* Agent::find(StreamId id) const {
  const auto it = std::ranges::find(streams_, id, [](const auto& stream) { return stream->id(); });
  return it == streams_.end() ? nullptr : it->get();
}

}  // namespace petrel::inline v0::ice
