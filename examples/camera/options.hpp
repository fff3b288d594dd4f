#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "shared/server_options.hpp"

namespace camera {

/// The command line of petrel-camera.
struct Options {
  struct PatternInput {};
  struct FileInput {
    std::string path;
  };
  std::variant<PatternInput, FileInput> source;
  int width = 1280;
  int height = 720;
  std::optional<double> frames_per_second;  ///< Absent: 30 for the pattern, the stream's own for a file.
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
  shared::ServerOptions server;
};

/// The options, or the text to print and the exit code to end with.
std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace camera
