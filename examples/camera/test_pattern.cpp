#include "camera/test_pattern.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "camera/glyphs.hpp"

namespace camera {
namespace {

constexpr double moving_bars_y = 0.50;
constexpr double text_y = 0.62;
constexpr double first_line_y = 0.67;
constexpr double second_line_y = 0.85;
constexpr double margin_x = 0.03;
// Text is as large as eight digits fit beside the squares: 48 of 160 columns with the margin.
constexpr int columns = 160;

constexpr Colour white = bt709(1, 1, 1);
constexpr Colour black = bt709(0, 0, 0);
constexpr Colour frame_of_squares = bt709(.35, .35, .35);

// Even, so that the edges of luma and chroma lie together.
int pixels(double fraction, int size) { return static_cast<int>(fraction * size) / 2 * 2; }

std::string clock_text(std::chrono::milliseconds time_of_day) {
  using namespace std::chrono;
  const hh_mm_ss parts(time_of_day % hours(24));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", static_cast<int>(parts.hours().count()),
                static_cast<int>(parts.minutes().count()), static_cast<int>(parts.seconds().count()),
                static_cast<int>(parts.subseconds().count()));
  return text.data();
}

std::string counter_text(std::uint32_t frame) {
  std::string digits = std::to_string(frame % 100'000'000);
  return std::string(8 - digits.size(), '0') + digits;
}

int distance(Colour a, Colour b) { return std::abs(a.y - b.y) + std::abs(a.u - b.u) + std::abs(a.v - b.v); }

}  // namespace

TestPattern::TestPattern(int width, int height) : picture_(width, height) {
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const int left = static_cast<int>(i) * width / 8;
    const int right = static_cast<int>(i + 1) * width / 8;
    picture_.fill({left, 0, right - left, pixels(moving_bars_y, height)}, bars[i].colour);
  }
}

const Picture& TestPattern::draw(std::uint32_t frame, std::chrono::milliseconds time_of_day) {
  const int width = picture_.width();
  const int height = picture_.height();
  draw_moving_bars(frame);

  const int top = pixels(text_y, height);
  picture_.fill({0, top, width, height - top}, black);
  const int scale = std::max(1, width / columns);
  const int left = pixels(margin_x, width);
  draw_text(picture_, "petrel " + clock_text(time_of_day), left, pixels(first_line_y, height), scale, white);
  // The counter is written smaller, so that it and its squares share a line.
  const int counter_scale = std::max(1, scale * 3 / 4);
  draw_text(picture_, counter_text(frame), left, pixels(second_line_y, height), counter_scale, white);
  draw_squares(frame);
  return picture_;
}

void TestPattern::draw_moving_bars(std::uint32_t frame) {
  const int width = picture_.width();
  const int top = pixels(moving_bars_y, picture_.height());
  const int bottom = pixels(text_y, picture_.height());
  // A whole round takes 320 frames at any size. Steps are even, so that chroma moves with luma.
  const int shift = static_cast<int>(frame % 320) * width / 320 / 2 * 2;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const int left = static_cast<int>(i) * width / 8 - shift;
    const int right = static_cast<int>(i + 1) * width / 8 - shift;
    picture_.fill({left, top, right - left, bottom - top}, bars[i].colour);
    picture_.fill({left + width, top, right - left, bottom - top}, bars[i].colour);
  }
}

void TestPattern::draw_squares(std::uint32_t frame) {
  const int width = picture_.width();
  const int height = picture_.height();
  const int side = pixels(square_width, width);
  const int border = std::max(1, side / 12);
  for (int i = 0; i < squares; ++i) {
    const int left = pixels(square_x(i), width) - side / 2;
    const int top = pixels(square_y, height) - side / 2;
    const bool is_one = ((frame >> (squares - 1 - i)) & 1) != 0;
    picture_.fill({left, top, side, side}, frame_of_squares);
    picture_.fill({left + border, top + border, side - 2 * border, side - 2 * border},
                  is_one ? white : black);
  }
}

std::uint16_t read_frame_number(const Picture& picture) {
  unsigned number = 0;
  for (int i = 0; i < TestPattern::squares; ++i) {
    const int x = pixels(TestPattern::square_x(i), picture.width());
    const int y = pixels(TestPattern::square_y, picture.height());
    number = number * 2 + (picture.at(x, y).y > 125 ? 1 : 0);
  }
  return static_cast<std::uint16_t>(number);
}

std::string_view read_bar(const Picture& picture, int position) {
  const Colour seen = picture.at(pixels(TestPattern::bar_x(position), picture.width()),
                                 pixels(TestPattern::bar_y, picture.height()));
  return std::ranges::min_element(bars, {}, [&](const Bar& bar) { return distance(bar.colour, seen); })->name;
}

}  // namespace camera
