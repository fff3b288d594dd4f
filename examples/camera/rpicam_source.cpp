#include "camera/rpicam_source.hpp"

#include <algorithm>
#include <cmath>

#include "camera/source_lost.hpp"
#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

constexpr double seconds_between_key_frames = 1;

std::string program_in(std::string_view path) {
  std::string found = find_program({"rpicam-vid", "libcamera-vid"}, path);
  if (found.empty()) {
    throw shared::UserError(
        "--source rpicam needs rpicam-vid (or libcamera-vid), which is not installed. On Raspberry Pi OS: "
        "sudo "
        "apt install rpicam-apps-lite. A USB camera is --source v4l2.");
  }
  return found;
}

std::string name_of(const std::string& program) { return program.substr(program.rfind('/') + 1); }

}  // namespace

std::vector<std::string> rpicam_arguments(const EncoderSettings& settings,
                                          const std::vector<std::string>& extra) {
  const auto intra = std::max(1L, std::lround(settings.frames_per_second * seconds_between_key_frames));
  std::vector<std::string> arguments{"--timeout",   "0",  // For ever.
                                     "--nopreview", "--codec",
                                     "h264",        "--profile",
                                     "baseline",    "--inline",
                                     "--flush",  // Each picture at once.
                                     "--width",     std::to_string(settings.width),
                                     "--height",    std::to_string(settings.height),
                                     "--framerate", shared::short_number(settings.frames_per_second),
                                     "--bitrate",   std::to_string(settings.bits_per_second),
                                     "--intra",     std::to_string(intra),
                                     "--verbose",
                                     "0",  // Errors only, not a line for each picture.
                                     "--output",    "-"};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return arguments;
}

RpicamSource::RpicamSource(const EncoderSettings& settings, const std::vector<std::string>& extra_arguments,
                           std::string_view path, Clock& clock)
    : program_(program_in(path)),
      settings_(settings),
      process_(program_, rpicam_arguments(settings, extra_arguments), clock),
      reader_(process_.take_output(), name_of(program_), clock) {}

std::optional<AccessUnit> RpicamSource::next() {
  process_.read_errors();
  auto unit = reader_.next();
  if (unit || !reader_.ended()) return unit;

  const std::string end = process_.wait_for_end();
  process_.read_errors();
  const std::string said = process_.last_error_line();
  throw SourceLost(name_of(program_) + " has ended (" + end + ")" +
                   (said.empty() ? ". See whether `rpicam-hello --list-cameras` shows the camera."
                                 : " and said: " + said + "."));
}

std::string RpicamSource::profile_level_id() const {
  const auto& parameters = reader_.stream().parameters();
  return parameters ? profile_level_id_of(*parameters) : "";
}

std::string RpicamSource::description() const {
  return "camera by " + name_of(program_) + ", " + shared::short_number(settings_.frames_per_second) +
         " fps, " + shared::short_number(settings_.bits_per_second / 1e6) + " Mbit/s, " +
         reader_.stream().description();
}

}  // namespace camera
