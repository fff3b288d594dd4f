#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace camera {

/// A colour as video has it: BT.709, limited range.
struct Colour {
  std::uint8_t y = 16;
  std::uint8_t u = 128;
  std::uint8_t v = 128;

  friend bool operator==(const Colour&, const Colour&) = default;
};

/// Red, green and blue from 0 to 1 (ITU-R BT.709-6 3.2 to 3.4).
constexpr Colour bt709(double red, double green, double blue) {
  const double luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const auto rounded = [](double value) { return static_cast<std::uint8_t>(value + 0.5); };
  return {rounded(16 + 219 * luma), rounded(128 + 224 * (blue - luma) / 1.8556),
          rounded(128 + 224 * (red - luma) / 1.5748)};
}

struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// A picture in I420: a plane of luma, then two of chroma at half the size. Both sides are even.
class Picture {
 public:
  Picture(int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }

  std::span<std::uint8_t> y() { return std::span(samples_).first(luma_size()); }
  std::span<std::uint8_t> u() { return std::span(samples_).subspan(luma_size(), chroma_size()); }
  std::span<std::uint8_t> v() { return std::span(samples_).last(chroma_size()); }

  Colour at(int x, int y) const;
  /// Fills what of the rectangle lies inside. Chroma is drawn where the upper left of its four pixels is.
  void fill(Rectangle area, Colour colour);

  /// All samples, planes one after the other, for files.
  std::span<const std::uint8_t> samples() const { return samples_; }

 private:
  std::size_t luma_size() const {
    return static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
  }
  std::size_t chroma_size() const { return luma_size() / 4; }

  int width_;
  int height_;
  std::vector<std::uint8_t> samples_;
};

}  // namespace camera
