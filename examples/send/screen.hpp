#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/time.hpp"
#include "send/progress.hpp"

namespace transfer {

/// Standard error, for people: lines, and below them a bar where it is a terminal.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void say(std::string_view line);
  /// Draws the bar anew, at most ten times a second.
  void show(petrel::TimePoint now, const Progress& progress);
  void clear();

 private:
  bool is_terminal_;
  bool has_bar_ = false;
  std::optional<petrel::TimePoint> drawn_at_;
};

}  // namespace transfer
