#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

/// How much the path seems to carry, from what receivers report: the loss-based half of
/// draft-ietf-rmcat-gcc-02 section 6, below the ceiling that REMB sets.
///
/// It sees no delay, so it acts only once queues have overflown: a floor to stand on
/// until a delay-based controller takes its place.
class PETREL_API LossBasedEstimate {
 public:
  static constexpr std::uint64_t initial = 1'000'000;
  static constexpr std::uint64_t lowest = 50'000;
  static constexpr std::uint64_t highest = 20'000'000;

  void handle_loss(TimePoint now, std::uint8_t fraction_lost);
  void handle_remb(TimePoint now, std::uint64_t bits_per_second);

  std::uint64_t bits_per_second() const { return bits_per_second_; }
  /// The estimate, once, when it differs by 5 % or more from the one taken before.
  std::optional<std::uint64_t> take_change();

 private:
  void limit(TimePoint now);

  std::uint64_t bits_per_second_ = initial;
  std::uint64_t taken_ = 0;
  std::optional<TimePoint> changed_;
  std::optional<std::uint64_t> remb_;
  TimePoint remb_at_{};
};

}  // namespace petrel::inline v0::rtp
