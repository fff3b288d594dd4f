#pragma once

#include <string>

namespace camera {

/// Throws what a failed system call on a camera means, as one line with what to do.
///
/// SourceLost for what may pass: not there, in use, no permission (a device that was just plugged in belongs
/// to root for a moment), no room on USB. UserError for a call that the device refuses (EINVAL) while it is
/// set up: it would refuse it again. `what` completes "refuses …": "its picture format".
[[noreturn]] void throw_v4l2_setup_error(const std::string& device, const std::string& what, int error);
/// The same for a device that was running: always SourceLost.
[[noreturn]] void throw_v4l2_loss(const std::string& device, const std::string& what, int error);

}  // namespace camera
