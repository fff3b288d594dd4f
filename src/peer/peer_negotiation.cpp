#include <algorithm>
#include <utility>

#include "peer/media_mapping.hpp"
#include "peer/peer_core.hpp"
#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

// Version 4 of RFC 9562 in form; browsers show it as the track's id.
std::string make_track_id(RandomSource& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (int i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    id += dash      ? '-'
          : i == 14 ? '4'
          : i == 19 ? digits[random.between(8, 11)]
                    : digits[random.between(0, 15)];
  }
  return id;
}

std::vector<dtls::Fingerprint> parse_fingerprints(const std::vector<std::string>& values) {
  std::vector<dtls::Fingerprint> fingerprints;
  for (const std::string& value : values) {
    // A hash that we cannot compute may stand beside one that we can (RFC 8122 5).
    if (auto parsed = dtls::Fingerprint::parse(value)) fingerprints.push_back(*std::move(parsed));
  }
  return fingerprints;
}

// Candidates of a restart that we have not answered yet; an agent takes as many of a generation.
constexpr std::size_t max_early_candidates = 64;

}  // namespace

jsep::SenderStreams Peer::Core::make_streams(std::vector<std::string> stream_ids) {
  jsep::SenderStreams streams;
  streams.stream_ids = std::move(stream_ids);
  streams.track_id = make_track_id(random_);
  streams.ssrc = random_.between(1, 0xffffffff);
  streams.rtx_ssrc = random_.between(1, 0xffffffff);
  return streams;
}

Result<TransceiverId> Peer::Core::add_transceiver(TimePoint, Kind kind, TransceiverInit init) {
  if (closed_) return Errc::closed;
  auto id = negotiation_.add_transceiver({.kind = kind,
                                          .direction = init.direction,
                                          .codecs = std::move(init.codecs),
                                          .sender = make_streams(std::move(init.stream_ids))});
  if (!id) return id.error();
  Medium& medium = media_.emplace_back();
  medium.transceiver = *id;
  medium.kind = kind;
  medium.priority = init.network_priority;
  announce_negotiation_needed();
  return *id;
}

Result<void> Peer::Core::set_direction(TimePoint, TransceiverId id, Direction direction) {
  if (closed_) return Errc::closed;
  const auto set = negotiation_.set_direction(id, direction);
  if (set) announce_negotiation_needed();
  return set;
}

Result<void> Peer::Core::stop_transceiver(TimePoint now, TransceiverId id) {
  if (closed_) return Errc::closed;
  const auto stopped = negotiation_.stop(id);
  if (!stopped) return stopped;
  remove_media(now, id);
  announce_negotiation_needed();
  settle(now);
  return {};
}

jsep::LocalTransport Peer::Core::local_transport(bool restarting) {
  const ice::Credentials& credentials =
      restarting ? agent_.restart_credentials(stream_) : agent_.local_credentials(stream_);
  jsep::LocalTransport transport;
  transport.ice_ufrag = credentials.ufrag;
  transport.ice_pwd = credentials.password;
  transport.ice_lite = config_.ice_lite;
  transport.ice_renomination = config_.ice_renomination;
  transport.fingerprints = {transport_.fingerprint()};
  if (config_.sctp_snap && negotiation_.has_place_for_sctp_init()) {
    transport.sctp_init = transport_.channels().announce(created_);
  }
  if (restarting) return transport;  // Candidates of the new generation are still to be gathered.
  transport.candidates = local_candidates_;
  transport.end_of_candidates = gathering_state_ == IceGatheringState::complete;
  return transport;
}

void Peer::Core::restart_ice(TimePoint) {
  if (closed_ || gathering_state_ == IceGatheringState::new_) return;  // W3C: nothing to replace yet.
  restart_.wanted = true;
  announce_negotiation_needed();
}

Result<SessionDescription> Peer::Core::create_offer() {
  if (closed_) return Errc::closed;
  data_error_detail_.clear();
  restart_.created = restart_.wanted;
  return negotiation_.create_offer(local_transport(restart_.created));
}

Result<SessionDescription> Peer::Core::create_answer() {
  if (closed_) return Errc::closed;
  data_error_detail_.clear();
  restart_.created = restart_.offered;
  return negotiation_.create_answer(local_transport(restart_.created));
}

// What was created with new credentials is in force now.
void Peer::Core::begin_restart(TimePoint now) {
  restart_.created = restart_.wanted = false;
  restart_.unanswered = negotiation_.state() == SignalingState::have_local_offer;
  restart_.former_candidates = std::exchange(local_candidates_, {});
  gathering_state_ = IceGatheringState::new_;
  if (reason_ == PeerErrc::ice_failed || reason_ == PeerErrc::consent_expired) {
    reason_.clear();
    ice_worked_ = false;
  }
  agent_.restart(now, stream_);
}

void Peer::Core::roll_back_restart(TimePoint now) {
  restart_.offered = false;
  restart_.early_candidates.clear();
  restart_.early_end = false;
  restart_.created = false;
  if (!std::exchange(restart_.unanswered, false)) return;
  if (!agent_.cancel_restart(now, stream_)) return;
  local_candidates_ = std::exchange(restart_.former_candidates, {});
  gathering_state_ = IceGatheringState::complete;
  restart_.wanted = true;
}

Result<void> Peer::Core::set_local_description(TimePoint now) {
  if (closed_) return Errc::closed;
  const SignalingState state = negotiation_.state();
  const bool offer = state == SignalingState::stable || state == SignalingState::have_local_offer;
  auto description = offer ? create_offer() : create_answer();
  if (!description) return description.error();
  return set_local_description(now, *description);
}

Result<void> Peer::Core::set_local_description(TimePoint now, const SessionDescription& description) {
  if (closed_) return Errc::closed;
  data_error_detail_.clear();
  const auto changes = negotiation_.set_local_description(description);
  if (!changes) return changes.error();
  if (!stages_.local_description) stages_.local_description = now;
  // RFC 8445 6.1.1: who offers first controls, for good.
  if (!std::exchange(ice_role_settled_, true)) agent_.set_role(now, ice::Role::controlling);
  if (changes->rolled_back) roll_back_restart(now);
  const bool restarts = restart_.created && description.type != SdpType::rollback;
  if (restarts) begin_restart(now);
  restart_.offered = false;
  apply(now, *changes);
  if (restarts) apply_early_candidates(now);
  if (gathering_state_ == IceGatheringState::new_ && description.type != SdpType::rollback) {
    gathering_state_ = IceGatheringState::gathering;
    events_.push(IceGatheringStateChanged{gathering_state_});
    if (pool_.open) {
      empty_pool();
    } else {
      agent_.gather(now);
    }
  }
  settle(now);
  return {};
}

Result<void> Peer::Core::set_remote_description(TimePoint now, const SessionDescription& description) {
  if (closed_) return Errc::closed;
  data_error_detail_.clear();
  const auto changes = negotiation_.set_remote_description(description);
  if (!changes) return changes.error();
  if (changes->rolled_back) roll_back_restart(now);
  if (changes->state == SignalingState::have_remote_offer) {
    // An answer of ours makes it happen; until then everything goes on as it was.
    restart_.offered = changes->transport && changes->transport->restarted;
  } else if (changes->transport && changes->transport->restarted && !restart_.unanswered) {
    return PeerErrc::unexpected_ice_restart;
  }
  if (changes->state == SignalingState::stable) restart_.unanswered = false;
  if (!stages_.remote_description) stages_.remote_description = now;
  if (!ice_role_settled_ && changes->transport) {
    ice_role_settled_ = true;
    agent_.set_role(now, changes->transport->ice_lite ? ice::Role::controlling : ice::Role::controlled);
  }
  for (const TransceiverId id : changes->created) {
    const auto state = negotiation_.transceiver(id);
    if (!state || find(id) != nullptr) continue;
    (void)negotiation_.set_sender(id, make_streams({}));
    Medium& medium = media_.emplace_back();
    medium.transceiver = id;
    medium.kind = state->kind;
  }
  apply(now, *changes);
  settle(now);
  return {};
}

void Peer::Core::apply(TimePoint now, const jsep::Changes& changes) {
  for (const TransceiverId id : changes.removed) {
    remove_media(now, id);
    std::erase_if(media_, [id](const Medium& medium) { return medium.transceiver == id; });
  }
  for (const TransceiverId id : changes.stopped) remove_media(now, id);
  if (changes.negotiated) {
    media_agreed_ = std::ranges::any_of(changes.media, &jsep::MediaChange::accepted);
    apply_data_channels(now, changes.data_channels);
  }
  if (changes.transport && !restart_.offered) apply_transport(now, *changes.transport);
  if (changes.state == SignalingState::have_local_offer && !remote_described_) {
    carry_transport_on_first_offered(changes);
  }
  rejected_media_.clear();
  if (changes.data_channels && !changes.data_channels->accepted) {
    const jsep::DataChannelChange& data = *changes.data_channels;
    rejected_media_.push_back({data.mid, std::nullopt, data.reason, data.detail});
  }
  for (const jsep::RefusedLine& line : changes.refused) {
    rejected_media_.push_back({line.mid, std::nullopt, line.reason, line.detail});
  }
  for (const jsep::MediaChange& change : changes.media) {
    if (!change.accepted) rejected_media_.push_back({change.mid, change.kind, change.reason, change.detail});
    // Of an offer alone nothing is agreed on yet, but the application hears what it would bring.
    if (Medium* medium = find(change.transceiver); medium != nullptr && change.accepted) {
      const bool receiving = receives(change.direction);
      const bool remote_said_so = changes.state == SignalingState::have_remote_offer || changes.negotiated;
      if (receiving && remote_said_so && !medium->announced) events_.push(TrackAdded{medium->transceiver});
      medium->announced = receiving && (medium->announced || remote_said_so);
    }
    if (changes.negotiated) apply_media(now, change);
  }
  announce_signaling_state();
  announce_negotiation_needed();
}

// RFC 9143 7.2: until an answer tells, the transport is the first bundled m-line's, and so are the candidates
// that are trickled with the offer.
void Peer::Core::carry_transport_on_first_offered(const jsep::Changes& changes) {
  const auto first = std::ranges::find(changes.media, true, &jsep::MediaChange::accepted);
  const bool has_media = first != changes.media.end();
  if (has_media) {
    transport_mid_ = first->mid;
    transport_line_ = first->media_line;
  }
  const auto& channels = changes.data_channels;
  if (channels && (!has_media || channels->media_line < transport_line_)) {
    transport_mid_ = channels->mid;
    transport_line_ = channels->media_line;
  }
}

void Peer::Core::apply_transport(TimePoint now, const jsep::TransportChange& change) {
  transport_mid_ = change.mid;
  transport_line_ = change.media_line;
  if (!change.ice_ufrag.empty()) {
    const auto set =
        agent_.set_remote_credentials(now, stream_, {change.ice_ufrag, change.ice_pwd}, change.ice_lite);
    // jsep has checked their form, and a change has made a new generation before.
    if (!set) log_.log(now, LogLevel::warning, "peer.remote_credentials_refused");
    agent_.set_remote_renomination(now, stream_, change.renomination);
    remote_described_ = true;
  }
  remote_fingerprints_ = parse_fingerprints(change.fingerprints);
  for (const jsep::RemoteCandidate& each : change.candidates) {
    if (const auto candidate = ice::parse_candidate(each.candidate)) {
      if (!stages_.first_remote_candidate) stages_.first_remote_candidate = now;
      (void)agent_.add_remote_candidate(now, stream_, *candidate);
    }
  }
  if (change.end_of_candidates) agent_.end_of_remote_candidates(now, stream_);
  if (change.role) dtls_role_ = change.role;
  start_dtls_if_possible(now);
}

void Peer::Core::apply_media(TimePoint now, const jsep::MediaChange& change) {
  Medium* medium = find(change.transceiver);
  if (medium == nullptr) return;
  if (!change.accepted) {
    remove_media(now, change.transceiver);
    return;
  }
  medium->negotiated = change;
  install_media(now, *medium);

  const bool sending = sends(change.direction) && !change.send_codecs.empty();
  const bool begins = sending && !medium->sending;
  medium->sending = sending;
  medium->send_codec = sending ? std::optional(change.send_codecs.front().codec) : std::nullopt;
  if (begins && transport_.connected() && medium->kind == Kind::video) {
    events_.push(KeyFrameWanted{medium->transceiver});
  }
}

void Peer::Core::install_media(TimePoint now, Medium& medium) {
  if (!medium.negotiated) return;
  rtp::MediaConfig config = detail::to_media_config(*medium.negotiated);
  config.deliver_packets = medium.deliver_packets;
  if (medium.media) {
    (void)transport_.rtp().update_media(now, *medium.media, std::move(config));
  } else if (auto added = transport_.rtp().add_media(now, std::move(config))) {
    medium.media = *added;
  } else {
    log_.log(now, LogLevel::error, "peer.media_refused", {{"mid", std::string_view(medium.negotiated->mid)}});
  }
}

void Peer::Core::remove_media(TimePoint now, TransceiverId id) {
  Medium* medium = find(id);
  if (medium == nullptr) return;
  if (medium->media) transport_.rtp().remove_media(now, *medium->media);
  medium->media.reset();
  medium->negotiated.reset();
  medium->send_codec.reset();
  medium->sending = false;
  medium->announced = false;
}

Result<void> Peer::Core::add_ice_candidate(TimePoint now,
                                           const jsep::Negotiation::TrickledCandidate& candidate) {
  if (closed_) return Errc::closed;
  data_error_detail_.clear();
  if (!remote_described_) return PeerErrc::no_remote_description;
  const auto mid = negotiation_.add_remote_candidate(candidate);
  if (!mid) return mid.error();
  if (candidate.candidate.empty()) {
    if (restart_.offered) {
      restart_.early_end = true;
    } else {
      agent_.end_of_remote_candidates(now, stream_);
    }
  } else {
    const auto parsed = ice::parse_candidate(candidate.candidate);
    if (!parsed) return parsed.error();
    if (!stages_.first_remote_candidate) stages_.first_remote_candidate = now;
    if (restart_.offered) {
      // More than the agent would take are dropped there as well.
      if (restart_.early_candidates.size() < max_early_candidates) {
        restart_.early_candidates.push_back(*parsed);
      }
    } else if (const auto added = agent_.add_remote_candidate(now, stream_, *parsed); !added) {
      return added;
    }
  }
  settle(now);
  return {};
}

void Peer::Core::apply_early_candidates(TimePoint now) {
  for (const ice::Candidate& candidate : std::exchange(restart_.early_candidates, {})) {
    (void)agent_.add_remote_candidate(now, stream_, candidate);
  }
  if (std::exchange(restart_.early_end, false)) agent_.end_of_remote_candidates(now, stream_);
}

std::optional<SessionDescription> Peer::Core::local_description() const {
  return negotiation_.local_description(local_candidates_, gathering_state_ == IceGatheringState::complete);
}

std::string Peer::Core::error_detail() const {
  return data_error_detail_.empty() ? negotiation_.detail() : data_error_detail_;
}

std::optional<Codec> Peer::Core::send_codec(TransceiverId id) const {
  const Medium* medium = find(id);
  return medium == nullptr ? std::nullopt : medium->send_codec;
}

void Peer::Core::announce_signaling_state() {
  if (negotiation_.state() == announced_signaling_) return;
  announced_signaling_ = negotiation_.state();
  events_.push(SignalingStateChanged{announced_signaling_});
}

void Peer::Core::announce_negotiation_needed() {
  const bool needed = negotiation_.state() == SignalingState::stable &&
                      (negotiation_.negotiation_needed() || restart_.wanted);
  if (needed && !negotiation_needed_announced_) events_.push(NegotiationNeeded{});
  negotiation_needed_announced_ = needed;
}

}  // namespace petrel::inline v0
