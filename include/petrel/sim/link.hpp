#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::sim {

/// What one direction of a line does to packets. All defaults but the latency and the
/// MTU are those of a perfect line.
struct LinkConfig {
  Duration latency = std::chrono::milliseconds(10);
  /// Each packet takes up to this much longer, evenly spread. Packets do not overtake for
  /// it (the line is a queue); see reorder_percent.
  Duration jitter{0};

  double loss_percent = 0;  ///< Down to 0.0001.
  /// How many packets in a row are lost on average; the share stays loss_percent
  /// (Gilbert's model: a good and a bad state).
  unsigned mean_burst = 1;

  unsigned duplicate_percent = 0;
  /// Packets that arrive `reorder_delay` late, so that later ones overtake them.
  unsigned reorder_percent = 0;
  Duration reorder_delay = std::chrono::milliseconds(20);

  /// The longest IP packet. IPv6's least by default, so that a core that sends more than
  /// goes everywhere is noticed.
  std::size_t mtu_bytes = 1280;

  /// 0: no limit. Packets wait for the line, and are lost once the wait exceeds `queue`.
  std::uint64_t bits_per_second = 0;
  Duration queue = std::chrono::milliseconds(100);
  /// Packets that would wait longer than this, though not too long for `queue`, are marked as having met
  /// congestion where their sender can do with that (ECT, RFC 3168 5). nullopt: the line marks nothing.
  std::optional<Duration> mark_beyond{};

  /// A line that does nothing at all, not even take time.
  static LinkConfig ideal() { return {.latency = Duration{0}, .mtu_bytes = 65535}; }
};

/// When the copies of one packet arrive: none if it is lost, two if it is duplicated.
class Arrivals {
 public:
  void add(TimePoint time) { times_[count_++] = time; }
  void mark() { marked_ = true; }

  /// Congestion was experienced: an ECT packet becomes CE.
  bool marked() const { return marked_; }
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  TimePoint operator[](std::size_t index) const { return times_[index]; }
  const TimePoint* begin() const { return times_.data(); }
  const TimePoint* end() const { return times_.data() + count_; }

 private:
  std::array<TimePoint, 2> times_{};
  std::size_t count_ = 0;
  bool marked_ = false;
};

/// One direction of a line. Sans-I/O like everything here: it only says when a packet arrives.
class PETREL_API Link {
 public:
  explicit Link(LinkConfig config) : config_(config) {}

  /// The arrival times of a packet of `bytes`, IP header included, that enters now.
  Arrivals carry(TimePoint now, std::size_t bytes, RandomSource& random);

  const LinkConfig& config() const { return config_; }
  /// From now on; packets under way arrive as they were going to.
  void reconfigure(LinkConfig config) { config_ = config; }

 private:
  bool loses(RandomSource& random);

  LinkConfig config_;
  bool in_burst_ = false;
  TimePoint line_free_{};
  TimePoint last_arrival_{};
};

}  // namespace petrel::inline v0::sim
