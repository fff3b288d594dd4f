#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

// The values that travel in header extensions. Each type reads itself from the value of
// an element, nullopt if it has the wrong size or an impossible content, and writes
// itself as the bytes for ExtensionBlock::add() or overwrite_extension().

/// When a packet left, on the sender's own clock, in seconds modulo 64:
/// http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
struct PETREL_API AbsSendTime {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
  std::uint32_t value = 0;  ///< 24 bits, 2^-18 s each.

  static AbsSendTime at(TimePoint time);
  static std::optional<AbsSendTime> parse(Bytes value);
  std::array<std::byte, 3> bytes() const;
  friend bool operator==(AbsSendTime, AbsSendTime) = default;
};

/// A packet's number among all packets of the transport, for transport-wide feedback:
/// draft-holmer-rmcat-transport-wide-cc-extensions-01 2.
struct PETREL_API TransportNumber {
  static constexpr std::string_view uri =
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
  std::uint16_t value = 0;

  static std::optional<TransportNumber> parse(Bytes value);
  std::array<std::byte, 2> bytes() const;
  friend bool operator==(TransportNumber, TransportNumber) = default;
};

/// How loud the packet's audio is, RFC 6464 3.
struct PETREL_API AudioLevel {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
  bool voice = false;
  std::uint8_t level = 127;  ///< In -dBov: 0 is loudest, 127 is silence.

  static std::optional<AudioLevel> parse(Bytes value);
  std::array<std::byte, 1> bytes() const;
  friend bool operator==(AudioLevel, AudioLevel) = default;
};

/// How to turn the picture before it is shown, 3GPP TS 26.114 7.4.5.
struct PETREL_API VideoOrientation {
  static constexpr std::string_view uri = "urn:3gpp:video-orientation";
  bool back_camera = false;
  bool flipped = false;  ///< Mirrored horizontally.
  std::uint16_t degrees =
      0;  ///< 0, 90, 180 or 270, counter-clockwise, as TS 26.114 counts the camera's turn.

  static std::optional<VideoOrientation> parse(Bytes value);
  std::array<std::byte, 1> bytes() const;
  friend bool operator==(VideoOrientation, VideoOrientation) = default;
};

/// How long the receiver should hold frames back:
/// http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
struct PETREL_API PlayoutDelay {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
  static constexpr Duration unit = std::chrono::milliseconds(10);
  static constexpr Duration longest = 4095 * unit;  // 12 bits.
  Duration min{};
  Duration max{};

  /// nullopt for min above max too.
  static std::optional<PlayoutDelay> parse(Bytes value);
  /// Rounded down to `unit` and held within 0 and `longest`.
  std::array<std::byte, 3> bytes() const;
  friend bool operator==(PlayoutDelay, PlayoutDelay) = default;
};

/// How much later than its timestamp the packet was sent, in units of the RTP clock, RFC 5450 2.
struct PETREL_API TransmissionOffset {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:toffset";
  std::int32_t value = 0;  ///< 24 bits with sign.

  static std::optional<TransmissionOffset> parse(Bytes value);
  std::array<std::byte, 3> bytes() const;
  friend bool operator==(TransmissionOffset, TransmissionOffset) = default;
};

/// When the frame was captured, on the capturer's wall clock:
/// http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
struct PETREL_API AbsCaptureTime {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
  NtpTime captured{};
  /// What a mixer adds: its estimate of the capturer's clock minus its own, in 2^-32 s.
  std::optional<std::int64_t> clock_offset;

  /// 8 or 16 bytes.
  static std::optional<AbsCaptureTime> parse(Bytes value);
  /// The short form, which is what a capturer sends.
  std::array<std::byte, 8> bytes() const;
  friend bool operator==(const AbsCaptureTime&, const AbsCaptureTime&) = default;
};

// These carry an SDES item as bare text: RFC 9143 15.2 and RFC 8852 3.
constexpr std::string_view mid_uri = "urn:ietf:params:rtp-hdrext:sdes:mid";
constexpr std::string_view rid_uri = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
constexpr std::string_view repaired_rid_uri = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

/// The text of a mid, rid or repaired-rid element; nullopt if it is empty or has anything but visible ASCII,
/// which is all that the tokens of SDP have.
PETREL_API std::optional<std::string_view> parse_sdes_text(Bytes value);

}  // namespace petrel::inline v0::rtp
