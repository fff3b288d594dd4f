#include "camera/audio/alsa_calls.hpp"
#include "shared/user_error.hpp"

namespace camera::audio {

std::unique_ptr<AlsaCalls> make_alsa() {
  throw shared::UserError(
      "This petrel-camera was built without ALSA, so it has no microphone and no loudspeaker "
      "(Debian: libasound2-dev).");
}

}  // namespace camera::audio
