#include "camera/v4l2_error.hpp"

#include <cerrno>
#include <cstring>

#include "camera/source_lost.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

std::string explained(const std::string& device, const std::string& what, int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return device + " is not there (" + ::strerrorname_np(error) + "): plug it in.";
    case EBUSY:
      return device + " is in use by another program (EBUSY): end that one; `fuser -v " + device +
             "` names it.";
    case EACCES:
    case EPERM:
      return device + " may not be opened (" + ::strerrorname_np(error) +
             "): add the user to the group video (sudo usermod -aG video NAME) and log in again.";
    case ENOSPC:
      return device +
             " finds no room on the USB bus (ENOSPC): use another port, or a smaller --size or --fps.";
    default: {
      const char* name = ::strerrorname_np(error);
      return device + " refuses " + what + " (" + (name != nullptr ? name : "error") + ", " +
             std::strerror(error) + ").";
    }
  }
}

}  // namespace

void throw_v4l2_setup_error(const std::string& device, const std::string& what, int error) {
  if (error == EINVAL || error == ENOTTY) throw shared::UserError(explained(device, what, error));
  throw SourceLost(explained(device, what, error));
}

void throw_v4l2_loss(const std::string& device, const std::string& what, int error) {
  throw SourceLost(explained(device, what, error));
}

}  // namespace camera
