#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/strong.hpp"
#include "petrel/rtp/payload/format.hpp"
#include "petrel/rtp/wire/sequence.hpp"

namespace petrel::inline v0::rtp {

using MediaId = Strong<std::uint32_t, struct MediaIdTag>;

/// Names one packet whose ciphertext is to be kept for retransmission.
using ProtectedToken = Strong<std::uint64_t, struct ProtectedTokenTag>;

enum class MediaKind : std::uint8_t { audio, video };

/// The rtcp-fb lines that both sides agreed on, RFC 4585 4.2 and RFC 5104 7.1.
struct Feedback {
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool remb = false;
  bool transport_cc = false;
};

/// The ids of the RTP header extensions that a session knows, RFC 8285 5: 1…255 where agreed.
struct HeaderExtensionIds {
  std::optional<std::uint8_t> mid{};           ///< urn:ietf:params:rtp-hdrext:sdes:mid
  std::optional<std::uint8_t> rid{};           ///< …:sdes:rtp-stream-id
  std::optional<std::uint8_t> repaired_rid{};  ///< …:sdes:repaired-rtp-stream-id
  std::optional<std::uint8_t> abs_send_time{};
  std::optional<std::uint8_t> transport_wide_sequence{};  ///< transport-wide-cc
  std::optional<std::uint8_t> audio_level{};  ///< Not read here; for who takes packets as they come.
};

/// One payload type of an m-line, with the payload type of its retransmission (RFC 4588 8.6, apt).
struct PayloadConfig {
  PayloadType payload_type{};
  PayloadFormat format = PayloadFormat::raw;  ///< How frames become payloads, and back.
  std::uint32_t clock_rate = 90'000;
  std::optional<PayloadType> rtx{};
  Feedback feedback;
};

/// A remote stream that signalling announced: a=ssrc, with its retransmission from a=ssrc-group:FID.
struct SignalledStream {
  Ssrc ssrc;
  std::optional<Ssrc> rtx{};
};

/// An m-line as negotiated, in the direction seen from here.
struct MediaConfig {
  MediaKind kind = MediaKind::video;
  std::string mid;
  bool sending = false;
  bool receiving = false;
  /// In order of preference: frames are sent with the first. Received are all of them.
  std::vector<PayloadConfig> payloads;
  HeaderExtensionIds extensions;
  std::vector<SignalledStream> remote_streams;
  /// The SSRCs that signalling announced for what we send; the session draws those that are absent.
  std::optional<Ssrc> local_ssrc;
  std::optional<Ssrc> local_rtx_ssrc;
  bool reduced_size_rtcp = false;  ///< RFC 5506, a=rtcp-rsize.
  /// PacketReceived events instead of frames.
  bool deliver_packets = false;
};

}  // namespace petrel::inline v0::rtp
