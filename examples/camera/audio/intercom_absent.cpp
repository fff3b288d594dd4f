#include "camera/audio/intercom.hpp"
#include "shared/user_error.hpp"

namespace camera::audio {

std::unique_ptr<Intercom> make_intercom(const Options& options) {
  if (!options.any()) return nullptr;
  throw shared::UserError(
      "This petrel-camera was built without Opus, so it has no sound (Debian: libopus-dev).");
}

}  // namespace camera::audio
