#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "camera/audio/options.hpp"
#include "shared/server_options.hpp"

namespace camera {

/// The command line of petrel-camera.
struct Options {
  struct PatternInput {};
  struct FileInput {
    std::string path;
  };
  struct PipeInput {
    std::string path;  ///< "-": standard input.
  };
  struct RpicamInput {
    std::vector<std::string> extra_arguments;  ///< For rpicam-vid, after the program's own.
  };
  struct V4l2Input {
    std::string device;
  };
  struct LibcameraInput {
    std::string id;  ///< Empty: the first camera.
  };
  /// A camera by libcamera where one answers, the test pattern where none does.
  struct AutoInput {};
  std::variant<AutoInput, PatternInput, FileInput, PipeInput, RpicamInput, V4l2Input, LibcameraInput> source;

  int rotation = 0;                          ///< Of libcamera's: degrees clockwise.
  std::vector<std::string> camera_controls;  ///< Of libcamera's: NAME=VALUE.
  bool list_cameras = false;                 ///< Say which there are, and end.

  /// For sources of raw pictures.
  struct Encoder {
    enum class Kind : std::uint8_t { automatic, openh264, v4l2m2m };
    Kind kind = Kind::automatic;
    std::string device;  ///< Of v4l2m2m. Empty: the first that can do it.
  };
  Encoder encoder;
  int width = 1280;
  int height = 720;
  /// A second stream of libcamera's, for viewers on slow lines.
  struct Low {
    int width = 0;
    int height = 0;
    std::uint32_t bits_per_second = 300'000;
  };
  std::optional<Low> low;
  std::optional<double> frames_per_second;  ///< Absent: 30, or a file's own.
  std::uint32_t bits_per_second = 2'500'000;
  std::size_t max_viewers = 8;
  bool local = true;              ///< --signaling local: the page and WHEP.
  bool kvs = false;               ///< --signaling kvs: master of a channel of Kinesis Video Streams.
  std::string channel;            ///< Of KVS: name or ARN.
  bool whip = false;              ///< --signaling whip: publisher of a WHIP endpoint.
  std::string url;                ///< Of that endpoint.
  std::string bearer_token;       ///< For it; or
  std::string bearer_token_file;  ///< a file that has it in its first line.
  std::string region;             ///< Of AWS. Empty: from the channel's ARN, the environment or the profile.
  std::optional<std::string> rtp_dump;  ///< A file for received and sent RTP, by explicit wish.
  std::optional<std::string> key_log;   ///< A file for DTLS keys, by explicit wish.
  audio::Options sound;
  shared::ServerOptions server;
};

/// The options, or the text to print and the exit code to end with.
std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace camera
