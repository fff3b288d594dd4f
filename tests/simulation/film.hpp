#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "petrel/rtp/frame.hpp"
#include "simulation/call.hpp"

namespace petrel::inline v0::testing {

/// Films for Alice at 30 frames a second: H.264 in form, noise in content, different in
/// every frame. Makes a key frame when the peer wants one, as an encoder would.
class Film {
 public:
  static constexpr Duration interval = std::chrono::nanoseconds(33'333'333);

  explicit Film(Call& call);

  /// Starts once Alice is connected, and ends after `frames`.
  void start(int frames);
  bool ended() const { return made_ >= wanted_; }

  /// The number of the sent frame with just these bytes; -1 if none has them.
  int number_of(Bytes frame) const;
  int sent() const { return sent_; }
  int refused() const { return made_ - sent_; }
  TimePoint sent_at(int number) const { return times_[static_cast<std::size_t>(number)]; }

 private:
  void film_one();
  std::vector<std::byte> make_frame(bool key_frame);

  Call& call_;
  SeededRandom random_;
  int wanted_ = 0;
  int made_ = 0;
  int sent_ = 0;
  bool key_frame_wanted_ = true;
  std::map<std::vector<std::byte>, int> numbers_;
  std::vector<TimePoint> times_;
};

}  // namespace petrel::inline v0::testing
