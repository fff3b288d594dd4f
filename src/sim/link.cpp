#include "petrel/sim/link.hpp"

#include <algorithm>

namespace petrel::inline v0::sim {

Arrivals Link::carry(TimePoint now, std::size_t bytes, RandomSource& random) {
  // Dice are thrown in the same order for every packet, so that a change of one probability
  // does not shift all later decisions.
  const bool lost = loses(random);
  const bool duplicated = random.between(0, 99) < config_.duplicate_percent;
  const bool late = random.between(0, 99) < config_.reorder_percent;
  const std::uint64_t spread = random.u64();

  TimePoint leaves = now;
  bool marked = false;
  if (config_.bits_per_second != 0) {
    leaves = std::max(now, line_free_);
    if (leaves - now > config_.queue) return {};
    marked = config_.mark_beyond && leaves - now > *config_.mark_beyond;
    leaves += Duration(static_cast<std::int64_t>(bytes * 8 * 1'000'000'000 / config_.bits_per_second));
    line_free_ = leaves;
  }
  if (lost) return {};

  Duration jitter{0};
  if (config_.jitter > Duration{0}) {
    jitter =
        Duration(static_cast<std::int64_t>(spread % static_cast<std::uint64_t>(config_.jitter.count() + 1)));
  }
  TimePoint arrival = std::max(leaves + config_.latency + jitter, last_arrival_);
  last_arrival_ = arrival;
  if (late) arrival += config_.reorder_delay;
  Arrivals arrivals;
  if (marked) arrivals.mark();
  arrivals.add(arrival);
  if (duplicated) arrivals.add(arrival);
  return arrivals;
}

// Gilbert's two states: every packet of the bad one is lost. A burst goes on with the
// probability 1 - 1/mean, and begins so often that the share of losses comes out right.
bool Link::loses(RandomSource& random) {
  constexpr std::uint32_t scale = 1'000'000;
  const std::uint32_t dice = random.between(0, scale - 1);
  const std::uint32_t mean = std::max(1U, config_.mean_burst);
  const double loss = config_.loss_percent;
  if (loss >= 100) return true;
  if (!(loss > 0)) return in_burst_ = false;

  const std::uint32_t ends = scale / mean;
  // loss = begins / (begins + ends), solved for begins; one packet bursts need no memory.
  const double share = mean == 1 ? loss / 100 * scale : ends * loss / (100 - loss);
  const auto begins = static_cast<std::uint32_t>(std::min<double>(share + 1e-6, scale));
  if (mean == 1) return dice < begins;
  in_burst_ = in_burst_ ? dice >= ends : dice < begins;
  return in_burst_;
}

}  // namespace petrel::inline v0::sim
