#include <algorithm>
#include <set>
#include <utility>

#include "peer/jsep_numbering.hpp"
#include "peer/jsep_sections.hpp"
#include "peer/jsep_session.hpp"
#include "petrel/sdp/writer.hpp"

namespace petrel::inline v0::jsep {

// RFC 9429 5.2.2: a place may be used again once both sides have seen it rejected.
bool Negotiation::Session::is_free(std::size_t index) const {
  const auto rejected = [&](const std::optional<Description>& description) {
    return description && index < description->media.size() && description->media[index].rejected;
  };
  return rejected(current_local_) && rejected(current_remote_);
}

std::string Negotiation::Session::new_mid(const std::vector<MediaLine>& lines) const {
  std::set<std::string_view> used;
  for (const MediaLine& line : lines) used.insert(line.mid);
  // A mid that was on a place used again must not come back with another meaning.
  for (const auto* description : {&current_local_, &current_remote_, &pending_local_, &pending_remote_}) {
    if (!*description) continue;
    for (const MediaDescription& media : (*description)->media) used.insert(media.mid);
  }
  for (std::size_t number = lines.size();; ++number) {
    std::string mid = std::to_string(number);
    if (!used.contains(mid)) return mid;
  }
}

// RFC 9429 5.2.1, 5.2.2: the places there are, then a place for each transceiver that has none.
std::vector<MediaLine> Negotiation::Session::plan_lines() const {
  std::vector<MediaLine> lines = transceivers_.lines();
  std::size_t next_free = 0;
  for (const Transceiver& each : transceivers_.all()) {
    if (each.state.mid || each.state.stopped) continue;
    while (next_free < lines.size() && (lines[next_free].transceiver || !is_free(next_free))) ++next_free;
    MediaLine line{new_mid(lines), each.state.id};
    if (next_free < lines.size()) {
      lines[next_free] = std::move(line);
    } else {
      lines.push_back(std::move(line));
      ++next_free;
    }
  }
  return lines;
}

Result<SessionDescription> Negotiation::Session::create_offer(const LocalTransport& transport) {
  if (state_ != SignalingState::stable && state_ != SignalingState::have_local_offer) {
    return fail(Errc::wrong_signaling_state, "create_offer in " + std::string(to_string(state_)));
  }
  std::vector<MediaLine> lines = plan_lines();
  if (lines.size() > max_media_lines) {
    return fail(Errc::too_many_transceivers, "at most " + std::to_string(max_media_lines) + " m-lines");
  }
  Numbering numbering;
  for (const auto* description : {&current_local_, &pending_local_}) {
    if (*description) numbering.remember(**description, true);
  }
  if (current_remote_) numbering.remember(*current_remote_, false);

  sdp::Session session = session_section(config_.session_id, version_ + 1, transport);
  sdp::Group bundle{"BUNDLE", {}};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Transceiver* transceiver =
        lines[i].transceiver ? transceivers_.find(*lines[i].transceiver) : nullptr;
    if (transceiver == nullptr || transceiver->state.stopped) {
      // RFC 9429 5.2.2: the place stays, as it last was.
      const Description* last = local() != nullptr ? local() : remote();
      MediaDescription gone = last != nullptr && i < last->media.size() ? last->media[i] : MediaDescription{};
      gone.mid = lines[i].mid;
      gone.mid_is_written = true;
      session.media.push_back(rejected_section(gone));
      continue;
    }
    const TransceiverState& state = transceiver->state;
    auto codecs = numbering.number(state.codecs);
    if (!codecs) return fail(codecs.error(), "m-line " + std::to_string(i) + ": too many codecs");
    SectionContent content;
    content.mid = lines[i].mid;
    content.kind = state.kind;
    content.direction = state.direction;
    content.codecs = *std::move(codecs);
    content.extensions = numbering.number(config_.header_extensions, state.kind);
    content.sender = state.sender;
    content.cname = config_.cname;
    // RFC 8842 5.2: actpass in every offer, later ones included.
    session.media.push_back(media_section(content, transport, sdp::Setup::Role::actpass));
    if (bundle.mids.empty()) {
      add_candidates(session.media.back().attributes, transport.candidates, transport.end_of_candidates);
    }
    bundle.mids.push_back(lines[i].mid);
  }
  if (!bundle.mids.empty()) session.attributes.insert(session.attributes.begin(), sdp::to_attribute(bundle));

  ++version_;
  created_ = Created{SdpType::offer, sdp::write(session), std::move(lines), {}};
  return SessionDescription{SdpType::offer, created_->text};
}

}  // namespace petrel::inline v0::jsep
