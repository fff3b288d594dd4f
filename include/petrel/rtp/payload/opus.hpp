#pragma once

#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp::opus {

/// RFC 7587 4.1: whatever the audio's own rate.
constexpr std::uint32_t clock_rate = 48'000;

/// The longest packet, RFC 6716 3.2.5 (R5).
constexpr Duration longest_packet = std::chrono::milliseconds(120);

/// What the first byte or two of an Opus packet say, RFC 6716 3.1 and 3.2.
struct Shape {
  bool stereo = false;
  std::uint8_t frames = 0;    ///< 1 to 48.
  Duration frame_duration{};  ///< 2.5 to 60 ms.

  Duration duration() const { return frames * frame_duration; }
  /// In units of `clock_rate`: what the timestamp advances by.
  std::uint32_t timestamp_units() const {
    return static_cast<std::uint32_t>(duration() / std::chrono::microseconds(2500)) * (clock_rate / 400);
  }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// rtp::Errc::empty_payload, truncated, or malformed_payload for no frames or more than 120 ms of them.
PETREL_API Result<Shape> parse_shape(Bytes packet);

}  // namespace petrel::inline v0::rtp::opus
