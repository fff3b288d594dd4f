#include "petrel/rtp/congestion/loss_based_estimate.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

// Reports of several streams arrive together and tell of the same loss: it counts once.
constexpr Duration min_decrease_interval = 200ms;
constexpr Duration min_increase_interval = 1s;
// A receiver that has said nothing for so long limits us no longer.
constexpr Duration remb_lifetime = 10s;

}  // namespace

void LossBasedEstimate::handle_loss(TimePoint now, std::uint8_t fraction_lost) {
  // draft-ietf-rmcat-gcc-02 6: up by 5 % below 2 % loss, down by half of the loss above 10 %.
  if (fraction_lost > 25) {
    if (changed_ && now - *changed_ < min_decrease_interval) return;
    bits_per_second_ -= bits_per_second_ * fraction_lost / 512;
    changed_ = now;
  } else if (fraction_lost <= 5) {
    if (changed_ && now - *changed_ < min_increase_interval) return;
    bits_per_second_ += bits_per_second_ / 20;
    changed_ = now;
  }
  limit(now);
}

void LossBasedEstimate::handle_remb(TimePoint now, std::uint64_t bits_per_second) {
  // The first one replaces our guess: the receiver has seen the path, we have not.
  if (!remb_) bits_per_second_ = std::min(bits_per_second, highest);
  remb_ = bits_per_second;
  remb_at_ = now;
  limit(now);
}

std::optional<std::uint64_t> LossBasedEstimate::take_change() {
  const std::uint64_t difference =
      bits_per_second_ > taken_ ? bits_per_second_ - taken_ : taken_ - bits_per_second_;
  if (difference < taken_ / 20 || difference == 0) return std::nullopt;
  taken_ = bits_per_second_;
  return taken_;
}

void LossBasedEstimate::limit(TimePoint now) {
  if (now - remb_at_ > remb_lifetime) remb_.reset();
  bits_per_second_ = std::clamp(std::min(bits_per_second_, remb_.value_or(highest)), lowest, highest);
}

}  // namespace petrel::inline v0::rtp
