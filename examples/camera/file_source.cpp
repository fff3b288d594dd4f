#include "camera/file_source.hpp"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>

#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace h264 = petrel::rtp::h264;

constexpr std::size_t read_size = 64 * 1024;
// How much is looked at before the first picture goes out: enough for the first key frame of any camera's
// file and for B-frames to show, and little enough not to be waited for.
constexpr std::size_t inspected_bytes = 8 * 1024 * 1024;
constexpr std::size_t inspected_units = 120;
// Faster than any camera; a stream that says more has broken timing.
constexpr double max_frames_per_second = 240;

constexpr std::string_view how_to_convert =
    " Convert it: ffmpeg -i INPUT -c:v libx264 -profile:v baseline -bf 0 -g 60 OUTPUT.h264";

}  // namespace

FileSource::FileSource(std::string path, std::optional<double> frames_per_second) : path_(std::move(path)) {
  if (std::filesystem::is_directory(path_)) refuse("it is a folder. Give the path of an H.264 file.");
  file_.open(path_, std::ios::binary);
  if (!file_) refuse(std::string(std::strerror(errno)) + ". Check the path of --source file:PATH.");
  inspect();
  choose_rate(frames_per_second);
}

petrel::Duration FileSource::due() const {
  return petrel::Duration(std::llround(static_cast<double>(frame_) / frames_per_second_ * 1e9));
}

std::optional<AccessUnit> FileSource::next() {
  std::optional<Unit> unit;
  if (ahead_.empty()) {
    unit = read_unit();
    if (!unit) {
      rewind();
      unit = read_unit();
    }
    if (!unit) refuse("it cannot be read any more.");
    check(*unit);
    parameter_sets_.note(*unit);
  } else {
    unit = std::move(ahead_.front());
    ahead_.pop_front();
  }
  // What stands before the first key frame shows nothing, the first time and in every round.
  started_ = started_ || unit->key_frame;
  if (!started_) return std::nullopt;

  parameter_sets_.complete(*unit);
  AccessUnit out{std::move(unit->bytes), due(), unit->key_frame};
  ++frame_;
  return out;
}

std::string FileSource::description() const {
  return "file " + path_ + ", " + std::to_string(parameters_.width) + "x" +
         std::to_string(parameters_.height) + " at " + shared::short_number(frames_per_second_) + " fps" +
         (rate_is_assumed_ ? " (assumed, the file does not say: set --fps)" : "") + ", H.264 " +
         profile_level_id() + ", looped";
}

// Reads the beginning of the file, so that what cannot be sent is refused before anybody watches.
void FileSource::inspect() {
  bool has_key_frame = false;
  std::size_t bytes = 0;
  while (bytes < inspected_bytes && ahead_.size() < inspected_units) {
    auto unit = read_unit();
    if (!unit) break;
    check(*unit);
    parameter_sets_.note(*unit);
    has_key_frame = has_key_frame || unit->key_frame;
    bytes += unit->bytes.size();
    ahead_.push_back(*std::move(unit));
  }
  if (!splitter_.parameters() || !has_key_frame) {
    refuse("it holds no H.264 in Annex B form (SPS, PPS and a key frame)." + std::string(how_to_convert));
  }
  parameters_ = *splitter_.parameters();
  if (parameters_.interlaced) {
    refuse("it is interlaced, which browsers do not play over WebRTC." + std::string(how_to_convert));
  }
}

void FileSource::check(const Unit& unit) const {
  if (!unit.has_b_slices) return;
  refuse(
      "it has B-frames, which are shown in another order than they are sent in, and WebRTC has no way to "
      "say so." +
      std::string(how_to_convert));
}

void FileSource::choose_rate(std::optional<double> frames_per_second) {
  if (frames_per_second) {
    frames_per_second_ = *frames_per_second;
    return;
  }
  const double own = parameters_.timing ? parameters_.timing->frames_per_second() : 0;
  rate_is_assumed_ = !(own > 0 && own <= max_frames_per_second);
  if (!rate_is_assumed_) frames_per_second_ = own;
}

void FileSource::rewind() {
  file_.clear();
  file_.seekg(0);
  splitter_ = {};
  at_end_ = false;
  started_ = false;
}

std::optional<FileSource::Unit> FileSource::read_unit() {
  for (;;) {
    auto unit = splitter_.next();
    if (!unit) continue;  // Too large for any decoder: skipped by the splitter, which says so once.
    if (*unit) return std::move(*unit);
    if (at_end_) return std::nullopt;

    std::array<char, read_size> chunk;
    file_.read(chunk.data(), chunk.size());
    splitter_.push(petrel::as_bytes({chunk.data(), static_cast<std::size_t>(file_.gcount())}));
    if (!file_) {
      at_end_ = true;
      splitter_.finish();
    }
  }
}

void FileSource::refuse(const std::string& why) const {
  throw shared::UserError("Cannot play " + path_ + ": " + why);
}

}  // namespace camera
