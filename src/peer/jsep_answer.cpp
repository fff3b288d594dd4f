#include <algorithm>
#include <utility>

#include "peer/jsep_sections.hpp"
#include "peer/jsep_session.hpp"
#include "petrel/sdp/writer.hpp"

namespace petrel::inline v0::jsep {
namespace {

// RFC 8285 6: those of the offer that we know, under the offer's ids.
std::vector<sdp::ExtensionMap> common_extensions(const MediaDescription& offered,
                                                 const std::vector<HeaderExtension>& ours) {
  std::vector<sdp::ExtensionMap> common;
  for (const sdp::ExtensionMap& extension : offered.extensions) {
    const bool is_known = std::ranges::any_of(ours, [&](const HeaderExtension& known) {
      return known.uri == extension.uri && (offered.kind == Kind::audio ? known.audio : known.video);
    });
    // Ids of 4096 and more ask the answerer to choose one; nobody in WebRTC does that.
    if (!is_known || extension.id > 255) continue;
    sdp::ExtensionMap answer{extension.id, std::nullopt, extension.uri, {}};
    using Way = sdp::MediaDirection;
    if (extension.direction == Way::sendonly) answer.direction = Way::recvonly;
    if (extension.direction == Way::recvonly) answer.direction = Way::sendonly;
    common.push_back(std::move(answer));
  }
  return common;
}

}  // namespace

// RFC 8842 5.3: the offer's choice, else the role that the DTLS association has, else our preference.
sdp::Setup::Role Negotiation::Session::answered_role(const Description& offer,
                                                     std::size_t tagged_index) const {
  using Role = sdp::Setup::Role;
  const MediaDescription* section = transport_section(offer, tagged_index);
  if (section != nullptr && section->setup == Role::active) return Role::passive;
  if (section != nullptr && section->setup == Role::passive) return Role::active;
  const bool keeps_association =
      agreed_role_ && section != nullptr && section->fingerprints == agreed_fingerprints_;
  const DtlsRole role = keeps_association ? *agreed_role_ : config_.preferred_role;
  return role == DtlsRole::client ? Role::active : Role::passive;
}

bool Negotiation::Session::has_place_for_sctp_init() const {
  if (state_ != SignalingState::have_remote_offer && state_ != SignalingState::have_local_pranswer) {
    return std::ranges::any_of(plan_lines(), &MediaLine::data_channels);
  }
  return std::ranges::any_of(pending_remote_->media, [](const MediaDescription& media) {
    return media.data_channels && !media.data_channels->sctp_init.empty();
  });
}

Result<SessionDescription> Negotiation::Session::create_answer(const LocalTransport& transport) {
  if (state_ != SignalingState::have_remote_offer && state_ != SignalingState::have_local_pranswer) {
    return fail(Errc::wrong_signaling_state, "create_answer in " + std::string(to_string(state_)));
  }
  const Description& offer = *pending_remote_;
  std::vector<Verdict> verdicts = judge_offer(offer, transceivers_);
  const auto carrier = tagged(offer, verdicts);

  sdp::Session session = session_section(config_.session_id, version_ + 1, transport);
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& offered = offer.media[i];
    if (!verdicts[i].accepted()) {
      session.media.push_back(rejected_section(offered));
      continue;
    }
    if (offered.data_channels) {
      DataContent data = data_content(offered.mid_is_written ? offered.mid : "", offered.protocol);
      if (!offered.data_channels->sctp_init.empty()) data.sctp_init = transport.sctp_init;
      session.media.push_back(data_section(data, transport, answered_role(offer, *carrier)));
      continue;
    }
    const TransceiverState& state = transceivers_.on_line(i)->state;
    SectionContent content;
    if (offered.mid_is_written) content.mid = offered.mid;
    content.kind = state.kind;
    content.protocol = offered.protocol;
    // RFC 3264 6.1: no more than the offer leaves us.
    content.direction = intersection(state.direction, reversed(offered.direction));
    content.codecs = verdicts[i].codecs;
    content.extensions = common_extensions(offered, config_.header_extensions);
    content.reduced_size_rtcp = offered.rtcp_rsize;
    content.is_offer = false;
    content.sender = state.sender;
    content.cname = config_.cname;
    session.media.push_back(media_section(content, transport, answered_role(offer, *carrier)));
  }
  if (carrier) {
    add_candidates(session.media[*carrier].attributes, transport.candidates, transport.end_of_candidates);
    // RFC 9143 7.3: the group of the offer without what was refused, its order kept.
    if (const auto* group = offer.bundle_of(offer.media[*carrier].mid)) {
      sdp::Group bundle{"BUNDLE", {}};
      for (const std::string& mid : *group) {
        const auto member = offer.index_of(mid);
        if (member && verdicts[*member].accepted()) bundle.mids.push_back(mid);
      }
      session.attributes.insert(session.attributes.begin(), sdp::to_attribute(bundle));
    }
  }
  ++version_;
  created_ = Created{SdpType::answer, sdp::write(session), {}, std::move(verdicts)};
  return SessionDescription{SdpType::answer, created_->text};
}

}  // namespace petrel::inline v0::jsep
