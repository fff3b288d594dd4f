#include "io/whip_call.hpp"

#include <algorithm>
#include <system_error>
#include <utility>
#include <variant>

#include "petrel/base/errc.hpp"
#include "petrel/peer/ice_server.hpp"
#include "petrel/whip/errc.hpp"

namespace petrel::inline v0::detail {
namespace {

// Events that wait for next_event(). Whoever does not read them loses the oldest.
constexpr std::size_t max_events = 64;

std::string or_message(std::string detail, std::error_code error) {
  return detail.empty() ? error.message() : std::move(detail);
}

}  // namespace

WhipCallState::WhipCallState(io::Network& network, whip::SessionConfig config, whip::Call::Prepare prepare,
                             whip::CallOptions options)
    : network_(&network),
      prepare_(std::move(prepare)),
      options_(std::move(options)),
      client_(
          whip::Client::create(network.now(), {std::move(config), options_.tls}, network.random()).value()),
      events_(network.executor(), max_events) {}

void WhipCallState::attach() {
  id_ = network_->attach(*this);
  settle();
}

void WhipCallState::close() {
  if (network_ == nullptr) return;
  const auto self = shared_from_this();
  if (over_) {
    tell(whip::Closed{});  // What has failed has nothing to end.
  } else {
    client_.close(
        network_->now());  // The peer goes when the server knows: its goodbye would overtake DELETE.
  }
  settle();
}

void WhipCallState::let_go() {
  if (network_ == nullptr) return;
  drop_peer();
  network_->detach(id_);
  network_ = nullptr;
  events_.let_go();
}

void WhipCallState::on_network_gone() {
  const auto self = shared_from_this();
  peer_.reset();
  network_ = nullptr;
  events_.let_go();
}

// ---- Peers.

void WhipCallState::handle(const whip::OfferWanted& event) {
  drop_peer();
  PeerConfig config = options_.peer;
  config.ice_servers = ice_servers();
  config.name += (config.name.empty() ? "whip-" : "-") + std::to_string(++peers_);
  try {
    peer_.emplace(*network_, std::move(config));
  } catch (const std::system_error& error) {
    return fail(error.code(), "no connection can be made: " + error.code().message());
  }
  listen(*peer_);
  prepare_(*peer_);
  if (!peer_) return;  // The owner has closed the call.
  if (const auto set = peer_->set_local_description(); !set) {
    return fail(set.error(), "no offer can be made: " + or_message(peer_->error_detail(), set.error()));
  }
  if (!event.complete) return send_offer();
  offer_at_ = network_->now() + options_.gathering_limit;
  if (peer_->ice_gathering_state() == IceGatheringState::complete) send_offer();
}

void WhipCallState::listen(PeerConnection& peer) {
  peer.on_connection_state_change([this](ConnectionState state) {
    handle_state(state);
    settle();
  });
  peer.on_ice_candidate([this](const LocalCandidate& each) {
    // One that cannot be sent is a way less to reach us.
    (void)client_.send_candidate(network_->now(), {each.candidate, each.mid, each.ufrag});
    settle();
  });
  peer.on_ice_gathering_state_change([this](IceGatheringState state) {
    if (offer_at_ && state == IceGatheringState::complete) send_offer();
    settle();
  });
  peer.on_negotiation_needed([this] {
    handle_negotiation_needed();
    settle();
  });
}

void WhipCallState::send_offer() {
  offer_at_.reset();
  const auto description = peer_->local_description();
  if (description) (void)client_.send_offer(network_->now(), description->sdp);
}

void WhipCallState::handle(const whip::Answered& event) {
  if (!peer_) return;
  if (const auto set = peer_->set_remote_description({SdpType::answer, event.sdp}); !set) {
    return fail(set.error(),
                "the server's answer cannot be used: " + or_message(peer_->error_detail(), set.error()));
  }
  if (auto detail = rejection()) {
    return fail(make_error_code(whip::Errc::not_acceptable), "the server takes no media of ours: " + *detail);
  }
  if (auto servers = ice_servers(); !servers.empty()) (void)peer_->set_ice_servers(std::move(servers));
}

// Why nothing will flow; nullopt if something will.
std::optional<std::string> WhipCallState::rejection() const {
  const auto flows = [](const Transceiver& each) {
    const auto direction = each.current_direction();
    return direction && *direction != Direction::inactive;
  };
  // What has been rejected is no longer among them.
  if (std::ranges::any_of(peer_->transceivers(), flows)) return std::nullopt;
  const auto rejected = peer_->rejected_media();
  if (rejected.empty() && peer_->transceivers().empty()) return std::nullopt;  // Data channels only.
  for (const RejectedMedia& media : rejected) {
    if (!media.detail.empty()) return media.detail;
  }
  return "it rejects every m-line";
}

void WhipCallState::handle_state(ConnectionState state) {
  tell(whip::StateChanged{state});
  restart_at_.reset();
  switch (state) {
    case ConnectionState::connected:
      return client_.handle_connected(network_->now());
    case ConnectionState::disconnected:
      restart_at_ = network_->now() + options_.restart_after;
      return;
    case ConnectionState::failed:
      return lose(make_error_code(whip::Errc::not_connected), peer_->why());
    case ConnectionState::closed:
      return lose(make_error_code(whip::Errc::session_gone), "the server has closed the connection");
    case ConnectionState::new_:
    case ConnectionState::connecting:
      return;
  }
}

// After the first answer it can only be a restart: nothing else can be renegotiated (RFC 9725 4.3.3).
void WhipCallState::handle_negotiation_needed() {
  if (!peer_ || !client_.established() || restarting_) return;
  if (peer_->signaling_state() != SignalingState::stable || !client_.restarts()) return;
  if (!peer_->set_local_description()) return;
  restarting_ = true;
  const auto restarted = client_.restart_ice(network_->now(), peer_->local_description()->sdp);
  if (!restarted) handle(whip::RestartRefused{restarted.error(), restarted.error().message()});
}

void WhipCallState::handle(const whip::Restarted& event) {
  restarting_ = false;
  if (!peer_) return;
  if (const auto set = peer_->set_remote_description({SdpType::answer, event.sdp}); !set) {
    return lose(set.error(), "the answer to a restart cannot be used: " + peer_->error_detail());
  }
  for (const whip::TrickleSection& section : event.candidates.sections) {
    // What cannot be used is a way less: the server may know addresses that we do not speak.
    for (const std::string& candidate : section.candidates) {
      (void)peer_->add_ice_candidate(candidate, section.mid.value_or(""));
    }
    if (section.end_of_candidates) (void)peer_->add_ice_candidate("", section.mid.value_or(""));
  }
}

void WhipCallState::handle(const whip::RestartRefused& event) {
  restarting_ = false;
  if (!peer_) return;
  (void)peer_->set_local_description({SdpType::rollback, {}});
  if (peer_->connection_state() == ConnectionState::connected) {
    return tell(whip::Warning{event.error, "ICE was not restarted: " + event.detail});
  }
  lose(event.error, event.detail);
}

void WhipCallState::handle(const whip::Interrupted& event) {
  drop_peer();
  tell(event);
}

void WhipCallState::handle(const whip::Failed& event) {
  drop_peer();
  over_ = true;
  tell(event);
}

void WhipCallState::handle(const whip::Closed& event) {
  drop_peer();
  over_ = true;
  tell(event);
}

void WhipCallState::lose(std::error_code error, std::string detail) {
  client_.abandon(network_->now(), error, std::move(detail));
}

void WhipCallState::fail(std::error_code error, std::string detail) {
  client_.close(network_->now());
  drop_peer();
  over_ = true;
  tell(whip::Failed{error, std::move(detail)});
}

void WhipCallState::drop_peer() {
  offer_at_.reset();
  restart_at_.reset();
  restarting_ = false;
  peer_.reset();
}

std::vector<IceServer> WhipCallState::ice_servers() const {
  std::vector<IceServer> servers = options_.peer.ice_servers;
  for (const whip::IceServer& each : client_.ice_servers()) {
    IceServer server{each.url, each.username, std::string(each.credential.reveal())};
    // A kind of URL that is new at the server must not cost the others: a peer takes all or none.
    if (parse_ice_server(server)) servers.push_back(std::move(server));
  }
  return servers;
}

void WhipCallState::set_ice_servers(std::vector<IceServer> servers) {
  options_.peer.ice_servers = std::move(servers);
  if (peer_) (void)peer_->set_ice_servers(ice_servers());
}

// ---- The network.

void WhipCallState::on_datagrams(std::span<const Datagram> datagrams) {
  const auto self = shared_from_this();
  for (const Datagram& datagram : datagrams) client_.handle_datagram(network_->now(), datagram);
  work();
}
void WhipCallState::on_flow(FlowId flow, const FlowChange& change) {
  const auto self = shared_from_this();
  client_.handle_flow(network_->now(), flow, change);
  work();
}
void WhipCallState::on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) {
  const auto self = shared_from_this();
  client_.handle_resolved(network_->now(), id, addresses);
  work();
}
void WhipCallState::on_timeout() {
  const auto self = shared_from_this();
  const TimePoint now = network_->now();
  client_.handle_timeout(now);
  if (offer_at_ && now >= *offer_at_) send_offer();
  if (restart_at_ && now >= *restart_at_) {
    restart_at_.reset();
    if (peer_ && client_.restarts()) peer_->restart_ice();  // on_negotiation_needed() follows.
  }
  work();
}
void WhipCallState::on_writable() {
  const auto self = shared_from_this();
  sending_.handle_writable();
  settle();
}

void WhipCallState::settle() {
  if (network_ == nullptr) return;
  sending_.send(*network_, id_,
                client_);  // Before requests, which may close the flow that a last word leaves by.
  while (const auto request = client_.poll_request()) network_->request(id_, *request);
  while (auto event = client_.poll_event()) told_.push_back(*std::move(event));
  network_->set_timeout(id_, next_due());
  events_.wake();
}

std::optional<TimePoint> WhipCallState::next_due() const {
  // The owner is called from the loop, never from inside a call of theirs.
  if (!told_.empty() || events_.due()) return network_->now();
  std::optional<TimePoint> next = client_.next_timeout();
  for (const auto& other : {offer_at_, restart_at_}) {
    if (other && (!next || *other < *next)) next = other;
  }
  return next;
}

void WhipCallState::work() {
  settle();
  while (network_ != nullptr && !told_.empty()) {
    const whip::Event event = std::move(told_.front());
    told_.pop_front();
    if (!over_) std::visit([this](const auto& each) { handle(each); }, event);
    settle();
  }
  events_.deliver([this] { return network_ != nullptr; });
  settle();
}

void WhipCallState::set_callback(std::function<void(const whip::CallEvent&)> callback) {
  events_.set_callback(std::move(callback));
  settle();
}

asio::awaitable<std::optional<whip::CallEvent>> WhipCallState::next_event() {
  return events_.next(shared_from_this(), [this] { return finished(); });
}

}  // namespace petrel::inline v0::detail

namespace petrel::inline v0::whip {

Call::Call(io::Network& network, SessionConfig config, Prepare prepare, CallOptions options)
    : state_(std::make_shared<detail::WhipCallState>(network, std::move(config), std::move(prepare),
                                                     std::move(options))) {
  state_->attach();
}
Call::~Call() {
  if (state_) state_->let_go();
}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->let_go();
  state_ = std::move(other.state_);
  return *this;
}

void Call::on_event(std::function<void(const CallEvent&)> callback) {
  state_->set_callback(std::move(callback));
}
asio::awaitable<std::optional<CallEvent>> Call::next_event() { return state_->next_event(); }

PeerConnection* Call::peer() { return state_->peer(); }
const PeerConnection* Call::peer() const { return state_->peer(); }
bool Call::connected() const {
  const PeerConnection* present = peer();
  return present != nullptr && present->connection_state() == ConnectionState::connected;
}
bool Call::established() const { return state_->established(); }
std::vector<petrel::IceServer> Call::ice_servers() const { return state_->ice_servers(); }
void Call::set_ice_servers(std::vector<petrel::IceServer> servers) {
  state_->set_ice_servers(std::move(servers));
}
void Call::close() { state_->close(); }

}  // namespace petrel::inline v0::whip
