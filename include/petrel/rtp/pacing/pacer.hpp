#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/stream/media_config.hpp"

namespace petrel::inline v0::rtp {

/// A packet that waits for its turn. The packet itself is in its stream's history, and is put
/// together when it leaves, so that its send time and transport-wide number are true.
struct PacedPacket {
  enum class Priority : std::uint8_t { audio, retransmission, video };  // In order of who goes first.

  MediaId media;
  std::uint16_t sequence = 0;
  std::uint16_t size_bytes = 0;
  Priority priority = Priority::video;
};

/// Decides when media packets leave. Owned by a session and told the time by it.
class Pacer {
 public:
  virtual ~Pacer() = default;

  virtual void enqueue(TimePoint now, const PacedPacket& packet) = 0;
  /// The packet that may leave now; the session asks until there is none.
  virtual std::optional<PacedPacket> release(TimePoint now) = 0;
  virtual std::optional<TimePoint> next_timeout() const = 0;
  virtual std::size_t size() const = 0;
};

/// Lets every packet leave at once, in the order it came.
class PETREL_API PassThroughPacer final : public Pacer {
 public:
  void enqueue(TimePoint now, const PacedPacket& packet) override;
  std::optional<PacedPacket> release(TimePoint now) override;
  std::optional<TimePoint> next_timeout() const override;
  std::size_t size() const override { return queue_.size(); }

 private:
  RingQueue<PacedPacket> queue_;
};

}  // namespace petrel::inline v0::rtp
