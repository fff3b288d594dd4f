#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "camera/picture_view.hpp"
#include "petrel/base/time.hpp"

namespace camera {

/// A camera that libcamera knows.
struct FoundCamera {
  std::string id;        ///< What --source libcamera:ID takes.
  std::string model;     ///< Of the sensor; may be empty.
  std::string location;  ///< "front", "back", "external", or empty.
};

/// What is wanted of a camera, and after configure() what it gives.
struct CameraFormat {
  PixelFormat pixels = PixelFormat::i420;
  int width = 0;
  int height = 0;
  int stride = 0;    ///< Bytes from a row of the first plane to the next.
  int rotation = 0;  ///< Degrees clockwise; what could not be had is 0 then.
  unsigned buffers = 0;
  Colours colours{};
};

enum class ControlKind : std::uint8_t { boolean, integer, real, other };

/// A control that a camera has, under libcamera's own name.
struct CameraControl {
  std::string name;
  unsigned id = 0;
  ControlKind kind = ControlKind::other;
  double least = 0;
  double most = 0;
  std::vector<std::pair<std::string, std::int64_t>> names;  ///< Of values, where libcamera has them.
};

struct ControlSetting {
  unsigned id = 0;
  std::variant<bool, std::int64_t, double> value;
};

/// What start() begins with.
struct CameraStart {
  std::optional<petrel::Duration> frame_duration;  ///< nullopt: the camera cannot be told.
  std::vector<ControlSetting> settings;
};

/// A buffer of the camera's, mapped for reading.
struct CameraBuffer {
  struct Plane {
    std::span<const std::uint8_t> samples;
    int descriptor = -1;     ///< Of the DMA buffer.
    std::size_t offset = 0;  ///< Within it.
  };
  std::vector<Plane> planes;
};

/// A request that is over.
struct CompletedRequest {
  enum class Outcome : std::uint8_t { picture, broken, cancelled };
  unsigned buffer = 0;
  Outcome outcome = Outcome::picture;
  std::uint64_t timestamp_ns = 0;  ///< Of the sensor, on the monotonic clock.
};

/// What is used of libcamera, call by call, so that tests can be the camera. One camera at a time. Errors are
/// negative errno values, as libcamera has them. Only completed() waits.
class CameraCalls {
 public:
  virtual ~CameraCalls() = default;

  /// Looks for cameras. -ENODEV or the like where there cannot be any.
  virtual int open() = 0;
  virtual std::vector<FoundCamera> cameras() = 0;
  virtual int acquire(const std::string& id) = 0;
  virtual std::vector<CameraControl> controls() = 0;
  /// `format` becomes what the camera takes. -EINVAL: it has none of the pixel formats that PictureView
  /// knows. `low` is a second stream of the same moments, nullptr if none is wanted; its width is 0
  /// afterwards where the camera gives none beside the first.
  virtual int configure(CameraFormat& format, CameraFormat* low) = 0;
  /// The number of buffers; none is as bad as an error.
  virtual int allocate() = 0;
  virtual const CameraBuffer& buffer(unsigned index) = 0;
  /// The second stream's picture of the same request.
  virtual const CameraBuffer& low_buffer(unsigned index) = 0;
  virtual bool takes_frame_duration() = 0;
  virtual int start(const CameraStart& start) = 0;
  virtual int queue(unsigned buffer) = 0;
  /// The oldest that nobody has asked for; nullopt: none within `limit`.
  virtual std::optional<CompletedRequest> completed(petrel::Duration limit) = 0;
  /// The camera has gone away.
  virtual bool disconnected() = 0;
  /// Undoes all of it, whatever has been done, and can begin again with open().
  virtual void close() = 0;
};

/// The real one. Throws UserError in a program that was built without libcamera.
std::unique_ptr<CameraCalls> make_libcamera();
/// Whether there is one.
bool has_libcamera();

}  // namespace camera
