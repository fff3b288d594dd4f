#include "camera/libcamera/camera_calls.hpp"
#include "shared/user_error.hpp"

namespace camera {

std::unique_ptr<CameraCalls> make_libcamera() {
  throw shared::UserError("This petrel-camera was built without libcamera (Debian: libcamera-dev).");
}

bool has_libcamera() { return false; }

}  // namespace camera
