#include "camera/make_source.hpp"

#include <utility>

#include "camera/encoded_source.hpp"
#include "camera/file_source.hpp"
#include "camera/openh264_encoder.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

constexpr double usual_rate = 30;

std::unique_ptr<VideoEncoder> make_encoder(const EncoderSettings& settings, const Options& options) {
  if (options.encoder.kind == Options::Encoder::Kind::v4l2m2m) {
    throw shared::UserError("--encoder v4l2m2m: this program was built without it. Use --encoder openh264.");
  }
  return std::make_unique<OpenH264Encoder>(settings);
}

// For every source of raw pictures.
std::unique_ptr<FrameSource> encoded(std::unique_ptr<PictureSource> pictures, const Options& options) {
  auto encoder = make_encoder({.width = pictures->width(),
                               .height = pictures->height(),
                               .frames_per_second = pictures->frames_per_second(),
                               .bits_per_second = options.bits_per_second},
                              options);
  return std::make_unique<EncodedSource>(std::move(pictures), std::move(encoder));
}

class Maker {
 public:
  Maker(const Options& options, const SourceSurroundings& around) : options_(options), around_(around) {}

  std::unique_ptr<FrameSource> operator()(const Options::PatternInput&) const {
    return encoded(std::make_unique<PatternPictures>(
                       EncoderSettings{.width = options_.width,
                                       .height = options_.height,
                                       .frames_per_second = options_.frames_per_second.value_or(usual_rate)},
                       around_.time_of_day),
                   options_);
  }
  std::unique_ptr<FrameSource> operator()(const Options::FileInput& input) const {
    return std::make_unique<FileSource>(input.path, options_.frames_per_second);
  }
  std::unique_ptr<FrameSource> operator()(const Options::PipeInput&) const { without("pipe"); }
  std::unique_ptr<FrameSource> operator()(const Options::RpicamInput&) const { without("rpicam"); }
  std::unique_ptr<FrameSource> operator()(const Options::V4l2Input&) const { without("v4l2"); }
  std::unique_ptr<FrameSource> operator()(const Options::LibcameraInput&) const { without("libcamera"); }

 private:
  [[noreturn]] static void without(const char* source) {
    throw shared::UserError(std::string("--source ") + source +
                            ": this program was built without it. --help lists the others.");
  }

  const Options& options_;
  const SourceSurroundings& around_;
};

}  // namespace

std::unique_ptr<FrameSource> make_source(const Options& options, const SourceSurroundings& around) {
  return std::visit(Maker(options, around), options.source);
}

}  // namespace camera
