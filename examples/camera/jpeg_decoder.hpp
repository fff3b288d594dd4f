#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "camera/picture.hpp"

namespace camera {

/// Whether this program can decode JPEG: it was built with libjpeg-turbo.
bool can_decode_jpeg();

/// Decodes the pictures of an MJPEG camera.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  /// False when the picture is broken, has another size than `into`, or chroma that no camera writes. What
  /// the library can show of a picture that ends early counts as broken too. Never with can_decode_jpeg()
  /// false.
  bool decode(std::span<const std::uint8_t> jpeg, Picture& into);

 private:
  struct Library;

  bool decode_with_library(std::span<const std::uint8_t> jpeg, Picture& into);

  std::unique_ptr<Library> library_;
};

}  // namespace camera
