#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace camera::audio {

/// What petrel-camera's command line says about sound.
struct Options {
  enum class Input : std::uint8_t { none, device, tone };
  Input input = Input::none;
  std::string input_device = "default";  ///< As ALSA names it.
  std::uint32_t bits_per_second = 32'000;
  bool discontinuous = false;
  bool talk = false;               ///< Viewers may talk.
  std::string output = "default";  ///< A device as ALSA names it, null, or wav:PATH.

  bool any() const { return input != Input::none || talk; }
};

/// The options as they are typed, until check() has read them.
struct OptionTexts {
  std::string input;
  std::string input_device;
  std::string bitrate;
  bool discontinuous = false;
  bool talk = false;
  std::string output;
};
/// `texts` outlives the parsing.
void add_options(CLI::App& app, OptionTexts& texts);
/// Throws shared::UserError.
Options read_options(const OptionTexts& texts);

}  // namespace camera::audio
