#include "camera/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iterator>
#include <sstream>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "shared/config_file.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

constexpr const char* description =
    "Shows a camera in a browser, over WebRTC.\n"
    "\n"
    "Open the address it prints. Any WHEP player can use that address with /whep at its end.\n"
    "With --signaling kvs the camera is the master of a signaling channel of AWS Kinesis Video Streams, and\n"
    "everybody who may join that channel can watch from anywhere. Keys come from where AWS's tools have "
    "them:\n"
    "AWS_ACCESS_KEY_ID and its like in the environment, ~/.aws, or AWS IoT.\n"
    "With --signaling whip the camera publishes to a WHIP server (RFC 9725), and who watches there is the "
    "server's affair.";

constexpr const char* source_help =
    "Where the picture comes from:\n"
    "  auto            a camera by libcamera, or the test pattern if there is none\n"
    "  pattern         a test pattern\n"
    "  file:PATH       an H.264 file (Annex B), over and over\n"
    "  pipe:-          H.264 (Annex B) from standard input; pipe:PATH: from a FIFO\n"
    "  rpicam[:ARGS]   a Raspberry Pi camera by rpicam-vid, with more arguments for it\n"
    "  v4l2[:DEVICE]   a USB or other V4L2 camera, such as /dev/video0\n"
    "  libcamera[:ID]  a camera by libcamera; ID where there are several\n ";

constexpr const char* examples =
    "Examples:\n"
    "  petrel-camera\n"
    "      the camera, or the test pattern if there is none, on http://127.0.0.1:8080/\n"
    "  petrel-camera --source file:garden.h264 --fps 25\n"
    "      a file, over and over\n"
    "  petrel-camera --source v4l2:/dev/video0\n"
    "      a USB camera\n"
    "  petrel-camera --source 'rpicam:--rotation 180'\n"
    "      a Raspberry Pi camera that hangs upside down\n"
    "  petrel-camera --listen 0.0.0.0:8080 --token pick-a-long-word\n"
    "      for other machines, which open http://THIS-MACHINE:8080/?token=pick-a-long-word\n"
    "  petrel-camera --size 640x360 --fps 15 --bitrate 500k\n"
    "      for a slow line\n"
    "  petrel-camera --audio --talk\n"
    "      with the microphone's sound, and a button to talk back\n"
    "  petrel-camera --signaling kvs --channel front-door --region eu-west-1\n"
    "      for viewers of that channel, which is made if there is none\n"
    "  petrel-camera --signaling whip --url https://example.org/whip/door --bearer-token-file token.txt\n"
    "      to a media server\n"
    "  petrel-camera --signaling local --signaling kvs --channel front-door\n"
    "      for both, from one encoder; the region is AWS_REGION, or the profile's\n";

constexpr int min_side = 160;
constexpr int max_width = 3840;
constexpr int max_height = 2160;
constexpr std::uint32_t min_bitrate = 50'000;
constexpr std::uint32_t max_bitrate = 50'000'000;

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "NAME:REST" or "NAME": the rest, which may be empty.
std::optional<std::string> rest_of(const std::string& text, std::string_view name) {
  if (text == name) return "";
  if (text.starts_with(name) && text[name.size()] == ':') return text.substr(name.size() + 1);
  return std::nullopt;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

void read_source(const std::string& text, Options& options) {
  if (text == "auto") {
    options.source = Options::AutoInput{};
  } else if (text == "pattern") {
    options.source = Options::PatternInput{};
  } else if (const auto file = rest_of(text, "file"); file && !file->empty()) {
    options.source = Options::FileInput{*file};
  } else if (const auto pipe = rest_of(text, "pipe"); pipe && !pipe->empty()) {
    options.source = Options::PipeInput{*pipe};
  } else if (const auto extra = rest_of(text, "rpicam")) {
    options.source = Options::RpicamInput{words_of(*extra)};
  } else if (const auto device = rest_of(text, "v4l2")) {
    options.source = Options::V4l2Input{device->empty() ? "/dev/video0" : *device};
  } else if (const auto id = rest_of(text, "libcamera")) {
    options.source = Options::LibcameraInput{*id};
  } else {
    throw shared::UserError("--source " + text +
                            ": write auto, pattern, file:PATH, pipe:PATH, rpicam, v4l2:DEVICE or libcamera.");
  }
}

// What would have no effect is a misunderstanding.
void check_camera(const Options& options) {
  const bool is_libcamera = std::holds_alternative<Options::LibcameraInput>(options.source) ||
                            std::holds_alternative<Options::AutoInput>(options.source);
  if (is_libcamera) return;
  if (options.rotation != 0) throw shared::UserError("--rotation is for --source libcamera.");
  if (!options.camera_controls.empty())
    throw shared::UserError("--camera-control is for --source libcamera.");
}

void read_encoder(const std::string& text, Options& options) {
  using Kind = Options::Encoder::Kind;
  if (text == "auto") {
    options.encoder = {Kind::automatic, ""};
  } else if (text == "openh264") {
    options.encoder = {Kind::openh264, ""};
  } else if (const auto device = rest_of(text, "v4l2m2m")) {
    options.encoder = {Kind::v4l2m2m, *device};
  } else {
    throw shared::UserError("--encoder " + text + ": write auto, openh264 or v4l2m2m[:DEVICE].");
  }
}

std::pair<int, int> read_size(const char* option, const std::string& text) {
  const std::size_t cross = text.find('x');
  const auto width = whole<int>(std::string_view(text).substr(0, cross));
  const auto height =
      cross == text.npos ? std::nullopt : whole<int>(std::string_view(text).substr(cross + 1));
  const auto fits = [](std::optional<int> side, int most) {
    return side && *side >= min_side && *side <= most && *side % 2 == 0;
  };
  if (!fits(width, max_width) || !fits(height, max_height)) {
    throw shared::UserError(
        std::string(option) + " " + text +
        ": write WIDTHxHEIGHT in even numbers from 160x160 to 3840x2160, such as 1280x720.");
  }
  return {*width, *height};
}

std::uint32_t read_bitrate(const char* option, const std::string& text) {
  std::string_view digits = text;
  std::uint64_t unit = 1;
  if (digits.ends_with('k')) unit = 1'000;
  if (digits.ends_with('M')) unit = 1'000'000;
  if (unit != 1) digits.remove_suffix(1);
  const auto value = whole<std::uint32_t>(digits);
  if (!value || *value * unit < min_bitrate || *value * unit > max_bitrate) {
    throw shared::UserError(std::string(option) + " " + text +
                            ": write bits per second from 50k to 50M, such as 800k or 2M.");
  }
  return static_cast<std::uint32_t>(*value * unit);
}

void read_low(const std::string& size, const std::string& bitrate, Options& options) {
  if (size.empty()) return;
  const bool is_libcamera = std::holds_alternative<Options::LibcameraInput>(options.source) ||
                            std::holds_alternative<Options::AutoInput>(options.source);
  if (!is_libcamera) throw shared::UserError("--low-size is for --source libcamera.");
  if (!options.local) throw shared::UserError("--low-size is for --signaling local, which is not given.");
  const auto [width, height] = read_size("--low-size", size);
  if (width > options.width || height > options.height)
    throw shared::UserError("--low-size " + size + ": this is more than --size.");
  options.low = {width, height, read_bitrate("--low-bitrate", bitrate)};
}

void read_signaling(const std::vector<std::string>& names, Options& options) {
  if (names.empty()) return;
  options.local = false;
  for (const std::string& name : names) {
    if (name == "local") {
      options.local = true;
    } else if (name == "kvs") {
      options.kvs = true;
    } else if (name == "whip") {
      options.whip = true;
    } else {
      throw shared::UserError("--signaling " + name + ": write local, kvs or whip.");
    }
  }
}

void check_kvs(const Options& options) {
  if (options.kvs && options.channel.empty())
    throw shared::UserError("--signaling kvs needs --channel, the name of a channel or its ARN.");
  if (options.kvs) return;
  if (!options.channel.empty())
    throw shared::UserError("--channel is for --signaling kvs, which is not given.");
  if (!options.region.empty())
    throw shared::UserError("--region is for --signaling kvs, which is not given.");
}

void check_whip(const Options& options) {
  if (options.whip && options.url.empty())
    throw shared::UserError("--signaling whip needs --url, such as --url https://example.org/whip/door.");
  if (!options.bearer_token.empty() && !options.bearer_token_file.empty())
    throw shared::UserError("Give --bearer-token or --bearer-token-file, not both.");
  if (options.whip) return;
  if (!options.url.empty()) throw shared::UserError("--url is for --signaling whip, which is not given.");
  if (!options.bearer_token.empty() || !options.bearer_token_file.empty())
    throw shared::UserError("A bearer token is for --signaling whip, which is not given.");
}

}  // namespace

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  Options options;
  std::string source = "auto";
  std::string encoder = "auto";
  std::string size = "1280x720";
  std::string bitrate = "2500k";
  std::string low_size;
  std::string low_bitrate = "300k";
  std::vector<std::string> signaling;
  audio::OptionTexts sound;

  CLI::App app(description, "petrel-camera");
  app.footer(examples);
  app.add_option("--source", source, source_help)->capture_default_str();
  app.add_flag("--list-cameras", options.list_cameras, "List the cameras that libcamera finds, and end");
  app.add_option("--rotation", options.rotation, "Turn a libcamera camera's picture clockwise, in degrees")
      ->check(CLI::IsMember({0, 90, 180, 270}));
  app.add_option(
         "--camera-control", options.camera_controls,
         "NAME=VALUE, as libcamera calls it: AfMode=2, ExposureTime=10000, HdrMode=1. May be repeated")
      ->allow_extra_args(false);
  app.add_option("--encoder", encoder,
                 "What codes raw pictures: auto, openh264 (software), or v4l2m2m[:DEVICE] (a chip's encoder)")
      ->capture_default_str();
  app.add_option("--size", size, "Width and height of the picture; a camera takes the nearest that it has")
      ->capture_default_str();
  app.add_option("--fps", options.frames_per_second,
                 "Frames per second (30), or instead of what the file says")
      ->check(CLI::Range(1.0, 120.0));
  app.add_option("--bitrate", bitrate, "Bits per second of what is encoded here or by rpicam-vid")
      ->capture_default_str();
  app.add_option(
      "--low-size", low_size,
      "Size of a libcamera camera's second stream, for slow lines: at /low/ of the page's address");
  app.add_option("--low-bitrate", low_bitrate, "Bits per second of that")->capture_default_str();
  audio::add_options(app, sound);
  app.add_option("--max-viewers", options.max_viewers, "How many may watch at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--signaling", signaling,
                 "How viewers find the camera: local (the page and WHEP; default), kvs or whip. May be given "
                 "for each")
      ->allow_extra_args(false);
  app.add_option("--channel", options.channel, "Channel of kvs, name or ARN; it is made if there is none");
  app.add_option("--region", options.region,
                 "AWS region of the channel; otherwise that of its ARN, AWS_REGION or the profile");
  app.add_option("--url", options.url, "Endpoint of whip, http or https");
  app.add_option("--bearer-token", options.bearer_token,
                 "Token for it; other users of this machine can see it, so better is the next");
  app.add_option("--bearer-token-file", options.bearer_token_file, "File whose first line is the token");
  app.add_option("--rtp-dump", options.rtp_dump, "Write all RTP and RTCP, decrypted, to this file");
  app.add_option("--key-log", options.key_log,
                 "Write DTLS keys to this file: whoever has it can decrypt what was recorded");
  shared::add_server_options(app, options.server);
  shared::add_config_file(app);

  return shared::parse<Options>(app, argc, argv, [&] {
    read_source(source, options);
    check_camera(options);
    read_encoder(encoder, options);
    std::tie(options.width, options.height) = read_size("--size", size);
    options.bits_per_second = read_bitrate("--bitrate", bitrate);
    read_signaling(signaling, options);
    read_low(low_size, low_bitrate, options);
    options.sound = audio::read_options(sound);
    check_kvs(options);
    check_whip(options);
    // A channel brings relays of its own; the page has those only that are given here.
    const bool relay_only = options.server.relay_only;
    if (!options.local) options.server.relay_only = false;
    shared::check(options.server);
    options.server.relay_only = relay_only;
    return options;
  });
}

}  // namespace camera
