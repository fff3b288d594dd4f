#include "petrel/peer/jsep.hpp"

#include <algorithm>
#include <utility>

#include "peer/jsep_sections.hpp"
#include "peer/jsep_session.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/sdp/writer.hpp"

namespace petrel::inline v0 {

std::string_view to_string(SdpType type) {
  switch (type) {
    case SdpType::offer:
      return "offer";
    case SdpType::pranswer:
      return "pranswer";
    case SdpType::answer:
      return "answer";
    case SdpType::rollback:
      return "rollback";
  }
  return "unknown";
}

std::string_view to_string(SignalingState state) {
  switch (state) {
    case SignalingState::stable:
      return "stable";
    case SignalingState::have_local_offer:
      return "have-local-offer";
    case SignalingState::have_remote_offer:
      return "have-remote-offer";
    case SignalingState::have_local_pranswer:
      return "have-local-pranswer";
    case SignalingState::have_remote_pranswer:
      return "have-remote-pranswer";
  }
  return "unknown";
}

}  // namespace petrel::inline v0

namespace petrel::inline v0::jsep {
namespace {

// What a peer may trickle into remote_description(). ICE pairs at most 100 (RFC 8445 6.1.2.5), and
// agents take 64 candidates of a peer; this leaves room for an ICE restart or two.
constexpr std::size_t max_kept_candidates = 256;

bool is_writable(const SenderStreams& sender) {
  return std::ranges::all_of(sender.stream_ids, is_field) &&
         (sender.track_id.empty() || is_field(sender.track_id));
}

bool is_writable(const Codec& codec) {
  const auto is_line = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
  };
  return is_field(codec.name) && codec.clock_rate > 0 && codec.channels > 0 &&
         std::ranges::all_of(codec.feedback, is_line) &&
         std::ranges::all_of(codec.parameters, [&](const CodecParameter& each) {
           return is_line(each.name) && is_line(each.value);
         });
}

bool are_writable(const std::vector<Codec>& codecs, Kind kind) {
  return std::ranges::all_of(codecs,
                             [&](const Codec& codec) { return codec.kind == kind && is_writable(codec); });
}

std::optional<SessionDescription> text_of(const std::optional<Description>& description) {
  if (!description) return std::nullopt;
  return SessionDescription{description->type, description->text};
}

}  // namespace

std::vector<HeaderExtension> default_header_extensions() {
  return {{"urn:ietf:params:rtp-hdrext:sdes:mid", true, true},
          {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", true, false}};
}

Result<TransceiverId> Negotiation::Session::add_transceiver(TransceiverInit init) {
  if (transceivers_.all().size() >= max_media_lines) {
    return fail(Errc::too_many_transceivers, "at most " + std::to_string(max_media_lines) + " transceivers");
  }
  const bool codecs_chosen = !init.codecs.empty();
  if (!codecs_chosen) init.codecs = init.kind == Kind::audio ? config_.audio_codecs : config_.video_codecs;
  if (!is_writable(init.sender) || !are_writable(init.codecs, init.kind)) {
    return fail(petrel::Errc::invalid_argument, "a stream id or a codec that cannot be written into SDP");
  }
  Transceiver transceiver;
  transceiver.state.kind = init.kind;
  transceiver.state.direction = init.direction;
  transceiver.state.codecs = std::move(init.codecs);
  transceiver.state.codecs_chosen = codecs_chosen;
  transceiver.state.sender = std::move(init.sender);
  transceiver.answers_offers = init.answers_offers;
  return transceivers_.add(std::move(transceiver));
}

Result<Transceiver*> Negotiation::Session::live_transceiver(TransceiverId id) {
  Transceiver* transceiver = transceivers_.find(id);
  if (transceiver != nullptr && !transceiver->state.stopped) return transceiver;
  return fail(Errc::unknown_transceiver, "transceiver " + std::to_string(id.value));
}

Result<void> Negotiation::Session::set_sender(TransceiverId id, SenderStreams sender) {
  auto transceiver = live_transceiver(id);
  if (!transceiver) return transceiver.error();
  if (!is_writable(sender))
    return fail(petrel::Errc::invalid_argument, "a stream id that cannot be written into SDP");
  (*transceiver)->state.sender = std::move(sender);
  return {};
}

Result<void> Negotiation::Session::set_codecs(TransceiverId id, std::vector<Codec> codecs) {
  auto transceiver = live_transceiver(id);
  if (!transceiver) return transceiver.error();
  if (codecs.empty() || !are_writable(codecs, (*transceiver)->state.kind)) {
    return fail(petrel::Errc::invalid_argument,
                "no codec, one of another kind, or one that cannot be written into SDP");
  }
  (*transceiver)->state.codecs = std::move(codecs);
  (*transceiver)->state.codecs_chosen = true;
  return {};
}

Result<void> Negotiation::Session::stop(TransceiverId id) {
  auto transceiver = live_transceiver(id);
  if (!transceiver) return transceiver.error();
  // Without an m-line there is nothing to tell the peer.
  if ((*transceiver)->state.mid) {
    (*transceiver)->state.stopped = true;
  } else {
    transceivers_.erase(id);
  }
  return {};
}

Result<std::string> Negotiation::Session::add_remote_candidate(const TrickledCandidate& candidate) {
  if (remote() == nullptr) {
    return fail(Errc::wrong_signaling_state, "a candidate before any remote description");
  }
  Description& description = pending_remote_ ? *pending_remote_ : *current_remote_;
  std::optional<std::size_t> index;
  if (!candidate.mid.empty()) {
    index = description.index_of(candidate.mid);
  } else if (candidate.media_line) {
    index = *candidate.media_line < description.media.size() ? candidate.media_line : std::nullopt;
  } else if (candidate.candidate.empty()) {
    index = description.tagged();  // RFC 8840 4.1.1 and W3C: the end of all candidates.
  }
  if (!index) return fail(Errc::unknown_media_line, "a candidate for mid '" + candidate.mid + "'");

  const auto knows_ufrag = [&](const std::optional<Description>& each) {
    return each &&
           std::ranges::find(each->media, candidate.ufrag, &MediaDescription::ice_ufrag) != each->media.end();
  };
  if (!candidate.ufrag.empty() && !knows_ufrag(pending_remote_) && !knows_ufrag(current_remote_)) {
    return fail(Errc::stale_candidate, "a candidate of ufrag '" + candidate.ufrag + "'");
  }

  sdp::Attributes& attributes = description.session.media[*index].attributes;
  if (candidate.candidate.empty()) {
    add_candidates(attributes, {}, true);
  } else {
    if (!candidate_attribute(candidate.candidate)) {
      return fail(petrel::Errc::invalid_argument, "not of the form candidate:…");
    }
    const auto kept = std::ranges::count(attributes, std::string_view("candidate"), &sdp::Attribute::name);
    if (static_cast<std::size_t>(kept) >= max_kept_candidates) {
      return fail(petrel::Errc::limit_reached,
                  "more than " + std::to_string(max_kept_candidates) + " candidates");
    }
    add_candidates(attributes, std::span(&candidate.candidate, 1), false);
  }
  description.text = sdp::write(description.session);
  return description.media[*index].mid;
}

Negotiation::Negotiation(NegotiationConfig config) : session_(std::make_unique<Session>(std::move(config))) {}
Negotiation::~Negotiation() = default;
Negotiation::Negotiation(Negotiation&&) noexcept = default;
Negotiation& Negotiation::operator=(Negotiation&&) noexcept = default;

Result<TransceiverId> Negotiation::add_transceiver(TransceiverInit init) {
  return session_->add_transceiver(std::move(init));
}

Result<void> Negotiation::set_direction(TransceiverId id, Direction direction) {
  auto transceiver = session_->live_transceiver(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->state.direction = direction;
  return {};
}

Result<void> Negotiation::set_codecs(TransceiverId id, std::vector<Codec> codecs) {
  return session_->set_codecs(id, std::move(codecs));
}

Result<void> Negotiation::set_sender(TransceiverId id, SenderStreams sender) {
  return session_->set_sender(id, std::move(sender));
}

Result<void> Negotiation::stop(TransceiverId id) { return session_->stop(id); }
void Negotiation::add_data_channels() { session_->add_data_channels(); }

std::optional<TransceiverState> Negotiation::transceiver(TransceiverId id) const {
  const Transceiver* found = std::as_const(session_->transceivers_).find(id);
  return found == nullptr ? std::nullopt : std::optional(found->state);
}

std::vector<TransceiverState> Negotiation::transceivers() const {
  std::vector<TransceiverState> states;
  for (const Transceiver& each : session_->transceivers_.all()) {
    if (!each.state.stopped) states.push_back(each.state);
  }
  return states;
}

Result<SessionDescription> Negotiation::create_offer(const LocalTransport& transport) {
  return session_->create_offer(transport);
}

bool Negotiation::has_place_for_sctp_init() const { return session_->has_place_for_sctp_init(); }

Result<SessionDescription> Negotiation::create_answer(const LocalTransport& transport) {
  return session_->create_answer(transport);
}

Result<Changes> Negotiation::set_local_description(const SessionDescription& description) {
  return session_->set_local(description);
}

Result<Changes> Negotiation::set_remote_description(const SessionDescription& description) {
  return session_->set_remote(description);
}

Result<Changes> Negotiation::rollback() { return session_->rollback(); }

Result<std::string> Negotiation::add_remote_candidate(const TrickledCandidate& candidate) {
  return session_->add_remote_candidate(candidate);
}

SignalingState Negotiation::state() const { return session_->state_; }
bool Negotiation::negotiation_needed() const { return session_->negotiation_needed(); }

std::optional<SessionDescription> Negotiation::local_description(std::span<const std::string> candidates,
                                                                 bool end_of_candidates) const {
  const Description* description = session_->local();
  if (description == nullptr) return std::nullopt;
  const auto carrier = description->tagged();
  if (!carrier || (candidates.empty() && !end_of_candidates)) {
    return SessionDescription{description->type, description->text};
  }
  sdp::Session session = description->session;
  add_candidates(session.media[*carrier].attributes, candidates, end_of_candidates);
  return SessionDescription{description->type, sdp::write(session)};
}

std::optional<SessionDescription> Negotiation::remote_description() const {
  return text_of(session_->pending_remote_ ? session_->pending_remote_ : session_->current_remote_);
}
std::optional<SessionDescription> Negotiation::current_local_description() const {
  return text_of(session_->current_local_);
}
std::optional<SessionDescription> Negotiation::pending_local_description() const {
  return text_of(session_->pending_local_);
}
std::optional<SessionDescription> Negotiation::current_remote_description() const {
  return text_of(session_->current_remote_);
}
std::optional<SessionDescription> Negotiation::pending_remote_description() const {
  return text_of(session_->pending_remote_);
}

const std::string& Negotiation::detail() const { return session_->detail_; }

}  // namespace petrel::inline v0::jsep
