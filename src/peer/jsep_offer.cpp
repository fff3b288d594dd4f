#include <algorithm>
#include <set>
#include <utility>

#include "peer/jsep_numbering.hpp"
#include "peer/jsep_sections.hpp"
#include "peer/jsep_session.hpp"
#include "petrel/sdp/writer.hpp"

namespace petrel::inline v0::jsep {

// RFC 9429 5.2.2: a place may be used again once either side has rejected it and both know.
bool Negotiation::Session::is_free(std::size_t index) const {
  const auto rejected = [&](const std::optional<Description>& description) {
    return description && index < description->media.size() && description->media[index].rejected;
  };
  return rejected(current_local_) || rejected(current_remote_);
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

// On the first place that may be used again, or at the end.
void Negotiation::Session::place(MediaLine line, std::vector<MediaLine>& lines) const {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].transceiver || lines[i].data_channels || !is_free(i)) continue;
    lines[i] = std::move(line);
    return;
  }
  lines.push_back(std::move(line));
}

// RFC 9429 5.2.1, 5.2.2: the places there are, then a place for each transceiver that has none, and
// one for the data channels; before all others where they are always negotiated.
std::vector<MediaLine> Negotiation::Session::plan_lines() const {
  std::vector<MediaLine> lines = transceivers_.lines();
  const bool has_data_channels = transceivers_.data_line().has_value();
  const bool always = config_.always_negotiate_data_channels && !has_data_channels && lines.empty();
  if (always) place({new_mid(lines), std::nullopt, true}, lines);
  for (const Transceiver& each : transceivers_.all()) {
    if (each.state.mid || each.state.stopped) continue;
    place({new_mid(lines), each.state.id}, lines);
  }
  if (wants_data_channels_ && !has_data_channels && !always) {
    place({new_mid(lines), std::nullopt, true}, lines);
  }
  return lines;
}

// RFC 9429 5.2.2: the place stays, as it last was.
sdp::MediaSection Negotiation::Session::gone_section(const MediaLine& line, std::size_t index) const {
  const Description* last = local() != nullptr ? local() : remote();
  MediaDescription gone =
      last != nullptr && index < last->media.size() ? last->media[index] : MediaDescription{};
  gone.mid = line.mid;
  gone.mid_is_written = true;
  return rejected_section(gone);
}

// A place that is in use keeps its form, the one before RFC 8841 too.
std::string Negotiation::Session::data_protocol(std::size_t index) const {
  const bool in_use = current_remote_ && index < current_remote_->media.size() &&
                      current_remote_->media[index].data_channels && !current_remote_->media[index].rejected;
  return in_use ? current_remote_->media[index].protocol : DataContent{}.protocol;
}

DataContent Negotiation::Session::data_content(std::string mid, std::string protocol) const {
  return {std::move(mid), std::move(protocol), config_.sctp_port, config_.max_message_size, {}};
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
  // RFC 8842 5.2: actpass in every offer, later ones included.
  constexpr auto setup = sdp::Setup::Role::actpass;
  const auto add = [&](const MediaLine& line, sdp::MediaSection section) {
    session.media.push_back(std::move(section));
    if (bundle.mids.empty()) {
      add_candidates(session.media.back().attributes, transport.candidates, transport.end_of_candidates);
    }
    bundle.mids.push_back(line.mid);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].data_channels) {
      DataContent data = data_content(lines[i].mid, data_protocol(i));
      data.sctp_init = transport.sctp_init;
      add(lines[i], data_section(data, transport, setup));
      continue;
    }
    const Transceiver* transceiver =
        lines[i].transceiver ? transceivers_.find(*lines[i].transceiver) : nullptr;
    if (transceiver == nullptr || transceiver->state.stopped) {
      session.media.push_back(gone_section(lines[i], i));
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
    add(lines[i], media_section(content, transport, setup));
  }
  if (!bundle.mids.empty()) session.attributes.insert(session.attributes.begin(), sdp::to_attribute(bundle));

  ++version_;
  created_ = Created{SdpType::offer, sdp::write(session), std::move(lines), {}};
  return SessionDescription{SdpType::offer, created_->text};
}

}  // namespace petrel::inline v0::jsep
