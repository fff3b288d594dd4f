#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "petrel/base/strong.hpp"

namespace petrel::inline v0::rtp {

/// Synchronisation source, RFC 3550 3: one stream of packets with one sequence and one clock.
using Ssrc = Strong<std::uint32_t, struct SsrcTag>;
/// What a payload is, by negotiation; 0 to 127.
using PayloadType = Strong<std::uint8_t, struct PayloadTypeTag>;

// Sequence numbers (16 bit) and timestamps (32 bit) are circles: only their distance
// has a meaning, and only while it is less than half of the circle.

/// From `b` to `a`, the short way round; negative if `a` is the earlier one.
template <std::unsigned_integral Integer>
constexpr std::make_signed_t<Integer> wrapping_distance(Integer a, Integer b) {
  return static_cast<std::make_signed_t<Integer>>(static_cast<Integer>(a - b));
}

/// Whether `a` comes after `b`. Exactly half a circle apart, neither comes after the other.
template <std::unsigned_integral Integer>
constexpr bool is_newer(Integer a, Integer b) {
  return wrapping_distance(a, b) > 0;
}

/// `value` without its wrap, as close to `reference` as it can be read.
template <std::unsigned_integral Integer>
constexpr std::int64_t unwrap_near(Integer value, std::int64_t reference) {
  return reference + wrapping_distance(value, static_cast<Integer>(reference));
}

/// Unwraps a series of sequence numbers or timestamps to 64 bit.
///
/// Each value is read as close to the one before as it can be, so the series may go
/// back and forth, by less than half of the circle per step. The first value stands for itself.
template <std::unsigned_integral Integer>
class Unwrapper {
 public:
  std::int64_t unwrap(Integer value) {
    last_ = peek(value);
    return *last_;
  }
  /// What unwrap() would answer, without taking part in the series.
  std::int64_t peek(Integer value) const {
    return last_ ? unwrap_near(value, *last_) : static_cast<std::int64_t>(value);
  }

 private:
  std::optional<std::int64_t> last_;
};

}  // namespace petrel::inline v0::rtp
