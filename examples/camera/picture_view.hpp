#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "camera/lent_buffers.hpp"
#include "petrel/base/time.hpp"

namespace camera {

class Picture;

enum class PixelFormat : std::uint8_t {
  i420,  ///< Planes Y, U, V, chroma at half the width and height.
  nv12,  ///< Planes Y and UV, chroma at half the width and height, U first.
  yuyv,  ///< One plane, Y U Y V for two pixels, chroma at half the width.
};

/// How many planes a picture of that format has.
constexpr int plane_count(PixelFormat format) {
  return format == PixelFormat::i420 ? 3 : format == PixelFormat::nv12 ? 2 : 1;
}

/// What the samples mean. Said in the coded stream, or a browser guesses it from the height.
struct Colours {
  bool is_bt709 = true;     ///< Otherwise BT.601, as most USB cameras have it.
  bool full_range = false;  ///< 0 to 255, as JPEG has it, instead of 16 to 235.

  friend bool operator==(const Colours&, const Colours&) = default;
};

struct Plane {
  std::span<const std::uint8_t> samples;
  int stride = 0;  ///< Bytes from a row to the next; at least the row's.
};

/// A raw picture that belongs to somebody else: a device's buffer, or a pattern's canvas.
///
/// With a lease it is valid as long as a copy of that lives, and its PictureSource; without one until the
/// source's next next() or release(). Both sides are even.
struct PictureView {
  PictureView() = default;
  PictureView(const Picture& picture);  // Not explicit: a Picture is a picture.

  PixelFormat format = PixelFormat::i420;
  int width = 0;
  int height = 0;
  std::array<Plane, 3> planes;  ///< The first plane_count(format) of them.
  /// A DMA buffer with the same samples, planes one after the other from its first byte, rows at
  /// planes[0].stride; the chroma rows of i420 at half of it. An encoder that imports it copies nothing. The
  /// descriptor stays its source's.
  std::optional<int> dmabuf;
  Lease lease;
  petrel::Duration offset{};                  ///< Since the source's first picture.
  std::optional<petrel::TimePoint> captured;  ///< As AccessUnit::captured.
};

/// Whether every row of every plane lies within its samples; what a device said is not to be trusted.
bool is_complete(const PictureView& picture);

}  // namespace camera
