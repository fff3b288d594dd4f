#pragma once

#include <optional>
#include <string>

#include "camera/picture_view.hpp"
#include "petrel/base/time.hpp"

namespace camera {

/// Where raw pictures come from. Paced or live, and failing, as FrameSource says; the encoder behind it is
/// EncodedSource's matter. One thread.
class PictureSource {
 public:
  virtual ~PictureSource() = default;

  /// As FrameSource::next_due().
  virtual std::optional<petrel::Duration> next_due() const = 0;
  /// The next picture, valid as PictureView says. nullopt: none this time, or all buffers are lent.
  virtual std::optional<PictureView> next() = 0;
  /// The last picture is not needed any more unless its lease lives on: buffers that nobody needs go back to
  /// the device.
  virtual void release() = 0;

  /// Of every picture. What the device gives, which may be other than what was asked for.
  virtual int width() const = 0;
  virtual int height() const = 0;
  virtual double frames_per_second() const = 0;
  virtual Colours colours() const { return {}; }
  /// For people, without size and rate: "test pattern", "camera imx708 by libcamera".
  virtual std::string name() const = 0;
};

}  // namespace camera
