#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "camera/frame_source.hpp"
#include "camera/picture.hpp"

class ISVCEncoder;  // OpenH264's; its headers stay in the source file.

namespace camera {

struct EncoderSettings {
  int width = 1280;
  int height = 720;
  double frames_per_second = 30;
  std::uint32_t bits_per_second = 2'500'000;
};

/// The lowest level of H.264 (table A-1) that a stream of these settings fits in, times ten: 31 for
/// 720p30. Frame size, macroblock rate and bitrate count.
int level_for(const EncoderSettings& settings);

/// OpenH264, set up for live video: Constrained Baseline, one slice and one thread, no B-frames, no
/// delay, SPS and PPS before each IDR. A picture in is an access unit out.
///
/// Not thread-safe.
class OpenH264Encoder {
 public:
  /// Throws UserError when the library refuses the settings.
  explicit OpenH264Encoder(const EncoderSettings& settings);
  ~OpenH264Encoder();
  OpenH264Encoder(const OpenH264Encoder&) = delete;
  OpenH264Encoder& operator=(const OpenH264Encoder&) = delete;

  struct Encoded {
    std::vector<std::byte> annex_b;  ///< Empty when the encoder gave nothing for the picture.
    bool key_frame = false;
  };
  Encoded encode(const Picture& picture, petrel::Duration offset);

  /// The next picture becomes an IDR.
  void force_key_frame();
  void set_bitrate(std::uint32_t bits_per_second);

  /// Of the SPS that the encoder writes: profile_idc, constraint flags, level_idc in hexadecimal.
  const std::string& profile_level_id() const { return profile_level_id_; }

 private:
  struct Destroy {
    void operator()(ISVCEncoder* encoder) const;
  };

  std::string read_profile_level_id();

  EncoderSettings settings_;
  std::unique_ptr<ISVCEncoder, Destroy> encoder_;
  std::string profile_level_id_;
};

}  // namespace camera
