#include "petrel/turn/client.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"
#include "turn/allocation_rules.hpp"
#include "turn/authentication.hpp"
#include "turn/client_state.hpp"
#include "turn/peer_table.hpp"
#include "turn/report_text.hpp"
#include "turn/requests.hpp"
#include "turn/send_indication.hpp"
#include "turn/server_link.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

// RFC 8445 11: what keeps the binding of a NAT alive is sent every 15 s.
constexpr Duration keepalive_interval = 15s;

constexpr std::size_t min_mtu = 576;  // What every IPv4 host takes (RFC 791 3.1).
constexpr std::size_t udp_header = 8;
constexpr std::size_t dtls_overhead = 37;  // Of tls::Connection::max_datagram_bytes.

std::size_t ip_header(IpFamily family) { return family == IpFamily::v4 ? 20 : 40; }

// Room for whatever is put around a payload, wherever it comes from.
bool has_room(const PacketBuffer& packet) {
  constexpr std::size_t whole = PacketBuffer::headroom + PacketBuffer::capacity + PacketBuffer::tailroom;
  const std::size_t room_in_front = whole - packet.max_size();
  return room_in_front >= send_indication_overhead(IpFamily::v6) && packet.max_size() >= packet.size() + 3;
}

}  // namespace

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::handshake:
      return "handshake";
    case Stage::allocating:
      return "allocating";
    case Stage::allocated:
      return "allocated";
    case Stage::lost:
      return "lost";
    case Stage::closed:
      return "closed";
  }
  return {};
}

Client::Client(TimePoint now, ClientConfig config, RandomSource& random)
    : now_(now),
      started_(now),
      state_(std::make_unique<ClientState>(ClientState{.config = std::move(config), .random = random})),
      authentication_(std::make_unique<Authentication>(state_->config.credentials)),
      link_(std::make_unique<ServerLink>(now, state_->config)),
      requests_(std::make_unique<Requests>(*state_, *authentication_, *link_)),
      peers_(std::make_unique<PeerTable>()) {
  settle();
}

Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

const ClientConfig& Client::config() const { return state_->config; }
const ClientStats& Client::stats() const { return state_->stats; }
const ClientReport& Client::report() const { return state_->report; }

void Client::enter(Stage stage) {
  stage_ = stage;
  state_->report.stage = stage;
  if (live()) state_->report.reached = stage;
}

// Follows up on whatever has changed: at the end of every call that changes anything.
void Client::settle() {
  if (live() && link_->failure()) lose(link_->failure()->error, 0, link_->failure()->detail);
  if (stage_ == Stage::handshake && link_->ready()) {
    enter(Stage::allocating);
    start({.kind = RequestKind::allocate, .lifetime = state_->config.lifetime});
  }
  while (stage_ == Stage::allocated) {
    const auto request = peers_->poll_request(now_);
    if (!request) break;
    start(*request);
  }
}

void Client::start(const Request& request) {
  if (const auto answer = requests_->start(now_, request)) handle_answer(*answer);
}

void Client::lose(std::error_code error, int code, std::string_view link_detail) {
  if (!live()) return;
  ClientReport& report = state_->report;
  report.error = error;
  report.text = describe_loss(state_->config, report, code, now_ - started_, link_detail);
  enter(Stage::lost);
  relayed_.clear();
  requests_->clear();
  *peers_ = PeerTable();
  link_->discard_output();
  if (error != Errc::redirected) state_->events.push(Lost{error, report.text});
  state_->config.log.log(now_, LogLevel::info, "turn.lost", {{"reason", std::string_view(report.text)}});
}

bool Client::handle_datagram(TimePoint now, const Datagram& datagram) {
  if (datagram.flow != state_->config.flow) return false;
  if (link_->is_datagram() && datagram.source != state_->config.server) return false;
  now_ = std::max(now_, now);
  if (!live() && state_->config.protocol != TransportProtocol::udp) return true;

  link_->handle_bytes(now_, datagram.payload);
  bool ours = false;
  while (const auto message = link_->next_message()) {
    ours = handle_message(*message);
    // Only a UDP socket is shared, and somebody else may know what to do.
    if (!ours && state_->config.protocol != TransportProtocol::udp) ++state_->stats.unexpected;
  }
  settle();
  return ours || state_->config.protocol != TransportProtocol::udp;
}

bool Client::handle_message(Bytes message) {
  if (begins_channel_data(message.front())) {
    handle_channel_data(message);
    return true;
  }
  return handle_stun(message);
}

void Client::handle_channel_data(Bytes message) {
  const auto view = ChannelDataView::parse(message);
  if (!view) {
    ++state_->stats.malformed;
    return;
  }
  // A channel that is just being bound counts: its answer may have been overtaken.
  const Channel* channel = stage_ == Stage::allocated ? peers_->find_channel(view->channel) : nullptr;
  if (channel == nullptr) {
    ++state_->stats.unexpected;  // RFC 8656 12.6
    return;
  }
  peers_->use_channel(now_, channel->peer, false);
  deliver(channel->peer, view->payload);
}

bool Client::handle_stun(Bytes message) {
  const auto view = stun::MessageView::parse(message);
  if (!view) return false;
  switch (view->message_class()) {
    case stun::Class::request:
      return false;
    case stun::Class::indication: {
      if (view->method() != stun::Method::data) return false;
      const auto peer = view->xor_peer_address();
      const auto payload = view->data();
      if (!view->unknown_required().empty() || !peer || (!payload && !view->icmp())) {
        ++state_->stats.malformed;
      } else if (stage_ != Stage::allocated || peers_->find_permission(peer->address) == nullptr) {
        ++state_->stats.unexpected;  // RFC 8656 11.4: not from whom we asked for.
      } else if (payload) {
        deliver(*peer, *payload);
      }
      return true;
    }
    case stun::Class::success_response:
    case stun::Class::error_response:
      if (requests_->expects(*view)) {
        if (const auto answer = requests_->handle_response(now_, *view)) handle_answer(*answer);
        return true;
      }
      if (view->method() == stun::Method::binding) return false;
      ++state_->stats.unexpected;  // A second answer to one request, or a late one.
      return true;
  }
  return false;
}

void Client::deliver(const Endpoint& peer, Bytes payload) {
  const Endpoint* relayed = relayed_for(peer.address.family());
  if (relayed == nullptr) {
    ++state_->stats.unexpected;
    return;
  }
  peers_->use_permission(now_, peer.address);
  if (state_->events.size() >= max_unread_packets) {
    ++state_->stats.unread_dropped;
    return;
  }
  auto packet = PacketBuffer::copy_of(payload);
  if (!packet) {
    ++state_->stats.too_long_dropped;
    return;
  }
  ++state_->stats.packets_received;
  state_->stats.bytes_received += payload.size();
  state_->events.push(Received{*relayed, peer, *std::move(packet)});
}

void Client::handle_answer(const Answer& answer) {
  switch (answer.request.kind) {
    case RequestKind::allocate:
      return handle_allocate_answer(answer);
    case RequestKind::refresh:
      if (answer.error == Errc::redirected) return handle_redirect(answer);
      if (answer.error) return lose(answer.error, answer.code);
      return schedule_refresh(std::chrono::seconds(answer.response->lifetime().value_or(0)));
    case RequestKind::create_permission:
    case RequestKind::channel_bind:
      return handle_peer_answer(answer);
    case RequestKind::connect:
    case RequestKind::connection_bind:
      return;  // Of TCP allocations only.
  }
}

void Client::handle_allocate_answer(const Answer& answer) {
  if (answer.error == Errc::redirected) return handle_redirect(answer);
  if (answer.error) {
    lose(answer.error, answer.code);
    // An allocation that this very 5-tuple made, and that we had given up: whoever asks again may have a new
    // one.
    if (answer.error == Errc::allocation_mismatch)
      requests_->send_once(now_, {.kind = RequestKind::refresh, .lifetime = Duration{0}});
    return;
  }

  const stun::MessageView& response = *answer.response;
  const auto mapped = response.xor_mapped_address();
  for (std::size_t i = 0; i < 2; ++i) {
    const auto relayed = response.xor_relayed_address(i);
    if (!relayed || relayed->port == 0 || relayed_for(relayed->address.family()) != nullptr) continue;
    relayed_.push_back(*relayed);
  }
  // RFC 8656 7.3: what the server must tell, and of the family that was asked for.
  const auto& wanted = state_->config.family;
  const bool wrong_family = wanted && !state_->config.both_families && relayed_for(*wanted) == nullptr;
  if (relayed_.empty() || wrong_family || !mapped || response.lifetime().value_or(0) == 0) {
    return lose(Errc::malformed_answer);
  }
  enter(Stage::allocated);
  schedule_refresh(std::chrono::seconds(*response.lifetime()));
  state_->config.log.log(now_, LogLevel::info, "turn.allocated",
                         {{"relayed", std::string_view(relayed_.front().to_string())}});
  state_->events.push(Allocated{relayed_, *mapped, lifetime_});
}

void Client::handle_redirect(const Answer& answer) {
  const auto alternate = answer.response->alternate_server();
  if (!alternate || !may_be_used(*alternate, state_->config.server)) {
    return lose(Errc::redirect_refused, answer.code);
  }
  const auto domain = answer.response->alternate_domain().value_or(std::string_view{});
  state_->events.push(Redirected{*alternate, std::string(domain)});
  lose(Errc::redirected, answer.code);
}

void Client::handle_peer_answer(const Answer& answer) {
  if (ends_allocation(answer.error)) return lose(answer.error, answer.code);

  auto waiting = peers_->handle_answer(now_, answer.request, !answer.error);
  if (answer.error) {
    state_->stats.waiting_dropped += waiting.size();
    // A peer without a channel is served by Send indications.
    if (answer.request.kind == RequestKind::channel_bind) return;
    if (state_->events.size() < 2 * max_unread_packets) {
      state_->events.push(PermissionRefused{answer.request.peer.address, answer.code});
    }
    return;
  }
  for (WaitingPacket& packet : waiting) relay(packet.peer, std::move(packet.payload));
}

void Client::schedule_refresh(Duration lifetime) {
  // A server that does not tell keeps what it granted before.
  if (lifetime > Duration{0}) lifetime_ = sane_lifetime(lifetime);
  refresh_at_ = now_ + refresh_delay(lifetime_);
}

void Client::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  if (flow != state_->config.flow) return;
  now_ = std::max(now_, now);
  if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    lose(Errc::connection_closed, 0, failed->error.message());
  } else if (std::holds_alternative<FlowClosed>(change)) {
    lose(Errc::connection_closed, 0, "the server closed it");
  } else if (std::holds_alternative<FlowCongested>(change)) {
    link_->set_congested(true);
  } else if (std::holds_alternative<FlowWritable>(change)) {
    link_->set_congested(false);
  }
}

void Client::handle_timeout(TimePoint now) {
  now_ = std::max(now_, now);
  if (!live()) return;
  link_->handle_timeout(now_);
  while (const auto message = link_->next_message()) handle_message(*message);
  while (live()) {
    const auto answer = requests_->handle_timeout(now_);
    if (!answer) break;
    handle_answer(*answer);
  }
  if (stage_ < Stage::allocated && now_ >= started_ + state_->config.setup_limit) {
    lose(requests_->forged() ? Errc::unauthentic_answer : Errc::timed_out);
  }
  if (stage_ == Stage::allocated) {
    if (refresh_at_ && now_ >= *refresh_at_) {
      refresh_at_.reset();
      start({.kind = RequestKind::refresh, .lifetime = state_->config.lifetime});
    }
    peers_->handle_timeout(now_);
    keep_alive();
  }
  settle();
}

std::optional<TimePoint> Client::keepalive_due() const {
  if (stage_ != Stage::allocated || !link_->is_datagram()) return std::nullopt;
  return link_->last_sent() + keepalive_interval;
}

void Client::keep_alive() {
  const auto due = keepalive_due();
  if (!due || now_ < *due) return;
  stun::Builder indication(stun::Class::indication, stun::Method::binding,
                           state_->random.bytes<stun::TransactionId{}.size()>());
  auto packet = indication.finish({.fingerprint = false});
  if (packet) link_->send(now_, *std::move(packet));
}

std::optional<TimePoint> Client::next_timeout() const {
  if (!live()) return std::nullopt;
  std::optional<TimePoint> earliest;
  const auto consider = [&](std::optional<TimePoint> due) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  };
  consider(link_->next_timeout());
  consider(requests_->next_timeout());
  if (stage_ < Stage::allocated) consider(started_ + state_->config.setup_limit);
  if (stage_ == Stage::allocated) {
    consider(refresh_at_);
    consider(peers_->next_timeout());
    consider(keepalive_due());
  }
  return earliest;
}

std::optional<Transmit> Client::poll_transmit() { return link_->poll_transmit(); }

std::optional<ClientEvent> Client::poll_event() { return state_->events.pop(); }

const Endpoint* Client::relayed_for(IpFamily family) const {
  const auto found =
      std::ranges::find_if(relayed_, [&](const Endpoint& e) { return e.address.family() == family; });
  return found == relayed_.end() ? nullptr : &*found;
}

std::size_t Client::max_payload(IpFamily peer) const {
  const std::size_t overhead = send_indication_overhead(peer);
  std::size_t room = PacketBuffer::capacity + overhead;  // On streams nothing else limits.
  if (link_->is_datagram()) {
    const std::size_t mtu = std::clamp(state_->config.mtu_bytes, min_mtu, PacketBuffer::capacity);
    room = mtu - ip_header(state_->config.server.address.family()) - udp_header;
    if (state_->config.protocol == TransportProtocol::dtls) {
      room = std::min(room - dtls_overhead, tls::Connection::max_datagram_bytes);
    }
  }
  return (room - overhead) & ~std::size_t{3};  // Its padding fits as well.
}

void Client::permit(TimePoint now, const IpAddress& peer) {
  now_ = std::max(now_, now);
  if (!live() || (stage_ == Stage::allocated && relayed_for(peer.family()) == nullptr)) return;
  peers_->use_permission(now_, peer);
  settle();
}

Result<void> Client::send(TimePoint now, const Endpoint& peer, PacketBuffer payload) {
  now_ = std::max(now_, now);
  ClientStats& stats = state_->stats;
  if (!live()) return petrel::Errc::closed;
  if (peer.port == 0) return petrel::Errc::invalid_argument;
  if (payload.size() > max_payload(peer.address.family())) {
    ++stats.too_long_dropped;
    return petrel::Errc::too_long;
  }
  Permission* permission = nullptr;
  if (stage_ < Stage::allocated || relayed_for(peer.address.family()) != nullptr) {
    permission = peers_->use_permission(now_, peer.address);
  } else {
    ++stats.refused_dropped;
    return Errc::family_mismatch;
  }
  if (permission == nullptr) {
    ++stats.refused_dropped;
    return petrel::Errc::limit_reached;
  }
  if (permission->state == Permission::State::refused) {
    ++stats.refused_dropped;
    return Errc::permission_refused;
  }
  if (link_->congested()) {
    ++stats.congested_dropped;
    return Errc::congested;
  }
  if (PeerTable::is_granted(*permission, now_)) {
    relay(peer, std::move(payload));
  } else {
    if (permission->waiting.size() == max_waiting_packets) {
      permission->waiting.erase(permission->waiting.begin());
      ++stats.waiting_dropped;
    }
    permission->waiting.push_back({peer, std::move(payload)});
  }
  settle();
  return {};
}

void Client::relay(const Endpoint& peer, PacketBuffer payload) {
  ClientStats& stats = state_->stats;
  const std::size_t size = payload.size();
  if (!has_room(payload)) payload = *PacketBuffer::copy_of(payload.bytes());

  // A check of ICE is no reason for a channel: most of them go to pairs that are never used.
  const bool makes_channel = state_->config.use_channels && !stun::looks_like_stun(payload.bytes());
  const Channel* channel = peers_->use_channel(now_, peer, makes_channel);
  const bool bound = channel != nullptr && PeerTable::is_bound(*channel, now_);
  if (bound) {
    prepend_channel_data(payload, channel->number, !link_->is_datagram());
  } else {
    prepend_send_indication(payload, peer, state_->random.bytes<stun::TransactionId{}.size()>());
  }
  if (!link_->send(now_, std::move(payload))) {
    ++stats.unsent_dropped;
    return;
  }
  ++stats.packets_sent;
  stats.bytes_sent += size;
  if (bound) ++stats.packets_in_channels;
}

void Client::set_credentials(TimePoint now, Credentials credentials) {
  now_ = std::max(now_, now);
  authentication_->set_credentials(std::move(credentials), stage_ == Stage::allocated);
}

void Client::verify(TimePoint now) {
  now_ = std::max(now_, now);
  if (stage_ != Stage::allocated || requests_->hurry(now_, RequestKind::refresh)) return;
  refresh_at_.reset();
  start({.kind = RequestKind::refresh, .lifetime = state_->config.lifetime, .urgent = true});
  settle();
}

void Client::close(TimePoint now) {
  now_ = std::max(now_, now);
  if (!live()) return;
  // An Allocate that is under way may have been granted already.
  if (stage_ == Stage::allocated || (stage_ == Stage::allocating && state_->report.credentials_sent)) {
    requests_->send_once(now_, {.kind = RequestKind::refresh, .lifetime = Duration{0}});
  }
  link_->close(now_);
  requests_->clear();
  *peers_ = PeerTable();
  relayed_.clear();
  state_->events.clear();
  enter(Stage::closed);
}

}  // namespace petrel::inline v0::turn
