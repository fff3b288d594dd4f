#include "petrel/rtp/pacing/pacer.hpp"

namespace petrel::inline v0::rtp {

void PassThroughPacer::enqueue(TimePoint, const PacedPacket& packet) { queue_.push_back(packet); }

std::optional<PacedPacket> PassThroughPacer::release(TimePoint) { return queue_.take(); }

// What is queued is due; the session has released it before anyone could ask.
std::optional<TimePoint> PassThroughPacer::next_timeout() const { return std::nullopt; }

}  // namespace petrel::inline v0::rtp
