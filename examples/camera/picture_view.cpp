#include "camera/picture_view.hpp"

#include "camera/picture.hpp"

namespace camera {
namespace {

// Bytes of a row, and rows, of a plane.
struct Extent {
  int bytes = 0;
  int rows = 0;
};

Extent extent_of(const PictureView& picture, std::size_t plane) {
  if (picture.format == PixelFormat::yuyv) return {2 * picture.width, picture.height};
  if (plane == 0) return {picture.width, picture.height};
  return {picture.format == PixelFormat::nv12 ? picture.width : picture.width / 2, picture.height / 2};
}

}  // namespace

PictureView::PictureView(const Picture& picture) : width(picture.width()), height(picture.height()) {
  const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const auto samples = picture.samples();
  planes = {Plane{samples.first(luma), width}, Plane{samples.subspan(luma, luma / 4), width / 2},
            Plane{samples.last(luma / 4), width / 2}};
}

bool is_complete(const PictureView& picture) {
  if (picture.width <= 0 || picture.height <= 0 || picture.width % 2 != 0 || picture.height % 2 != 0)
    return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(plane_count(picture.format)); ++i) {
    const Extent extent = extent_of(picture, i);
    const Plane& plane = picture.planes[i];
    if (plane.stride < extent.bytes) return false;
    const std::size_t needed =
        static_cast<std::size_t>(extent.rows - 1) * static_cast<std::size_t>(plane.stride) +
        static_cast<std::size_t>(extent.bytes);
    if (plane.samples.size() < needed) return false;
  }
  return true;
}

}  // namespace camera
