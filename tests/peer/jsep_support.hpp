#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/peer/jsep.hpp"
#include "petrel/sdp/attributes.hpp"
#include "petrel/sdp/parser.hpp"

namespace petrel::testing {

inline jsep::LocalTransport transport(std::string ufrag = "ours") {
  jsep::LocalTransport local;
  local.ice_ufrag = std::move(ufrag);
  local.ice_pwd = "ourPasswordIsTwentyTwoL";
  local.fingerprints = {"sha-256 AA:BB"};
  return local;
}

inline jsep::TransceiverInit sender(Kind kind, Direction direction = Direction::send_only) {
  jsep::TransceiverInit init;
  init.kind = kind;
  init.direction = direction;
  init.sender.stream_ids = {"camera"};
  init.sender.track_id = "track";
  init.sender.ssrc = kind == Kind::video ? 1000U : 2000U;
  init.sender.rtx_ssrc = kind == Kind::video ? std::optional<std::uint32_t>(1001) : std::nullopt;
  return init;
}

inline SessionDescription offer(std::string sdp) { return {SdpType::offer, std::move(sdp)}; }
inline SessionDescription answer(std::string sdp) { return {SdpType::answer, std::move(sdp)}; }

/// One m-line of a browser as small as it can be; `more` are further lines, each with its line end.
struct Line {
  std::string mid = "0";
  std::string media = "video 9 UDP/TLS/RTP/SAVPF 96";
  std::string direction = "sendrecv";
  std::string codecs = "a=rtpmap:96 VP8/90000\n";
  std::string setup = "actpass";
  bool mux = true;

  std::string text() const {
    std::string out =
        "m=" + media + "\nc=IN IP4 0.0.0.0\na=ice-ufrag:peer\na=ice-pwd:peerPasswordIsTwentyTwo\n";
    out += "a=fingerprint:sha-256 CC:DD\na=setup:" + setup + "\n";
    if (!mid.empty()) out += "a=mid:" + mid + "\n";
    if (mux) out += "a=rtcp-mux\n";
    return out + "a=" + direction + "\n" + codecs;
  }
};

inline std::string description(const std::vector<Line>& lines,
                               std::optional<std::string> bundle = std::nullopt) {
  std::string out = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n";
  if (!bundle) {
    bundle.emplace();
    for (const Line& line : lines) *bundle += ' ' + line.mid;
  }
  if (!bundle->empty()) out += "a=group:BUNDLE" + *bundle + "\n";
  for (const Line& line : lines) out += line.text();
  return out;
}

inline Line audio_line(std::string mid = "1") {
  Line line;
  line.mid = std::move(mid);
  line.media = "audio 9 UDP/TLS/RTP/SAVPF 111";
  line.codecs = "a=rtpmap:111 opus/48000/2\n";
  return line;
}

inline sdp::Session parsed(const std::string& text) { return sdp::parse(text).value(); }

/// Offer and answer between two of ours. Answers what each was told.
struct Exchange {
  jsep::Changes offerer;
  jsep::Changes answerer;
  std::string offer;
  std::string answer;
};
inline Exchange exchange(jsep::Negotiation& a, jsep::Negotiation& b, const std::string& a_ufrag = "aaaa",
                         const std::string& b_ufrag = "bbbb") {
  Exchange result;
  result.offer = a.create_offer(transport(a_ufrag)).value().sdp;
  static_cast<void>(a.set_local_description({SdpType::offer, {}}).value());
  static_cast<void>(b.set_remote_description({SdpType::offer, result.offer}).value());
  result.answer = b.create_answer(transport(b_ufrag)).value().sdp;
  result.answerer = b.set_local_description({SdpType::answer, {}}).value();
  result.offerer = a.set_remote_description({SdpType::answer, result.answer}).value();
  return result;
}

}  // namespace petrel::testing
