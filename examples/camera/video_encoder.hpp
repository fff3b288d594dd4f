#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "camera/picture_view.hpp"
#include "petrel/base/time.hpp"

namespace camera {

struct EncoderSettings {
  int width = 1280;
  int height = 720;
  double frames_per_second = 30;
  std::uint32_t bits_per_second = 2'500'000;
  Colours colours{};
};

/// The lowest level of H.264 (table A-1) that a stream of these settings fits in, times ten: 31 for
/// 720p30. Frame size, macroblock rate and bitrate count.
int level_for(const EncoderSettings& settings);

struct EncodedPicture {
  std::vector<std::byte> annex_b;  ///< Empty when there is no coded picture this time.
  bool key_frame = false;
  petrel::Duration offset{};  ///< Of the picture that this is, which may be an earlier one than was given.
};

/// Codes pictures as H.264 for live video: Constrained Baseline, SPS and PPS before each IDR, no B-frames.
///
/// Not thread-safe: EncodedSource takes wishes from other threads. A constructor throws UserError when the
/// encoder refuses the settings or is not there.
class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;

  /// Takes one picture of settings().width and height, and gives what has been coded: in the order of the
  /// pictures, and each once. A picture without a lease is not needed any more when it returns; of one with a
  /// lease the encoder keeps a copy until it is done with it. Throws SourceLost when the encoder has failed.
  virtual EncodedPicture encode(const PictureView& picture, petrel::Duration offset) = 0;
  /// Gives what has been coded since, of pictures that were still inside; to be asked before each encode().
  /// Never waits. nullopt: nothing. Throws as encode().
  virtual std::optional<EncodedPicture> finished() { return std::nullopt; }
  /// The next picture becomes an IDR.
  virtual void force_key_frame() = 0;
  virtual void set_bitrate(std::uint32_t bits_per_second) = 0;

  /// Of the SPS that the encoder writes: profile_idc, constraint flags, level_idc in hexadecimal.
  virtual std::string profile_level_id() const = 0;
  /// For people: "OpenH264 (software)".
  virtual std::string name() const = 0;
  /// What it was made for; set_bitrate() leaves them alone.
  virtual const EncoderSettings& settings() const = 0;
};

}  // namespace camera
