// In place of jpeg_decoder.cpp where libjpeg-turbo is missing.

#include "camera/jpeg_decoder.hpp"

namespace camera {

bool can_decode_jpeg() { return false; }

struct JpegDecoder::Library {};

JpegDecoder::JpegDecoder() = default;
JpegDecoder::~JpegDecoder() = default;
bool JpegDecoder::decode(std::span<const std::uint8_t>, Picture&) { return false; }

}  // namespace camera
