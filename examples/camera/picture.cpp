#include "camera/picture.hpp"

#include <algorithm>

namespace camera {
namespace {

void fill_plane(std::span<std::uint8_t> plane, int stride, Rectangle area, std::uint8_t value) {
  for (int row = area.y; row < area.y + area.height; ++row) {
    const auto begin = static_cast<std::size_t>(row * stride + area.x);
    std::ranges::fill(plane.subspan(begin, static_cast<std::size_t>(area.width)), value);
  }
}

}  // namespace

Picture::Picture(int width, int height) : width_(width), height_(height) {
  samples_.resize(luma_size() + 2 * chroma_size());
  fill({0, 0, width, height}, Colour{});
}

Colour Picture::at(int x, int y) const {
  const auto luma = static_cast<std::size_t>(y * width_ + x);
  const auto chroma = luma_size() + static_cast<std::size_t>(y / 2 * (width_ / 2) + x / 2);
  return {samples_[luma], samples_[chroma], samples_[chroma + chroma_size()]};
}

void Picture::fill(Rectangle area, Colour colour) {
  const int left = std::clamp(area.x, 0, width_);
  const int top = std::clamp(area.y, 0, height_);
  const int right = std::clamp(area.x + area.width, left, width_);
  const int bottom = std::clamp(area.y + area.height, top, height_);
  fill_plane(y(), width_, {left, top, right - left, bottom - top}, colour.y);

  const int chroma_left = (left + 1) / 2;
  const int chroma_top = (top + 1) / 2;
  const Rectangle chroma{chroma_left, chroma_top, (right + 1) / 2 - chroma_left,
                         (bottom + 1) / 2 - chroma_top};
  fill_plane(u(), width_ / 2, chroma, colour.u);
  fill_plane(v(), width_ / 2, chroma, colour.v);
}

}  // namespace camera
