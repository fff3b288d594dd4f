#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "petrel/base/strong.hpp"
#include "petrel/base/time.hpp"

namespace camera {

using ViewerId = petrel::Strong<std::uint64_t, struct ViewerIdTag>;

/// Decides when the one encoder of all viewers makes a key frame, and which frames each viewer gets.
///
/// A viewer gets nothing before its connection is up, and then a key frame first: a delta frame before it
/// is a picture that cannot be decoded. Requests of all viewers (their coming, and PLI or FIR from them)
/// are gathered to at most one key frame each `min_interval`, since one serves all, and each costs as much
/// as ten other frames.
///
/// Pure: no clock, no encoder. Ask poll_request() after every call and at next_timeout().
class KeyFrameGate {
 public:
  static constexpr petrel::Duration min_interval = std::chrono::milliseconds(300);

  /// The viewer's connection is up: it waits for a key frame from here on.
  void handle_ready(petrel::TimePoint now, ViewerId viewer);
  /// The viewer has lost the picture (PLI, FIR). It still gets delta frames, which may be of use to it.
  void handle_request(petrel::TimePoint now, ViewerId viewer);
  void handle_gone(ViewerId viewer) { viewers_.erase(viewer); }
  /// The viewer was given a key frame and all frames since then by another way: it goes on from here.
  void handle_caught_up(ViewerId viewer);
  void handle_timeout(petrel::TimePoint now);
  std::optional<petrel::TimePoint> next_timeout() const;

  /// True once for each key frame that the encoder is to make.
  bool poll_request();

  /// A frame has come from the encoder: call once for each frame, then admits() for each viewer.
  void handle_frame(bool key_frame);
  /// Whether the frame of the last handle_frame() goes to that viewer.
  bool admits(ViewerId viewer) const;

  std::size_t viewers() const { return viewers_.size(); }

 private:
  enum class Stage : std::uint8_t { waiting, running };

  void want(petrel::TimePoint now);

  std::map<ViewerId, Stage> viewers_;
  std::optional<petrel::TimePoint> due_;  // When the wanted key frame may be asked for.
  std::optional<petrel::TimePoint> last_asked_;
  bool asking_ = false;
};

}  // namespace camera
