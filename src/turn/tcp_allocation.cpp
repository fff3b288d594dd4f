#include "petrel/turn/tcp_allocation.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "turn/allocation_rules.hpp"
#include "turn/authentication.hpp"
#include "turn/client_state.hpp"
#include "turn/peer_stream.hpp"
#include "turn/report_text.hpp"
#include "turn/requests.hpp"
#include "turn/server_link.hpp"
#include "turn/standing_permissions.hpp"

namespace petrel::inline v0::turn {
namespace {

template <class Item>
std::optional<Item> take(std::deque<Item>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<Item> first(std::move(queue.front()));
  queue.pop_front();
  return first;
}

// "192.0.2.1:80" is the peer; whoever listens decides the port at our end.
Endpoint any_of(IpFamily family) { return {family == IpFamily::v4 ? IpAddress{} : IpAddress::v6({}), 0}; }

}  // namespace

Result<TcpAllocation> TcpAllocation::create(TimePoint now, ClientConfig config, RandomSource& random) {
  if (config.protocol != TransportProtocol::tcp && config.protocol != TransportProtocol::tls) {
    return petrel::Errc::invalid_argument;
  }
  return TcpAllocation(now, std::move(config), random);
}

TcpAllocation::TcpAllocation(TimePoint now, ClientConfig config, RandomSource& random)
    : now_(now),
      started_(now),
      next_flow_(config.flow.value + 1),
      state_(std::make_unique<ClientState>(ClientState{.config = std::move(config), .random = random})),
      authentication_(std::make_unique<Authentication>(state_->config.credentials)),
      permissions_(std::make_unique<StandingPermissions>()) {
  const ClientConfig& kept = state_->config;
  asked_for_.emplace_back(Connect{kept.flow, any_of(kept.server.address.family()), kept.server});
}

TcpAllocation::TcpAllocation(TcpAllocation&&) noexcept = default;
TcpAllocation::~TcpAllocation() = default;

const ClientConfig& TcpAllocation::config() const { return state_->config; }
const ClientStats& TcpAllocation::stats() const { return state_->stats; }
const ClientReport& TcpAllocation::report() const { return state_->report; }

void TcpAllocation::enter(Stage stage) {
  stage_ = stage;
  state_->report.stage = stage;
  if (live()) state_->report.reached = stage;
}

// Follows up on whatever has changed: at the end of every call that changes anything.
void TcpAllocation::settle() {
  if (live() && link_ && link_->failure()) lose(link_->failure()->error, 0, link_->failure()->detail);
  if (stage_ == Stage::handshake && link_ && link_->ready()) {
    enter(Stage::allocating);
    start({.kind = RequestKind::allocate,
           .lifetime = state_->config.lifetime,
           .relay_protocol = stun::relay_protocol::tcp});
  }
  while (stage_ == Stage::allocated) {
    const auto peer = permissions_->poll_due(now_);
    if (!peer) break;
    start({.kind = RequestKind::create_permission, .peer = {*peer, 0}});
  }
  forget_dropped();
}

void TcpAllocation::start(const Request& request) {
  if (const auto answer = requests_->start(now_, request)) handle_answer(*answer);
}

void TcpAllocation::lose(std::error_code error, int code, std::string_view link_detail) {
  if (!live()) return;
  ClientReport& report = state_->report;
  report.error = error;
  report.text = describe_loss(state_->config, report, code, now_ - started_, link_detail);
  // RFC 6062 5.5: the server ends what belongs to the allocation.
  for (const auto& stream : streams_) fail(*stream, error, code, report.text);
  end(Stage::lost);
  if (error != Errc::redirected) events_.emplace_back(Lost{error, report.text});
  state_->config.log.log(now_, LogLevel::info, "turn.lost", {{"reason", std::string_view(report.text)}});
}

void TcpAllocation::end(Stage stage) {
  enter(stage);
  relayed_.reset();
  if (requests_) requests_->clear();
  asked_for_.emplace_back(CloseFlow{state_->config.flow});
}

// ---- The control connection -------------------------------------------------------------

bool TcpAllocation::handle_datagram(TimePoint now, const Datagram& datagram) {
  now_ = std::max(now_, now);
  if (PeerStream* stream = find(datagram.flow)) {
    handle_stream_bytes(*stream, datagram.payload);
    settle();
    return true;
  }
  if (datagram.flow != state_->config.flow) return false;
  if (!live() || !link_) return true;
  link_->handle_bytes(now_, datagram.payload);
  while (live()) {
    const auto message = link_->next_message();
    if (!message) break;
    handle_message(*message);
  }
  settle();
  return true;
}

void TcpAllocation::handle_message(Bytes message) {
  const auto view = stun::MessageView::parse(message);
  if (!view) {
    ++state_->stats.malformed;
  } else if (view->message_class() == stun::Class::indication &&
             view->method() == stun::Method::connection_attempt) {
    handle_attempt(message);
  } else if (requests_->expects(*view)) {
    if (const auto answer = requests_->handle_response(now_, *view)) handle_answer(*answer);
  } else {
    ++state_->stats.unexpected;
  }
}

// RFC 6062 4.4.
void TcpAllocation::handle_attempt(Bytes message) {
  const auto view = stun::MessageView::parse(message);
  const auto peer = view->xor_peer_address();
  const auto id = view->connection_id();
  if (!peer || !id || !view->unknown_required().empty()) {
    ++state_->stats.malformed;
  } else if (stage_ != Stage::allocated || !permissions_->has(peer->address) ||
             streams_.size() >= max_streams) {
    ++state_->stats.unexpected;  // The server gives it up when nobody binds it.
  } else {
    open_flow(add(*peer, true), *id);
  }
}

void TcpAllocation::handle_answer(const Answer& answer) {
  switch (answer.request.kind) {
    case RequestKind::allocate:
      return handle_allocate_answer(answer);
    case RequestKind::refresh:
      if (answer.error == Errc::redirected) return handle_redirect(answer);
      if (answer.error) return lose(answer.error, answer.code);
      return schedule_refresh(std::chrono::seconds(answer.response->lifetime().value_or(0)));
    case RequestKind::create_permission: {
      const IpAddress& peer = answer.request.peer.address;
      if (ends_allocation(answer.error)) return lose(answer.error, answer.code);
      if (!answer.error) return permissions_->handle_granted(now_, peer);
      if (permissions_->has(peer)) events_.emplace_back(PermissionRefused{peer, answer.code});
      return permissions_->remove(peer);
    }
    case RequestKind::connect:
      return handle_connect_answer(answer);
    case RequestKind::channel_bind:
    case RequestKind::connection_bind:
      return;  // Not of this connection.
  }
}

void TcpAllocation::handle_allocate_answer(const Answer& answer) {
  if (answer.error == Errc::redirected) return handle_redirect(answer);
  if (answer.error) return lose(answer.error, answer.code);

  const stun::MessageView& response = *answer.response;
  const auto mapped = response.xor_mapped_address();
  const auto relayed = response.xor_relayed_address();
  const auto& wanted = state_->config.family;
  const bool right = relayed && relayed->port != 0 && (!wanted || relayed->address.family() == *wanted);
  if (!right || !mapped || response.lifetime().value_or(0) == 0) return lose(Errc::malformed_answer);
  relayed_ = *relayed;
  enter(Stage::allocated);
  schedule_refresh(std::chrono::seconds(*response.lifetime()));
  state_->config.log.log(now_, LogLevel::info, "turn.allocated",
                         {{"relayed", std::string_view(relayed_->to_string())}});
  events_.emplace_back(Allocated{{*relayed_}, *mapped, lifetime_});
}

void TcpAllocation::handle_redirect(const Answer& answer) {
  const auto alternate = answer.response->alternate_server();
  if (!alternate || !may_be_used(*alternate, state_->config.server)) {
    return lose(Errc::redirect_refused, answer.code);
  }
  const auto domain = answer.response->alternate_domain().value_or(std::string_view{});
  events_.emplace_back(Redirected{*alternate, std::string(domain)});
  lose(Errc::redirected, answer.code);
}

void TcpAllocation::schedule_refresh(Duration lifetime) {
  // A server that does not tell keeps what it granted before.
  if (lifetime > Duration{0}) lifetime_ = sane_lifetime(lifetime);
  refresh_at_ = now_ + refresh_delay(lifetime_);
}

// ---- Flows and time ---------------------------------------------------------------------

void TcpAllocation::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  now_ = std::max(now_, now);
  if (PeerStream* stream = find(flow)) {
    handle_stream_flow(*stream, change);
  } else if (flow == state_->config.flow && live()) {
    handle_control_flow(change);
  }
  settle();
}

void TcpAllocation::handle_control_flow(const FlowChange& change) {
  if (std::holds_alternative<FlowOpened>(change) && !link_) {
    link_ = std::make_unique<ServerLink>(now_, state_->config);
    requests_ = std::make_unique<Requests>(*state_, *authentication_, *link_);
  } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    lose(Errc::connection_closed, 0, failed->error.message());
  } else if (std::holds_alternative<FlowClosed>(change)) {
    lose(Errc::connection_closed, 0, "the server closed it");
  }
}

void TcpAllocation::handle_timeout(TimePoint now) {
  now_ = std::max(now_, now);
  if (!live()) return;
  if (link_) link_->handle_timeout(now_);
  while (live() && requests_) {
    const auto answer = requests_->handle_timeout(now_);
    if (!answer) break;
    handle_answer(*answer);
  }
  if (stage_ < Stage::allocated && now_ >= started_ + state_->config.setup_limit) {
    lose(requests_ && requests_->forged() ? Errc::unauthentic_answer : Errc::timed_out);
  }
  if (stage_ == Stage::allocated && refresh_at_ && now_ >= *refresh_at_) {
    refresh_at_.reset();
    start({.kind = RequestKind::refresh, .lifetime = state_->config.lifetime});
  }
  for (std::size_t i = 0; live() && i < streams_.size(); ++i) handle_stream_timeout(*streams_[i]);
  settle();
}

std::optional<TimePoint> TcpAllocation::next_timeout() const {
  if (!live()) return std::nullopt;
  std::optional<TimePoint> earliest = stream_timeout();
  const auto consider = [&](std::optional<TimePoint> due) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  };
  if (link_) consider(link_->next_timeout());
  if (requests_) consider(requests_->next_timeout());
  if (stage_ < Stage::allocated) consider(started_ + state_->config.setup_limit);
  if (stage_ == Stage::allocated) {
    consider(refresh_at_);
    consider(permissions_->next_timeout());
  }
  return earliest;
}

std::optional<IoRequest> TcpAllocation::poll_request() { return take(asked_for_); }

std::optional<Transmit> TcpAllocation::poll_transmit() {
  if (auto transmit = take(farewells_)) return transmit;
  if (link_) {
    if (auto transmit = link_->poll_transmit()) return transmit;
  }
  for (const auto& stream : streams_) {
    if (!stream->link) continue;
    auto transmit = stream->link->poll_transmit();
    if (!transmit) continue;
    if (stream->wants_writable && !stream->link->congested() && stream->link->unsent() == 0) {
      stream->wants_writable = false;
      events_.emplace_back(StreamWritable{stream->id});
    }
    return transmit;
  }
  return std::nullopt;
}

std::optional<TcpEvent> TcpAllocation::poll_event() { return take(events_); }

// ---- What the owner wants ---------------------------------------------------------------

Result<void> TcpAllocation::permit(TimePoint now, const IpAddress& peer) {
  now_ = std::max(now_, now);
  if (!live()) return petrel::Errc::closed;
  if (!permissions_->add(now_, peer, max_permissions)) return petrel::Errc::limit_reached;
  settle();
  return {};
}

void TcpAllocation::forbid(const IpAddress& peer) { permissions_->remove(peer); }

void TcpAllocation::set_credentials(TimePoint now, Credentials credentials) {
  now_ = std::max(now_, now);
  authentication_->set_credentials(std::move(credentials), stage_ == Stage::allocated);
}

void TcpAllocation::close(TimePoint now) {
  now_ = std::max(now_, now);
  if (!live()) return;
  while (!streams_.empty()) let_go(*streams_.back());
  // An Allocate that is under way may have been granted already.
  if (stage_ == Stage::allocated || (stage_ == Stage::allocating && state_->report.credentials_sent)) {
    requests_->send_once(now_, {.kind = RequestKind::refresh, .lifetime = Duration{0}});
  }
  if (link_) link_->close(now_);
  end(Stage::closed);
  events_.clear();
}

}  // namespace petrel::inline v0::turn
