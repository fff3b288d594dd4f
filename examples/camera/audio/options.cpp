#include "camera/audio/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string_view>

#include "shared/user_error.hpp"

namespace camera::audio {
namespace {

constexpr std::uint32_t min_bitrate = 8'000;
constexpr std::uint32_t max_bitrate = 256'000;

std::uint32_t read_bitrate(const std::string& text) {
  std::string_view digits = text;
  const std::uint64_t unit = digits.ends_with('k') ? 1'000 : 1;
  if (unit != 1) digits.remove_suffix(1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || value * unit < min_bitrate || value * unit > max_bitrate) {
    throw shared::UserError("--audio-bitrate " + text +
                            ": write bits per second from 8k to 256k, such as 32k.");
  }
  return static_cast<std::uint32_t>(value * unit);
}

// What would have no effect is a misunderstanding.
void need(bool there, const char* option, const char* other) {
  if (!there) throw shared::UserError(std::string(option) + " is for " + other + ", which is not given.");
}

}  // namespace

void add_options(CLI::App& app, OptionTexts& texts) {
  app.add_option("--audio", texts.input,
                 "Send sound: of a microphone by ALSA (device, the default), or a test tone (tone)")
      ->expected(0, 1)
      ->default_str("device")
      ->option_text("[device|tone]");
  app.add_option("--audio-device", texts.input_device, "The microphone, as arecord -L names it (default)");
  app.add_option("--audio-bitrate", texts.bitrate, "Bits per second of the sound (32k)");
  app.add_flag("--audio-dtx", texts.discontinuous, "Send nothing while there is silence");
  app.add_flag("--talk", texts.talk, "Play what viewers say");
  app.add_option("--audio-out", texts.output,
                 "Where to: a loudspeaker as aplay -L names it (default), wav:PATH, or null");
}

Options read_options(const OptionTexts& texts) {
  Options options;
  if (texts.input == "device") {
    options.input = Options::Input::device;
  } else if (texts.input == "tone") {
    options.input = Options::Input::tone;
  } else if (!texts.input.empty()) {
    throw shared::UserError("--audio " + texts.input + ": write device, tone, or nothing behind it.");
  }
  const bool has_device = options.input == Options::Input::device;
  need(has_device || texts.input_device.empty(), "--audio-device", "--audio with a microphone");
  need(!texts.input.empty() || texts.bitrate.empty(), "--audio-bitrate", "--audio");
  need(!texts.input.empty() || !texts.discontinuous, "--audio-dtx", "--audio");
  need(texts.talk || texts.output.empty(), "--audio-out", "--talk");
  if (texts.output == "wav:") throw shared::UserError("--audio-out wav: needs a path, as in wav:heard.wav.");

  if (!texts.input_device.empty()) options.input_device = texts.input_device;
  if (!texts.bitrate.empty()) options.bits_per_second = read_bitrate(texts.bitrate);
  options.discontinuous = texts.discontinuous;
  options.talk = texts.talk;
  if (!texts.output.empty()) options.output = texts.output;
  return options;
}

}  // namespace camera::audio
