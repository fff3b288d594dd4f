#include "camera/make_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "camera/encoded_source.hpp"
#include "camera/file_source.hpp"
#include "camera/libcamera/libcamera_pictures.hpp"
#include "camera/openh264_encoder.hpp"
#include "camera/pipe_source.hpp"
#include "camera/rpicam_source.hpp"
#include "camera/source_lost.hpp"
#include "camera/v4l2_encoder.hpp"
#include "camera/v4l2_source.hpp"
#include "shared/hexadecimal.hpp"
#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

constexpr double usual_rate = 30;
constexpr int least_level = 40;  // Of what is expected: 4.0, for 1080p30.

// The encoder of --encoder. What is chosen is part of the source's description.
std::unique_ptr<VideoEncoder> make_encoder(const EncoderSettings& settings, const Options::Encoder& wanted,
                                           const SourceSurroundings& around) {
  using Kind = Options::Encoder::Kind;
  if (wanted.kind == Kind::openh264) return std::make_unique<OpenH264Encoder>(settings);

  const std::string device = wanted.device.empty() ? find_v4l2_encoder(around.v4l2) : wanted.device;
  if (wanted.kind == Kind::v4l2m2m) {
    if (device.empty()) {
      throw shared::UserError(
          "--encoder v4l2m2m: no device here encodes H.264, or none may be opened (group video). A Raspberry "
          "Pi 5 "
          "has none. Use --encoder openh264.");
    }
    return std::make_unique<V4l2Encoder>(around.v4l2, device, settings, around.clock);
  }
  if (device.empty()) return std::make_unique<OpenH264Encoder>(settings);
  try {
    return std::make_unique<V4l2Encoder>(around.v4l2, device, settings, around.clock);
  } catch (const std::runtime_error& error) {
    around.say(std::string(error.what()) + " Encoding in software instead.");
  }
  return std::make_unique<OpenH264Encoder>(settings);
}

// For every source of raw pictures.
std::unique_ptr<FrameSource> encoded(std::unique_ptr<PictureSource> pictures, const Options& options,
                                     const SourceSurroundings& around) {
  auto encoder = make_encoder({.width = pictures->width(),
                               .height = pictures->height(),
                               .frames_per_second = pictures->frames_per_second(),
                               .bits_per_second = options.bits_per_second,
                               .colours = pictures->colours()},
                              options.encoder, around);
  return std::make_unique<EncodedSource>(std::move(pictures), std::move(encoder));
}

class Maker {
 public:
  Maker(const Options& options, const SourceSurroundings& around) : options_(options), around_(around) {}

  std::unique_ptr<FrameSource> operator()(const Options::PatternInput&) const {
    return encoded(std::make_unique<PatternPictures>(wanted(), around_.time_of_day), options_, around_);
  }
  std::unique_ptr<FrameSource> operator()(const Options::FileInput& input) const {
    return std::make_unique<FileSource>(input.path, options_.frames_per_second);
  }
  std::unique_ptr<FrameSource> operator()(const Options::PipeInput& input) const {
    return recovering("pipe:" + input.path,
                      [path = input.path, &clock = around_.clock] { return PipeSource::open(path, clock); },
                      {.reopens = false, .expected_profile = {}});
  }
  std::unique_ptr<FrameSource> operator()(const Options::RpicamInput& input) const {
    const char* path = std::getenv("PATH");
    return recovering(
        "rpicam",
        [settings = wanted(), extra = input.extra_arguments, path = std::string(path != nullptr ? path : ""),
         &clock = around_.clock] { return std::make_unique<RpicamSource>(settings, extra, path, clock); },
        waiting());
  }
  std::unique_ptr<FrameSource> operator()(const Options::V4l2Input& input) const {
    return recovering(
        input.device,
        [this_copy = *this, device = input.device] {
          const EncoderSettings wanted = this_copy.wanted();
          const V4l2Mode mode{0, wanted.width, wanted.height, wanted.frames_per_second};
          auto opened = open_v4l2(this_copy.around_.v4l2, device, mode, wanted.bits_per_second,
                                  this_copy.around_.clock);
          if (auto* coded = std::get_if<std::unique_ptr<FrameSource>>(&opened)) return std::move(*coded);
          auto pictures = std::get<std::unique_ptr<PictureSource>>(std::move(opened));
          this_copy.say_what_differs(device, *pictures);
          return encoded(std::move(pictures), this_copy.options_, this_copy.around_);
        },
        waiting());
  }
  std::unique_ptr<FrameSource> operator()(const Options::LibcameraInput& input) const {
    if (!around_.libcamera)
      throw shared::UserError(
          "--source libcamera: this program was built without it (Debian: libcamera-dev).");
    return libcamera(input.id, waiting());
  }
  std::unique_ptr<FrameSource> operator()(const Options::AutoInput&) const {
    std::string why = "this program was built without libcamera.";
    if (around_.libcamera) {
      try {
        return libcamera("", {});  // It is not waited for: there is something else to show.
      } catch (const SourceLost& lost) {
        why = lost.what();
      }
    }
    around_.say("no camera, so there is a test pattern: " + why);
    return (*this)(Options::PatternInput{});
  }

  std::unique_ptr<FrameSource> low() const {
    return recovering(
        "the second stream",
        [this_copy = *this] {
          return encoded(std::make_unique<LowPictures>(this_copy.around_.low), this_copy.options_,
                         this_copy.around_);
        },
        waiting());
  }

 private:
  std::unique_ptr<FrameSource> libcamera(const std::string& id, RecoveringSource::Settings settings) const {
    const std::string name = id.empty() ? "libcamera" : "libcamera:" + id;
    return recovering(
        name,
        [this_copy = *this, name, id] {
          auto pictures = std::make_unique<LibcameraPictures>(
              this_copy.around_.libcamera(), this_copy.libcamera_settings(id), this_copy.around_.clock);
          this_copy.say_what_differs(name, *pictures);
          return encoded(std::move(pictures), this_copy.options_, this_copy.around_);
        },
        std::move(settings));
  }
  // What the encoders here make, and most cameras that encode. A level too high costs nothing, and covers a
  // camera that gives larger pictures than it was asked for.
  RecoveringSource::Settings waiting() const {
    const int level = std::max(least_level, level_for(wanted()));
    const std::array constrained_baseline{std::byte{0x42}, std::byte{0xC0}, static_cast<std::byte>(level)};
    return {.expected_profile = shared::hexadecimal(constrained_baseline)};
  }
  EncoderSettings wanted() const {
    return {.width = options_.width,
            .height = options_.height,
            .frames_per_second = options_.frames_per_second.value_or(usual_rate),
            .bits_per_second = options_.bits_per_second};
  }
  LibcameraSettings libcamera_settings(const std::string& id) const {
    const EncoderSettings asked = wanted();
    return {.id = id,
            .width = asked.width,
            .height = asked.height,
            .frames_per_second = asked.frames_per_second,
            .rotation = options_.rotation,
            .controls = options_.camera_controls,
            .low_width = options_.low ? options_.low->width : 0,
            .low_height = options_.low ? options_.low->height : 0,
            .low = options_.low ? around_.low : nullptr};
  }
  // For every live source. `name` is what its lines begin with; `open` makes it, again and again.
  std::unique_ptr<FrameSource> recovering(std::string name, RecoveringSource::Open open,
                                          RecoveringSource::Settings settings) const {
    return std::make_unique<RecoveringSource>(std::move(name), std::move(open), around_.clock, around_.say,
                                              std::move(settings));
  }
  // A camera takes the nearest that it has, which a person may not expect.
  void say_what_differs(const std::string& name, const PictureSource& pictures) const {
    const EncoderSettings asked = wanted();
    const double given = pictures.frames_per_second();
    if (pictures.width() == asked.width && pictures.height() == asked.height &&
        std::abs(given - asked.frames_per_second) < 0.5) {
      return;
    }
    around_.say(name + " has no " + mode_text(asked.width, asked.height, asked.frames_per_second) +
                ": it gives " + mode_text(pictures.width(), pictures.height(), given) + ".");
  }
  static std::string mode_text(int width, int height, double frames_per_second) {
    return std::to_string(width) + "x" + std::to_string(height) + " at " +
           shared::short_number(frames_per_second) + " fps";
  }
  // Copies: sources are opened again long after the call.
  Options options_;
  SourceSurroundings around_;
};

}  // namespace

std::unique_ptr<FrameSource> make_source(const Options& options, const SourceSurroundings& around) {
  return std::visit(Maker(options, around), options.source);
}

std::unique_ptr<FrameSource> make_low_source(const Options& options, const SourceSurroundings& around) {
  Options low = options;
  low.width = options.low->width;
  low.height = options.low->height;
  low.bits_per_second = options.low->bits_per_second;
  low.encoder = {Options::Encoder::Kind::openh264, ""};
  return Maker(low, around).low();
}

}  // namespace camera
