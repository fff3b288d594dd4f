#include "peer/jsep_changes.hpp"

#include <algorithm>
#include <utility>

#include "peer/codec_match.hpp"

namespace petrel::inline v0::jsep {
namespace {

const DescribedCodec* counterpart(const DescribedCodec& codec, const std::vector<DescribedCodec>& others) {
  const DescribedCodec* found = nullptr;
  for (const DescribedCodec& each : others) {
    if (!same_codec(codec.codec, each.codec)) continue;
    // The same number, where a side offers a codec under several.
    if (each.payload_type == codec.payload_type) return &each;
    if (found == nullptr) found = &each;
  }
  return found;
}

// RFC 3264 6.1, 7: what we send goes under the numbers and parameters of their side, what we
// receive under those of ours. The order of the answer is the order of preference.
void agree_on_codecs(MediaChange& change, const MediaDescription& local, const MediaDescription& remote,
                     bool we_answered) {
  for (const DescribedCodec& answered : we_answered ? local.codecs : remote.codecs) {
    const DescribedCodec* other = counterpart(answered, we_answered ? remote.codecs : local.codecs);
    if (other == nullptr) continue;
    const DescribedCodec& ours = we_answered ? answered : *other;
    const DescribedCodec& theirs = we_answered ? *other : answered;
    NegotiatedCodec send{theirs.payload_type, to_send(ours.codec, theirs.codec), std::nullopt};
    NegotiatedCodec receive{ours.payload_type, ours.codec, std::nullopt};
    receive.codec.feedback = send.codec.feedback;
    receive.codec.retransmission = send.codec.retransmission;
    if (send.codec.retransmission) {
      send.rtx_payload_type = theirs.rtx_payload_type;
      receive.rtx_payload_type = ours.rtx_payload_type;
    }
    change.send_codecs.push_back(std::move(send));
    change.receive_codecs.push_back(std::move(receive));
  }
}

void agree_on_extensions(MediaChange& change, const MediaDescription& local, const MediaDescription& remote) {
  for (const sdp::ExtensionMap& ours : local.extensions) {
    // RFC 8285 6: an answer keeps the offer's ids, so one number serves both ways.
    const bool is_agreed = std::ranges::any_of(remote.extensions, [&](const sdp::ExtensionMap& theirs) {
      return theirs.uri == ours.uri && theirs.id == ours.id;
    });
    if (is_agreed && ours.id <= 255)
      change.extensions.push_back({static_cast<std::uint8_t>(ours.id), ours.uri});
  }
}

// Where the transport's candidates stand. Firefox writes some into each m-line, of which only
// those of the tagged one lead to the transport in use; Chromium writes them into the m-line
// that it would tag, which we may have refused.
const MediaDescription& candidate_section(const Description& remote, const MediaDescription& section) {
  const auto* group = remote.bundle_of(section.mid);
  if (!section.candidates.empty() || group == nullptr) return section;
  for (const std::string& mid : *group) {
    const auto member = remote.index_of(mid);
    if (!member) continue;
    const MediaDescription& media = remote.media[*member];
    if (media.ice_ufrag == section.ice_ufrag && !media.candidates.empty()) return media;
  }
  return section;
}

void describe_remote(MediaChange& change, const MediaDescription& remote) {
  change.remote_streams = remote.streams;
  change.remote_stream_ids = remote.stream_ids;
  change.remote_track_id = remote.track_id;
  change.reduced_size_rtcp = remote.rtcp_rsize;
}

MediaChange common(const MediaDescription& media, std::size_t index, const Transceiver& transceiver) {
  MediaChange change;
  change.media_line = index;
  change.mid = media.mid;
  change.kind = transceiver.state.kind;
  change.transceiver = transceiver.state.id;
  change.local = transceiver.state.sender;
  return change;
}

}  // namespace

std::optional<DtlsRole> role_of(const Agreement& agreement, std::size_t tagged) {
  using Role = sdp::Setup::Role;
  if (agreement.we_answered) {
    const auto setup = agreement.local.media[tagged].setup;
    return setup == Role::passive ? DtlsRole::server : DtlsRole::client;
  }
  const MediaDescription* section = transport_section(agreement.remote, tagged);
  if (section == nullptr) return std::nullopt;
  // Without a=setup RFC 4145 4 means passive; those who leave it out are active (as libwebrtc
  // assumes, and this deviates with it).
  return section->setup == Role::passive ? DtlsRole::client : DtlsRole::server;
}

TransportChange transport_change(const Description& remote, std::size_t tagged) {
  TransportChange change;
  change.mid = remote.media[tagged].mid;
  change.media_line = tagged;
  change.ice_lite = remote.ice_lite;
  const MediaDescription* section = transport_section(remote, tagged);
  if (section == nullptr) return change;
  change.ice_ufrag = section->ice_ufrag;
  change.ice_pwd = section->ice_pwd;
  change.fingerprints = section->fingerprints;
  change.trickle = section->trickle;
  change.renomination = section->renomination;

  const MediaDescription& source = candidate_section(remote, *section);
  for (const std::string& candidate : source.candidates) change.candidates.push_back({candidate, source.mid});
  change.end_of_candidates = source.end_of_candidates;
  return change;
}

MediaChange media_change(const Agreement& agreement, std::size_t index, const Transceiver& transceiver,
                         const Verdict* verdict) {
  const MediaDescription& local = agreement.local.media[index];
  const MediaDescription& remote = agreement.remote.media[index];
  MediaChange change = common(remote, index, transceiver);
  const bool is_refused = verdict != nullptr && !verdict->accepted();
  if (local.rejected || remote.rejected || is_refused) {
    change.accepted = false;
    if (is_refused) {
      change.reason = verdict->refusal;
      change.detail = verdict->detail;
    } else {
      const Errc reason = local.rejected ? Errc::stopped : Errc::rejected_by_peer;
      change.reason = reason;
      change.detail = name_of(remote, index) + (local.rejected ? ": stopped" : ": rejected by the peer");
    }
    return change;
  }
  change.direction = intersection(local.direction, reversed(remote.direction));
  agree_on_codecs(change, local, remote, agreement.we_answered);
  agree_on_extensions(change, local, remote);
  describe_remote(change, remote);
  change.reduced_size_rtcp = local.rtcp_rsize && remote.rtcp_rsize;
  const bool has_rtx = std::ranges::any_of(
      change.send_codecs, [](const NegotiatedCodec& codec) { return codec.rtx_payload_type.has_value(); });
  if (!has_rtx) change.local.rtx_ssrc.reset();
  return change;
}

DataChannelChange data_change(const Agreement& agreement, std::size_t index, const Verdict* verdict) {
  const MediaDescription& local = agreement.local.media[index];
  const MediaDescription& remote = agreement.remote.media[index];
  DataChannelChange change = remote.data_channels.value_or(DataChannelChange{});
  change.media_line = index;
  change.mid = remote.mid;
  change.accepted = false;
  if (!local.data_channels || local.data_channels->sctp_init.empty()) change.sctp_init.clear();
  if (verdict != nullptr && !verdict->accepted()) {
    change.reason = verdict->refusal;
    change.detail = verdict->detail;
  } else if (local.rejected || remote.rejected) {
    const Errc reason = local.rejected ? Errc::stopped : Errc::rejected_by_peer;
    change.reason = reason;
    change.detail = name_of(remote, index) + (local.rejected ? ": stopped" : ": rejected by the peer");
  } else {
    change.accepted = true;
  }
  return change;
}

MediaChange media_offer(const Description& offer, bool is_remote, std::size_t index,
                        const Transceiver& transceiver) {
  const MediaDescription& media = offer.media[index];
  MediaChange change = common(media, index, transceiver);
  change.direction = transceiver.state.direction;
  if (!is_remote) return change;
  change.direction = intersection(change.direction, reversed(media.direction));
  describe_remote(change, media);
  return change;
}

}  // namespace petrel::inline v0::jsep
