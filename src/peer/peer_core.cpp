#include "peer/peer_core.hpp"

#include <algorithm>
#include <utility>

#include "peer/demux.hpp"
#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

ice::AgentConfig agent_config(const PeerConfig& config) {
  ice::AgentConfig out;
  for (const IceServer& each : config.ice_servers) {
    auto server = parse_ice_server(each).value();
    if (auto* stun = std::get_if<ice::StunServer>(&server)) out.stun_servers.push_back(std::move(*stun));
    if (auto* turn = std::get_if<ice::TurnServer>(&server)) out.turn_servers.push_back(std::move(*turn));
  }
  out.policy = config.ice_transport_policy;
  out.lite = config.ice_lite;
  out.ports = config.ice_ports;
  out.tcp = config.ice_tcp;
  out.tcp_ports = config.ice_tcp_ports;
  out.gather_udp = config.ice_udp;
  out.renomination = config.ice_renomination;
  out.failover = config.ice_failover;
  out.interfaces = config.ice_interfaces;
  out.excluded_interfaces = config.excluded_ice_interfaces;
  out.local_addresses = config.ice_addresses;
  out.remote_addresses = config.remote_ice_addresses;
  out.external_addresses = config.external_addresses;
  out.publish_mdns = config.hide_addresses;
  out.relay_after = config.relay_after;
  out.turn_tls = config.turn_tls;
  out.http_proxy = config.http_proxy;
  out.gather_loopback =
      true;  // What is gathered is what the driver lists; it leaves loopback out by default.
  out.log = {config.log, "ice", config.name};
  return out;
}

jsep::NegotiationConfig negotiation_config(const PeerConfig& config, std::string cname,
                                           RandomSource& random) {
  jsep::NegotiationConfig out;
  out.session_id = random.u64() >> 1;  // RFC 9429 5.2.1: the highest bit is 0.
  out.audio_codecs = config.audio_codecs;
  out.video_codecs = config.video_codecs;
  out.cname = std::move(cname);
  out.always_negotiate_data_channels = config.always_negotiate_data_channels;
  out.max_message_size = config.max_message_size;
  return out;
}

// RFC 7022 4.2: 96 random bits, so that streams of different calls cannot be linked.
std::string make_cname(RandomSource& random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string cname;
  for (int i = 0; i < 16; ++i) cname += alphabet[random.between(0, 63)];
  return cname;
}

rtp::SessionConfig rtp_config(const PeerConfig& config, const ClockMapping& clock, std::string cname) {
  // Room for the longest SRTCP trailer, which is longer than SRTP's.
  constexpr std::size_t protection = 20;
  rtp::SessionConfig out;
  out.cname = std::move(cname);
  out.clock = clock;
  out.max_packet_size = config.mtu_bytes - protection;
  out.log = {config.log, "rtp", config.name};
  return out;
}

// The agent holds 512; this leaves room for media and for what ICE itself has to say, and is two batches
// of what a driver takes at a time. While a socket is full, the rest waits in SCTP, which then takes no
// more from the application.
constexpr std::size_t max_untaken = 64;

}  // namespace

Peer::Core::Core(TimePoint now, PeerConfig config, ClockMapping clock, RandomSource& random)
    : config_(std::move(config)),
      random_(random),
      log_{config_.log, "peer", config_.name},
      created_(now),
      agent_(now, agent_config(config_), random),
      stream_(agent_.add_stream(now)),
      negotiation_(),
      transport_(now, config_, rtp_config(config_, clock, make_cname(random)), random) {
  config_.certificate.reset();  // The transport has it, for as long as it is needed.
  negotiation_ = jsep::Negotiation(negotiation_config(config_, make_cname(random), random));
  if (config_.ice_candidate_pool_size > 0) {
    pool_.open = true;
    agent_.gather(now);
  }
}

Peer::Core::Medium* Peer::Core::find(TransceiverId id) {
  const auto found = std::ranges::find(media_, id, &Medium::transceiver);
  return found == media_.end() ? nullptr : &*found;
}

const Peer::Core::Medium* Peer::Core::find(TransceiverId id) const {
  const auto found = std::ranges::find(media_, id, &Medium::transceiver);
  return found == media_.end() ? nullptr : &*found;
}

Peer::Core::Medium* Peer::Core::find(rtp::MediaId id) {
  const auto found = std::ranges::find(media_, std::optional(id), &Medium::media);
  return found == media_.end() ? nullptr : &*found;
}

// ---- Media ------------------------------------------------------------------------------

Result<void> Peer::Core::send_frame(TimePoint now, TransceiverId id,
                                    std::shared_ptr<const EncodedFrame> frame) {
  if (closed_) return Errc::closed;
  Medium* medium = find(id);
  if (medium == nullptr) return PeerErrc::unknown_transceiver;
  if (!transport_.carries_media() || !medium->media) return PeerErrc::not_connected;
  const auto sent = transport_.rtp().send_frame(now, *medium->media, std::move(frame));
  settle(now);
  return sent;
}

Result<void> Peer::Core::send_packet(TimePoint now, TransceiverId id, Bytes packet) {
  if (closed_) return Errc::closed;
  Medium* medium = find(id);
  if (medium == nullptr) return PeerErrc::unknown_transceiver;
  if (!transport_.carries_media() || !medium->media) return PeerErrc::not_connected;
  const auto sent = transport_.rtp().send_packet(now, *medium->media, packet);
  settle(now);
  return sent;
}

void Peer::Core::request_key_frame(TimePoint now, TransceiverId id) {
  Medium* medium = find(id);
  if (closed_ || medium == nullptr || !medium->media || medium->kind != Kind::video) return;
  transport_.rtp().request_key_frame(now, *medium->media);
  settle(now);
}

void Peer::Core::deliver_packets(TimePoint now, TransceiverId id) {
  Medium* medium = find(id);
  if (closed_ || medium == nullptr || medium->deliver_packets) return;
  medium->deliver_packets = true;
  if (medium->media) install_media(now, *medium);
}

Result<void> Peer::Core::set_ice_servers(TimePoint now, std::vector<IceServer> servers) {
  if (closed_) return Errc::closed;
  std::vector<ice::StunServer> stun;
  std::vector<ice::TurnServer> turn;
  for (const IceServer& each : servers) {
    auto server = parse_ice_server(each);
    if (!server) return server.error();
    if (auto* of_stun = std::get_if<ice::StunServer>(&*server)) stun.push_back(std::move(*of_stun));
    if (auto* of_turn = std::get_if<ice::TurnServer>(&*server)) turn.push_back(std::move(*of_turn));
  }
  config_.ice_servers = std::move(servers);
  agent_.set_servers(now, std::move(stun), std::move(turn));
  settle(now);
  return {};
}

// ---- Input ------------------------------------------------------------------------------

void Peer::Core::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  if (closed_) return;
  std::vector<LocalAddress> up(addresses.begin(), addresses.end());
  interfaces_changed_ = interfaces_changed_ || (!interfaces_.empty() && up != interfaces_);
  interfaces_ = std::move(up);
  agent_.handle_interfaces(now, addresses);
  settle(now);
}

void Peer::Core::handle_datagrams(TimePoint now, std::span<const Datagram> datagrams) {
  if (closed_) return;
  for (const Datagram& datagram : datagrams) {
    count(datagram.ecn);
    // The agent first: what comes from a TURN server may look like anything.
    if (!agent_.handle_datagram(now, datagram)) {
      handle_packet(now, datagram.flow, datagram.source, datagram.payload);
      continue;
    }
    while (const auto relayed = agent_.poll_relayed()) {
      handle_packet(now, relayed->flow, relayed->source, relayed->payload.bytes());
    }
  }
  transport_.hand_over(now);
  settle(now);
}

void Peer::Core::count(Ecn ecn) {
  switch (ecn) {
    case Ecn::not_ect:
      ++ecn_.not_ect;
      break;
    case Ecn::ect0:
      ++ecn_.ect0;
      break;
    case Ecn::ect1:
      ++ecn_.ect1;
      break;
    case Ecn::ce:
      ++ecn_.ce;
      break;
  }
}

void Peer::Core::handle_packet(TimePoint now, FlowId flow, const Endpoint& source, Bytes payload) {
  switch (detail::kind_of(payload)) {
    case detail::PacketKind::dtls:
    case detail::PacketKind::rtp:
    case detail::PacketKind::rtcp:
      // Only from where a check has proven that the peer is: nobody else gets to
      // exercise DTLS and SRTP.
      if (agent_.stream_of(flow, source)) {
        transport_.handle_packet(now, payload);
      } else {
        ++dropped_.unknown_source;
      }
      break;
    case detail::PacketKind::stun:
    case detail::PacketKind::turn_channel:
    case detail::PacketKind::unknown:
      ++dropped_.unknown_kind;
      break;
  }
}

void Peer::Core::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  if (closed_) return;
  agent_.handle_flow(now, flow, change);
  settle(now);
}

void Peer::Core::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  if (closed_) return;
  agent_.handle_resolved(now, id, addresses);
  settle(now);
}

void Peer::Core::handle_timeout(TimePoint now) {
  if (closed_) return;
  agent_.handle_timeout(now);
  transport_.handle_timeout(now);
  settle(now);
}

std::optional<TimePoint> Peer::Core::next_timeout() const {
  if (closed_) return std::nullopt;
  auto earliest = agent_.next_timeout();
  const auto due = transport_.next_timeout();
  if (due && (!earliest || *due < *earliest)) earliest = due;
  // Work that was left, and can go on now: at once.
  const bool goes_on = (packets_left_ && untaken_ == 0) || (events_left_ && events_.has_room_for_channels());
  if (goes_on && (!earliest || settled_at_ < *earliest)) earliest = settled_at_;
  return earliest;
}

// ---- Inside -----------------------------------------------------------------------------

// Moves what the children produced to where it belongs, until nothing moves.
void Peer::Core::settle(TimePoint now) {
  // Each round takes at least one thing off a bounded queue, and what a round causes (a
  // state, a packet) causes little more: a thousand rounds are a loop of ours.
  constexpr int max_rounds = 1000;
  int round = 0;
  settled_at_ = now;
  while (settle_once(now)) PETREL_ASSERT(++round < max_rounds);
  packets_left_ = untaken_ >= max_untaken;
  events_left_ = !events_.has_room_for_channels();
  update_connection_state(now);
}

bool Peer::Core::settle_once(TimePoint now) {
  bool moved = false;
  if (awaits_peer_ && agent_.is_heard(stream_)) {
    awaits_peer_ = false;
    transport_.peer_is_ready(now);
  }
  while (auto event = agent_.poll_event()) {
    on_ice_event(now, *std::move(event));
    moved = true;
  }
  while (auto event = transport_.poll_event()) {
    on_transport_event(now, *std::move(event));
    moved = true;
  }
  while (auto event = transport_.rtp().poll_event()) {
    on_rtp_event(*std::move(event));
    moved = true;
  }
  while (const auto broken = events_.take_broken()) {
    if (Medium* medium = find(*broken); medium != nullptr && medium->media && medium->kind == Kind::video) {
      transport_.rtp().request_key_frame(now, *medium->media);
    }
    moved = true;
  }
  moved = take_channel_events(now) || moved;
  // Before a pair works there is no way out: a DTLS flight that answers an early ClientHello waits.
  while (auto packet = ice_worked_ ? transport_.poll_packet(now, untaken_ < max_untaken) : std::nullopt) {
    if (send_to_peer(now, *std::move(packet))) {
      ++untaken_;
    } else {
      ++dropped_.without_pair;
    }
    moved = true;
  }
  // Its last words, an alert perhaps, have gone out.
  if (std::exchange(is_useless_, false)) {
    agent_.withdraw_consent(now, stream_);
    moved = true;
  }
  return moved;
}

bool Peer::Core::send_to_peer(TimePoint now, detail::Transport::Packet packet) {
  std::uint8_t dscp = 0;
  for (const Medium& medium : media_) {
    if (medium.priority == NetworkPriority::low || !medium.media) continue;
    // RTCP goes as the media that it measures does; of several, as the first that is marked.
    const bool stands_for_it = packet.is_rtcp && dscp == 0;
    if (packet.media == medium.media || stands_for_it) dscp = dscp_of(medium.kind, medium.priority);
  }
  return agent_.send(now, stream_, std::move(packet.payload), dscp);
}

void Peer::Core::on_ice_event(TimePoint now, ice::Event event) {
  if (const auto* gathered = std::get_if<ice::CandidateGathered>(&event)) {
    if (!stages_.first_local_candidate) stages_.first_local_candidate = now;
    std::string text = ice::to_attribute(gathered->candidate);
    if (pool_.open) {
      pool_.candidates.push_back(std::move(text));
    } else {
      tell_candidate(std::move(text));
    }
  } else if (std::holds_alternative<ice::GatheringDone>(event)) {
    if (!stages_.gathered) stages_.gathered = now;
    if (pool_.open) {
      pool_.complete = true;
    } else {
      tell_gathered();
    }
  } else if (const auto* changed = std::get_if<ice::StateChanged>(&event)) {
    const bool usable = changed->state == ice::State::connected || changed->state == ice::State::completed;
    if (usable && !stages_.ice_connected) stages_.ice_connected = now;
    ice_worked_ = ice_worked_ || usable;
    events_.push(IceConnectionStateChanged{changed->state});
    // The network has changed under a connection that worked: a restart finds the new ways.
    if (changed->state == ice::State::disconnected && interfaces_changed_) restart_ice(now);
    if (usable) interfaces_changed_ = false;
    // What was sent meanwhile is lost, and the peer may go on complaining by the way that it had, where
    // nobody hears it.
    if (usable && std::exchange(ice_lost_, false)) want_key_frames();
    if (changed->state == ice::State::disconnected) ice_lost_ = true;
    // An ICE restart does not bring DTLS back.
    const bool may_restart = reason_ == PeerErrc::ice_failed || reason_ == PeerErrc::consent_expired;
    if (usable && reason_ && !may_restart) is_useless_ = true;
    if (changed->state == ice::State::failed) {
      if (!reason_) reason_ = ice_worked_ ? PeerErrc::consent_expired : PeerErrc::ice_failed;
    }
    start_dtls_if_possible(now);
  } else if (const auto* selected = std::get_if<ice::PairSelected>(&event)) {
    // The former pair may have lost what it was given last.
    if (transport_.connected()) want_key_frames();
    log_.log(
        now, LogLevel::info, "peer.pair_selected",
        {{"local", to_string(selected->pair.local.type)}, {"remote", to_string(selected->pair.remote.type)}});
  }
}

void Peer::Core::tell_candidate(std::string text) {
  local_candidates_.push_back(text);
  events_.push(LocalCandidate{std::move(text), transport_mid_, transport_line_,
                              agent_.local_credentials(stream_).ufrag});
}

void Peer::Core::tell_gathered() {
  // A later round, after the interfaces have changed, is not announced: what is said is said.
  if (std::exchange(gathering_state_, IceGatheringState::complete) == IceGatheringState::complete) return;
  events_.push(LocalCandidate{"", transport_mid_, transport_line_, agent_.local_credentials(stream_).ufrag});
  events_.push(IceGatheringStateChanged{gathering_state_});
}

// There is a local description now: what the pool holds becomes known, and what is still to come too.
void Peer::Core::empty_pool() {
  pool_.open = false;
  for (std::string& text : std::exchange(pool_.candidates, {})) tell_candidate(std::move(text));
  if (pool_.complete) tell_gathered();
}

void Peer::Core::on_transport_event(TimePoint now, detail::Transport::Event event) {
  if (std::holds_alternative<detail::Transport::Connected>(event)) {
    stages_.dtls_connected = now;
    want_key_frames();
    return;
  }
  reason_ = std::get<detail::Transport::Ended>(event).error;
  if (reason_ == PeerErrc::peer_closed) return close(now);
  // Deviates from the W3C, where ICE outlives DTLS: a peer that went on answering checks would have the
  // other side, whose handshake may be done, send its media to nobody for ever.
  is_useless_ = true;
}

// The peer has nothing yet, so whatever we send it starts with a key frame.
void Peer::Core::want_key_frames() {
  for (const Medium& medium : media_) {
    if (medium.sending && medium.kind == Kind::video) events_.push(KeyFrameWanted{medium.transceiver});
  }
}

void Peer::Core::on_rtp_event(rtp::Session::Event event) {
  if (auto* received = std::get_if<rtp::FrameReceived>(&event)) {
    const Medium* medium = find(received->media);
    if (medium == nullptr) return;
    FrameArrived arrived{medium->transceiver, std::move(received->frame)};
    if (medium->kind == Kind::video) {
      events_.push_video(std::move(arrived));
    } else {
      events_.push(std::move(arrived));
    }
  } else if (auto* packet = std::get_if<rtp::PacketReceived>(&event)) {
    if (const Medium* medium = find(packet->media)) {
      events_.push(PacketArrived{medium->transceiver, std::move(packet->packet)});
    }
  } else if (const auto* wanted = std::get_if<rtp::KeyFrameRequested>(&event)) {
    if (const Medium* medium = find(wanted->media)) events_.push(KeyFrameWanted{medium->transceiver});
  } else if (const auto* target = std::get_if<rtp::TargetBitrate>(&event)) {
    events_.push(TargetBitrateChanged{{target->bits_per_second}});
  }
}

void Peer::Core::start_dtls_if_possible(TimePoint now) {
  if (transport_.started() || !dtls_role_) return;
  // A ClientHello has nowhere to go before a pair works; a server may well be waiting before.
  const bool is_client = *dtls_role_ == jsep::DtlsRole::client;
  const ice::State state = agent_.state(stream_);
  // A lite agent's pair works as soon as it was asked, which says nothing about whether the peer got the
  // answer; until it did, the peer believes no ClientHello. Its nomination says so.
  const bool works = state == ice::State::completed || (state == ice::State::connected && !config_.ice_lite);
  if (is_client && !works) return;
  stages_.dtls_started = now;
  // The pair of an answerer may work before its answer has arrived. A controlling peer, which is a full
  // agent, sends checks as soon as it has.
  awaits_peer_ = is_client && agent_.role() == ice::Role::controlled && !agent_.is_heard(stream_);
  transport_.start(now, is_client ? dtls::Role::client : dtls::Role::server, remote_fingerprints_,
                   media_agreed_, awaits_peer_);
}

void Peer::Core::update_connection_state(TimePoint now) {
  const ice::State ice = agent_.state(stream_);
  const bool ice_usable = ice == ice::State::connected || ice == ice::State::completed;
  ConnectionState state = ConnectionState::connecting;
  if (closed_) {
    state = ConnectionState::closed;
  } else if (reason_) {
    state = ConnectionState::failed;
  } else if (ice == ice::State::disconnected) {
    state = ConnectionState::disconnected;
  } else if (ice_usable && transport_.connected()) {
    state = ConnectionState::connected;
  } else if (ice == ice::State::new_ && !transport_.started()) {
    state = ConnectionState::new_;
  }
  if (state == connection_state_) return;
  connection_state_ = state;
  events_.push(ConnectionStateChanged{state, reason_});
  log_state(now);
}

void Peer::Core::log_state(TimePoint now) const {
  const std::string why = reason_ ? reason_.message() : std::string();
  log_.log(now, LogLevel::info, "peer.connection_state",
           {{"state", to_string(connection_state_)}, {"reason", std::string_view(why)}});
}

void Peer::Core::close(TimePoint now) {
  if (closed_) return;
  for (const Medium& medium : media_) {
    if (medium.media) transport_.rtp().remove_media(now, *medium.media);  // BYE
  }
  transport_.close(now);
  take_channel_events(now);
  while (auto packet = transport_.poll_packet(now)) send_to_peer(now, *std::move(packet));
  // The agent forgets its packets when it closes, so they are taken over first.
  while (auto transmit = agent_.poll_transmit()) farewell_.push_back(*std::move(transmit));
  agent_.close(now);
  while (auto transmit = agent_.poll_transmit()) farewell_.push_back(*std::move(transmit));
  closed_ = true;
  update_connection_state(now);
}

std::optional<IoRequest> Peer::Core::poll_request() {
  if (!farewell_.empty()) return std::nullopt;  // It would close the flow that the farewell leaves by.
  return agent_.poll_request();
}

std::optional<Transmit> Peer::Core::poll_transmit() {
  if (farewell_.empty()) {
    auto transmit = agent_.poll_transmit();
    untaken_ = transmit && untaken_ > 0 ? untaken_ - 1 : 0;
    return transmit;
  }
  Transmit transmit = std::move(farewell_.front());
  farewell_.pop_front();
  return transmit;
}

// ---- Insight ----------------------------------------------------------------------------

IceConnectionState Peer::Core::ice_connection_state() const {
  return closed_ ? ice::State::closed : agent_.state(stream_);
}

PeerStats Peer::Core::stats() const {
  PeerStats stats;
  stats.rtp = transport_.rtp().stats();
  stats.ice = agent_.stats();
  if (const dtls::Connection* dtls = transport_.dtls()) stats.dtls = dtls->stats();
  stats.data_channels = transport_.channels().stats();
  stats.sctp = transport_.channels().association_stats();
  stats.dropped = dropped_;
  const PeerDrops& of_transport = transport_.dropped();
  stats.dropped.unknown_kind += of_transport.unknown_kind;
  stats.dropped.early_packets = of_transport.early_packets + transport_.channels().early_packets_dropped();
  stats.dropped.data_unsendable = of_transport.data_unsendable;
  stats.dropped.srtp_replayed = of_transport.srtp_replayed;
  stats.dropped.srtp_unauthentic = of_transport.srtp_unauthentic;
  stats.dropped.srtp_malformed = of_transport.srtp_malformed;
  stats.dropped.protect_failed = of_transport.protect_failed;
  stats.dropped.events_dropped = events_.dropped();
  stats.ecn = ecn_;
  stats.pair = agent_.selected(stream_);
  return stats;
}

ConnectionReport Peer::Core::report(TimePoint now) const {
  ConnectionReport report;
  report.created = created_;
  report.now = now;
  report.state = connection_state_;
  report.reason = reason_;
  report.stages = stages_;
  report.stages.first_media_sent = transport_.first_sent();
  report.stages.first_media_received = transport_.first_received();
  report.ice = agent_.report(stream_);
  report.ice_counters = agent_.stats();
  report.servers.assign(agent_.servers().begin(), agent_.servers().end());
  for (const IceServer& server : config_.ice_servers) {
    ++(server.url.starts_with("stun") ? report.stun_servers : report.turn_servers);
  }
  if (const dtls::Connection* dtls = transport_.dtls()) {
    report.dtls_role = dtls->role();
    report.dtls_cipher = dtls->cipher();
  }
  report.sctp = transport_.channels().association_stats();
  return report;
}

}  // namespace petrel::inline v0
