#include "petrel/rtp/wire/elements.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {
namespace {

template <std::size_t Size>
std::array<std::byte, Size> big_endian(std::uint64_t value) {
  std::array<std::byte, Size> out;
  for (std::size_t i = 0; i < Size; ++i) {
    out[i] = static_cast<std::byte>((value >> (8 * (Size - 1 - i))) & 0xff);
  }
  return out;
}

std::uint64_t number(Bytes value) {
  std::uint64_t result = 0;
  for (const std::byte b : value) result = (result << 8) | std::to_integer<std::uint64_t>(b);
  return result;
}

}  // namespace

AbsSendTime AbsSendTime::at(TimePoint time) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t round = 64 * second;
  const std::int64_t ns = time.time_since_epoch().count() % round;
  const std::int64_t within = ns < 0 ? ns + round : ns;
  return {static_cast<std::uint32_t>((within << 18) / second)};
}

std::optional<AbsSendTime> AbsSendTime::parse(Bytes value) {
  if (value.size() != 3) return std::nullopt;
  return AbsSendTime{static_cast<std::uint32_t>(number(value))};
}

std::array<std::byte, 3> AbsSendTime::bytes() const { return big_endian<3>(value); }

std::optional<TransportNumber> TransportNumber::parse(Bytes value) {
  if (value.size() != 2) return std::nullopt;
  return TransportNumber{static_cast<std::uint16_t>(number(value))};
}

std::array<std::byte, 2> TransportNumber::bytes() const { return big_endian<2>(value); }

std::optional<AudioLevel> AudioLevel::parse(Bytes value) {
  if (value.size() != 1) return std::nullopt;
  const auto b = std::to_integer<std::uint8_t>(value[0]);
  return AudioLevel{(b & 0x80) != 0, static_cast<std::uint8_t>(b & 0x7f)};
}

std::array<std::byte, 1> AudioLevel::bytes() const {
  return big_endian<1>((voice ? 0x80u : 0u) | std::min<std::uint8_t>(level, 127));
}

std::optional<VideoOrientation> VideoOrientation::parse(Bytes value) {
  if (value.size() != 1) return std::nullopt;
  const auto b = std::to_integer<unsigned>(value[0]);
  return VideoOrientation{(b & 8) != 0, (b & 4) != 0, static_cast<std::uint16_t>((b & 3) * 90)};
}

std::array<std::byte, 1> VideoOrientation::bytes() const {
  return big_endian<1>((back_camera ? 8u : 0u) | (flipped ? 4u : 0u) | (degrees / 90u & 3u));
}

std::optional<PlayoutDelay> PlayoutDelay::parse(Bytes value) {
  if (value.size() != 3) return std::nullopt;
  const auto both = static_cast<std::uint32_t>(number(value));
  const PlayoutDelay delay{(both >> 12) * unit, (both & 0xfff) * unit};
  if (delay.min > delay.max) return std::nullopt;
  return delay;
}

std::array<std::byte, 3> PlayoutDelay::bytes() const {
  const auto units = [](Duration delay) {
    return static_cast<std::uint64_t>(std::clamp(delay, Duration{}, longest) / unit);
  };
  return big_endian<3>((units(min) << 12) | units(max));
}

std::optional<TransmissionOffset> TransmissionOffset::parse(Bytes value) {
  if (value.size() != 3) return std::nullopt;
  const auto raw = static_cast<std::int32_t>(number(value));
  return TransmissionOffset{raw >= 0x800000 ? raw - 0x1000000 : raw};
}

std::array<std::byte, 3> TransmissionOffset::bytes() const {
  return big_endian<3>(static_cast<std::uint32_t>(std::clamp(value, -0x800000, 0x7fffff)));
}

std::optional<AbsCaptureTime> AbsCaptureTime::parse(Bytes value) {
  if (value.size() != 8 && value.size() != 16) return std::nullopt;
  AbsCaptureTime time{{number(value.first(8))}, std::nullopt};
  if (value.size() == 16) time.clock_offset = static_cast<std::int64_t>(number(value.last(8)));
  return time;
}

std::array<std::byte, 8> AbsCaptureTime::bytes() const { return big_endian<8>(captured.value); }

std::optional<std::string_view> parse_sdes_text(Bytes value) {
  const std::string_view text = as_text(value);
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (text.empty() || !std::ranges::all_of(text, is_visible)) return std::nullopt;
  return text;
}

}  // namespace petrel::inline v0::rtp
