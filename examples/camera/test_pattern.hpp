#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "camera/picture.hpp"

namespace camera {

/// The eight bars, left to right, at 75 %.
struct Bar {
  std::string_view name;
  Colour colour;
};
inline constexpr std::array<Bar, 8> bars{{{"white", bt709(.75, .75, .75)},
                                          {"yellow", bt709(.75, .75, 0)},
                                          {"cyan", bt709(0, .75, .75)},
                                          {"green", bt709(0, .75, 0)},
                                          {"magenta", bt709(.75, 0, .75)},
                                          {"red", bt709(.75, 0, 0)},
                                          {"blue", bt709(0, 0, .75)},
                                          {"black", bt709(0, 0, 0)}}};

/// Draws the picture that is sent when there is no camera, made so that a person and a test can read it:
///
///   0 to 50 % of the height      the eight bars, standing still
///   50 to 62 %                   the same bars, moving to the left
///   62 to 100 %                  on black: "petrel" and the wall clock as HH:MM:SS.mmm, below them the
///                                frame counter in eight digits and, as squares, its lowest 16 bits,
///                                the highest on the left, white for 1
///
/// All positions are fractions of the size, so that a scaled picture is read the same way: bar i has
/// its centre at ((i + 0.5) / 8, 0.25), square i at (square_x(i), square_y).
class TestPattern {
 public:
  TestPattern(int width, int height);

  /// `time_of_day` is the wall clock's, since midnight.
  const Picture& draw(std::uint32_t frame, std::chrono::milliseconds time_of_day);

  static constexpr double bar_x(int bar) { return (bar + 0.5) / 8; }
  static constexpr double bar_y = 0.25;
  static constexpr int squares = 16;
  static constexpr double square_width = 0.0375;
  static constexpr double square_x(int square) { return 0.35 + (square + 0.5) * square_width; }
  static constexpr double square_y = 0.89;

 private:
  void draw_moving_bars(std::uint32_t frame);
  void draw_squares(std::uint32_t frame);

  Picture picture_;
};

/// The lowest 16 bits of the counter, as the squares of a decoded picture tell them.
std::uint16_t read_frame_number(const Picture& picture);
/// Which bar's colour is nearest to the picture's at the centre of bar `position`.
std::string_view read_bar(const Picture& picture, int position);

}  // namespace camera
