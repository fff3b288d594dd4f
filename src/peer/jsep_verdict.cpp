#include "peer/jsep_verdict.hpp"

#include <algorithm>
#include <utility>

#include "peer/codec_match.hpp"

namespace petrel::inline v0::jsep {
namespace {

std::vector<Codec> plain(const std::vector<DescribedCodec>& described) {
  std::vector<Codec> codecs;
  for (const DescribedCodec& each : described) codecs.push_back(each.codec);
  return codecs;
}

// For messages: those that differ from ours by name only clutter what a person has to compare.
std::vector<Codec> comparable(const std::vector<Codec>& theirs, const std::vector<Codec>& ours) {
  std::vector<Codec> same_name;
  for (const Codec& each : theirs) {
    const bool is_ours =
        std::ranges::any_of(ours, [&](const Codec& own) { return equal_names(own.name, each.name); });
    if (is_ours) same_name.push_back(each);
  }
  return same_name.empty() ? theirs : same_name;
}

std::string no_common_codec(const MediaDescription& media, const std::vector<Codec>& ours) {
  return "no common codec; " + both_sides(ours, comparable(plain(media.codecs), ours));
}

// RFC 3264 6.1: each under the number that the offer gave it; in our order where that was asked for,
// else in the offer's, which the answerer SHOULD keep.
std::vector<DescribedCodec> common_codecs(const MediaDescription& offered, const std::vector<Codec>& ours,
                                          bool our_order) {
  std::vector<DescribedCodec> common;
  for (const Codec& own : ours) {
    for (const DescribedCodec& theirs : offered.codecs) {
      if (!same_codec(own, theirs.codec)) continue;
      if (std::ranges::find(common, theirs.payload_type, &DescribedCodec::payload_type) != common.end())
        continue;
      DescribedCodec agreed{theirs.payload_type, answer_to(theirs.codec, own), std::nullopt};
      if (agreed.codec.retransmission) agreed.rtx_payload_type = theirs.rtx_payload_type;
      common.push_back(std::move(agreed));
      break;
    }
  }
  if (!our_order) {
    std::ranges::sort(common, {}, [&](const DescribedCodec& each) {
      return std::ranges::find(offered.codecs, each.payload_type, &DescribedCodec::payload_type);
    });
  }
  return common;
}

Verdict refuse(Errc error, std::string detail) { return {make_error_code(error), std::move(detail), {}}; }

Verdict judge_data_channels(const MediaDescription& offered, const std::string& name, bool has_the_place) {
  if (!offered.data_channels) {
    return refuse(Errc::unsupported_media, name + "not for the application webrtc-datachannel");
  }
  if (!is_dtls_sctp(offered.protocol)) {
    return refuse(Errc::unsupported_protocol, name + offered.protocol + " is not SCTP over DTLS");
  }
  if (!has_the_place) {
    return refuse(Errc::second_data_section, name + "another m-line carries the data channels already");
  }
  // RFC 8841 5.2: the peer wants no association.
  if (offered.data_channels->sctp_port == 0) return refuse(Errc::rejected_by_peer, name + "a=sctp-port:0");
  return {};
}

Verdict judge(const MediaDescription& offered, std::size_t index, const Transceivers& transceivers) {
  const std::string name = name_of(offered, index) + ": ";
  if (offered.rejected) return refuse(Errc::rejected_by_peer, name + "port 0");
  if (offered.media == "application") {
    return judge_data_channels(offered, name, transceivers.data_line() == index);
  }
  if (!offered.kind) return refuse(Errc::unsupported_media, name + "neither audio nor video nor data");
  const Transceiver* transceiver = transceivers.on_line(index);
  if (!is_dtls_srtp(offered.protocol)) {
    return refuse(Errc::unsupported_protocol, name + offered.protocol + " is not DTLS-SRTP");
  }
  if (!offered.rtcp_mux) return refuse(Errc::rtcp_mux_required, name + "no a=rtcp-mux");
  if (transceiver == nullptr || transceiver->state.stopped) return refuse(Errc::stopped, name + "stopped");
  Verdict verdict;
  verdict.codecs = common_codecs(offered, transceiver->state.codecs, transceiver->state.codecs_chosen);
  if (verdict.codecs.empty()) {
    return refuse(Errc::no_common_codec, name + no_common_codec(offered, transceiver->state.codecs));
  }
  return verdict;
}

Result<void> fail(Errc error, std::string& detail, std::string what) {
  detail = std::move(what);
  return error;
}

Result<void> check_answered_line(const MediaDescription& answer, const MediaDescription& offer,
                                 std::size_t index, std::string& detail) {
  const std::string name = name_of(offer, index) + ": ";
  if (answer.media != offer.media) {
    return fail(Errc::answer_does_not_match_offer, detail, name + "answered as " + answer.media);
  }
  if (answer.mid != offer.mid) {
    return fail(Errc::answer_does_not_match_offer, detail, name + "answered with the mid " + answer.mid);
  }
  if (answer.rejected) return {};
  if (offer.rejected)
    return fail(Errc::answer_does_not_match_offer, detail, name + "accepted, but it was not offered");
  // Some peers answer RTP/SAVPF to UDP/TLS/RTP/SAVPF; both are the same thing.
  if (is_dtls_srtp(answer.protocol) != is_dtls_srtp(offer.protocol) ||
      is_dtls_sctp(answer.protocol) != is_dtls_sctp(offer.protocol)) {
    return fail(Errc::answer_does_not_match_offer, detail, name + "answered over " + answer.protocol);
  }
  if (offer.data_channels && !answer.data_channels) {
    return fail(Errc::answer_does_not_match_offer, detail, name + "answered for another application");
  }
  if (!offer.kind) return {};
  if (!answer.rtcp_mux) return fail(Errc::rtcp_mux_required, detail, name + "the answer has no a=rtcp-mux");
  const bool has_common = std::ranges::any_of(answer.codecs, [&](const DescribedCodec& theirs) {
    return std::ranges::any_of(
        offer.codecs, [&](const DescribedCodec& ours) { return same_codec(ours.codec, theirs.codec); });
  });
  if (!has_common)
    return fail(Errc::no_common_codec, detail, name + no_common_codec(answer, plain(offer.codecs)));
  return {};
}

}  // namespace

std::vector<Verdict> judge_offer(const Description& offer, const Transceivers& transceivers) {
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    verdicts.push_back(judge(offer.media[i], i, transceivers));
  }
  // One transport: what is bundled with the first accepted m-line shares it, the rest goes without.
  const auto first = std::ranges::find_if(verdicts, &Verdict::accepted);
  if (first == verdicts.end()) return verdicts;
  const auto kept = static_cast<std::size_t>(first - verdicts.begin());
  const auto* group = offer.bundle_of(offer.media[kept].mid);
  for (std::size_t i = kept + 1; i < verdicts.size(); ++i) {
    if (!verdicts[i].accepted()) continue;
    const bool shares = group != nullptr && std::ranges::find(*group, offer.media[i].mid) != group->end();
    if (!shares) {
      verdicts[i] = refuse(Errc::not_bundled, name_of(offer.media[i], i) + ": not bundled with " +
                                                  name_of(offer.media[kept], kept));
    }
  }
  return verdicts;
}

std::optional<std::size_t> tagged(const Description& offer, const std::vector<Verdict>& verdicts) {
  const auto first = std::ranges::find_if(verdicts, &Verdict::accepted);
  if (first == verdicts.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(first - verdicts.begin());
  const auto* group = offer.bundle_of(offer.media[index].mid);
  if (group == nullptr) return index;
  for (const std::string& mid : *group) {
    const auto member = offer.index_of(mid);
    if (member && verdicts[*member].accepted()) return member;
  }
  return index;
}

const MediaDescription* transport_section(const Description& remote, std::size_t tagged_index) {
  const MediaDescription& own = remote.media[tagged_index];
  if (own.has_credentials()) return &own;
  if (const auto* group = remote.bundle_of(own.mid)) {
    for (const std::string& mid : *group) {
      const auto member = remote.index_of(mid);
      if (member && remote.media[*member].has_credentials()) return &remote.media[*member];
    }
  }
  return nullptr;
}

Result<void> check_transport(const Description& remote, std::size_t tagged_index, std::string& detail) {
  const std::string name = name_of(remote.media[tagged_index], tagged_index) + ": ";
  const MediaDescription* section = transport_section(remote, tagged_index);
  if (section == nullptr)
    return fail(Errc::missing_ice_credentials, detail, name + "no a=ice-ufrag and a=ice-pwd");
  if (section->fingerprints.empty())
    return fail(Errc::missing_fingerprint, detail, name + "no a=fingerprint");
  using Role = sdp::Setup::Role;
  // RFC 8842 5: holdconn is not used, and an answer has to choose.
  const bool is_open = remote.type != SdpType::offer && section->setup == Role::actpass;
  if (section->setup == Role::holdconn || is_open) {
    return fail(Errc::invalid_setup, detail,
                name + "a=setup:" + (is_open ? "actpass in an answer" : "holdconn"));
  }
  return {};
}

Result<void> check_continuation(const Description& offer, const std::vector<MediaLine>& lines,
                                const std::vector<bool>& is_free, const Description* before,
                                std::string& detail) {
  if (offer.media.size() < lines.size()) {
    return fail(Errc::offer_does_not_match_session, detail,
                std::to_string(offer.media.size()) + " m-lines, where the session has " +
                    std::to_string(lines.size()));
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_free[i]) continue;
    const std::string name = name_of(offer.media[i], i) + ": ";
    if (offer.media[i].mid != lines[i].mid) {
      return fail(Errc::offer_does_not_match_session, detail,
                  name + "this place belongs to the mid " + lines[i].mid);
    }
    if (before != nullptr && i < before->media.size() && before->media[i].media != offer.media[i].media) {
      return fail(Errc::offer_does_not_match_session, detail, name + "was " + before->media[i].media);
    }
  }
  return {};
}

void adopt_mids(Description& answer, const Description& offer) {
  for (std::size_t i = 0; i < answer.media.size() && i < offer.media.size(); ++i) {
    if (answer.media[i].mid_is_written) continue;
    answer.media[i].mid = offer.media[i].mid;
    if (answer.media[i].data_channels) answer.media[i].data_channels->mid = offer.media[i].mid;
  }
}

Result<void> check_answer(const Description& answer, const Description& offer, std::string& detail) {
  if (answer.media.size() != offer.media.size()) {
    return fail(
        Errc::answer_does_not_match_offer, detail,
        std::to_string(answer.media.size()) + " m-lines answer " + std::to_string(offer.media.size()));
  }
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (auto checked = check_answered_line(answer.media[i], offer.media[i], i, detail); !checked)
      return checked;
  }
  for (const auto& group : answer.bundles) {
    if (group.empty()) continue;
    // RFC 9143 7.3.1: a group of the answer is a part of one of the offer.
    const auto* offered = offer.bundle_of(group.front());
    const bool is_part = offered != nullptr && std::ranges::all_of(group, [&](const std::string& mid) {
                           return std::ranges::find(*offered, mid) != offered->end();
                         });
    if (!is_part) {
      return fail(Errc::answer_does_not_match_offer, detail,
                  "a=group:BUNDLE holds mids that were not offered as one");
    }
  }
  if (const auto carrier = answer.tagged()) return check_transport(answer, *carrier, detail);
  return {};
}

}  // namespace petrel::inline v0::jsep
