#include "camera/picture_conversion.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace camera {
namespace {

using Row = std::span<const std::uint8_t>;

Row row_of(const Plane& plane, int row, int bytes) {
  return plane.samples.subspan(static_cast<std::size_t>(row) * static_cast<std::size_t>(plane.stride),
                               static_cast<std::size_t>(bytes));
}

std::span<std::uint8_t> row_of(std::span<std::uint8_t> plane, int row, int bytes) {
  return plane.subspan(static_cast<std::size_t>(row) * static_cast<std::size_t>(bytes),
                       static_cast<std::size_t>(bytes));
}

void copy_plane(const Plane& from, std::span<std::uint8_t> to, int width, int height) {
  for (int row = 0; row < height; ++row) {
    std::ranges::copy(row_of(from, row, width), row_of(to, row, width).begin());
  }
}

void from_i420(const PictureView& picture, Picture& into) {
  copy_plane(picture.planes[0], into.y(), picture.width, picture.height);
  copy_plane(picture.planes[1], into.u(), picture.width / 2, picture.height / 2);
  copy_plane(picture.planes[2], into.v(), picture.width / 2, picture.height / 2);
}

void from_nv12(const PictureView& picture, Picture& into) {
  copy_plane(picture.planes[0], into.y(), picture.width, picture.height);
  const int chroma_width = picture.width / 2;
  for (int row = 0; row < picture.height / 2; ++row) {
    const Row pairs = row_of(picture.planes[1], row, picture.width);
    const auto u = row_of(into.u(), row, chroma_width);
    const auto v = row_of(into.v(), row, chroma_width);
    for (std::size_t i = 0; i < u.size(); ++i) {
      u[i] = pairs[2 * i];
      v[i] = pairs[2 * i + 1];
    }
  }
}

void from_yuyv(const PictureView& picture, Picture& into) {
  const int chroma_width = picture.width / 2;
  for (int row = 0; row < picture.height; ++row) {
    const Row pixels = row_of(picture.planes[0], row, 2 * picture.width);
    const auto y = row_of(into.y(), row, picture.width);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = pixels[2 * i];
  }
  for (int row = 0; row < picture.height / 2; ++row) {
    const Row upper = row_of(picture.planes[0], 2 * row, 2 * picture.width);
    const Row lower = row_of(picture.planes[0], 2 * row + 1, 2 * picture.width);
    const auto u = row_of(into.u(), row, chroma_width);
    const auto v = row_of(into.v(), row, chroma_width);
    for (std::size_t i = 0; i < u.size(); ++i) {
      u[i] = static_cast<std::uint8_t>((upper[4 * i + 1] + lower[4 * i + 1] + 1) / 2);
      v[i] = static_cast<std::uint8_t>((upper[4 * i + 3] + lower[4 * i + 3] + 1) / 2);
    }
  }
}

}  // namespace

void convert_to_i420(const PictureView& picture, Picture& into) {
  switch (picture.format) {
    case PixelFormat::i420:
      return from_i420(picture, into);
    case PixelFormat::nv12:
      return from_nv12(picture, into);
    case PixelFormat::yuyv:
      return from_yuyv(picture, into);
  }
}

}  // namespace camera
