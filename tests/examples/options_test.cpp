#include "camera/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "camera/page.hpp"
#include "echo/page.hpp"

namespace camera {
namespace {

std::variant<Options, shared::EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "petrel-camera");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Options accepted(std::vector<const char*> arguments) {
  const auto outcome = parse(std::move(arguments));
  if (const auto* exit = std::get_if<shared::EarlyExit>(&outcome)) ADD_FAILURE() << exit->text;
  return std::holds_alternative<Options>(outcome) ? std::get<Options>(outcome) : Options{};
}

TEST(CameraOptions, NeedNothing) {
  const Options options = accepted({});

  EXPECT_TRUE(std::holds_alternative<Options::AutoInput>(options.source));
  EXPECT_EQ(options.width, 1280);
  EXPECT_EQ(options.height, 720);
  EXPECT_FALSE(options.frames_per_second);
  EXPECT_EQ(options.bits_per_second, 2'500'000u);
  EXPECT_EQ(options.server.listen_endpoint, petrel::Endpoint::v4(127, 0, 0, 1, 8080));
  EXPECT_FALSE(options.rtp_dump);
  EXPECT_FALSE(options.key_log);
  EXPECT_FALSE(options.server.log_level);
}

TEST(CameraOptions, NameASource) {
  EXPECT_EQ(std::get<Options::PipeInput>(accepted({"--source", "pipe:-"}).source).path, "-");
  EXPECT_EQ(std::get<Options::PipeInput>(accepted({"--source", "pipe:a:b"}).source).path, "a:b");
  EXPECT_TRUE(
      std::get<Options::RpicamInput>(accepted({"--source", "rpicam"}).source).extra_arguments.empty());
  EXPECT_EQ(std::get<Options::RpicamInput>(accepted({"--source", "rpicam:--rotation 180  --hdr auto"}).source)
                .extra_arguments,
            (std::vector<std::string>{"--rotation", "180", "--hdr", "auto"}));
  EXPECT_EQ(std::get<Options::V4l2Input>(accepted({"--source", "v4l2:/dev/video2"}).source).device,
            "/dev/video2");
  EXPECT_EQ(std::get<Options::V4l2Input>(accepted({"--source", "v4l2"}).source).device, "/dev/video0");
  EXPECT_EQ(std::get<Options::LibcameraInput>(accepted({"--source", "libcamera"}).source).id, "");
  EXPECT_FALSE(accepted({}).low);
  const auto low = accepted({"--low-size", "320x180", "--low-bitrate", "200k"}).low;
  ASSERT_TRUE(low);
  EXPECT_EQ(low->width, 320);
  EXPECT_EQ(low->height, 180);
  EXPECT_EQ(low->bits_per_second, 200'000u);
  EXPECT_EQ(std::get<Options::LibcameraInput>(accepted({"--source", "libcamera:imx708"}).source).id,
            "imx708");
}

TEST(CameraOptions, NameAnEncoder) {
  using Kind = Options::Encoder::Kind;
  EXPECT_EQ(accepted({}).encoder.kind, Kind::automatic);
  EXPECT_EQ(accepted({"--encoder", "auto"}).encoder.kind, Kind::automatic);
  EXPECT_EQ(accepted({"--encoder", "openh264"}).encoder.kind, Kind::openh264);
  EXPECT_EQ(accepted({"--encoder", "v4l2m2m"}).encoder.kind, Kind::v4l2m2m);
  EXPECT_EQ(accepted({"--encoder", "v4l2m2m"}).encoder.device, "");
  EXPECT_EQ(accepted({"--encoder", "v4l2m2m:/dev/video11"}).encoder.device, "/dev/video11");
}

TEST(CameraOptions, PublishToAChannelInsteadOfThePageOrBesideIt) {
  EXPECT_TRUE(accepted({}).local);
  EXPECT_FALSE(accepted({}).kvs);

  const Options only = accepted({"--signaling", "kvs", "--channel", "front-door", "--region", "eu-west-1"});
  EXPECT_TRUE(only.kvs);
  EXPECT_FALSE(only.local);
  EXPECT_EQ(only.channel, "front-door");
  EXPECT_EQ(only.region, "eu-west-1");
  // The channel brings the relay.
  EXPECT_TRUE(accepted({"--signaling", "kvs", "--channel", "front-door", "--relay-only"}).server.relay_only);

  const Options both = accepted({"--signaling", "local", "--signaling", "kvs", "--channel", "front-door"});
  EXPECT_TRUE(both.kvs);
  EXPECT_TRUE(both.local);
}

TEST(CameraOptions, PublishToAServer) {
  EXPECT_FALSE(accepted({}).whip);
  const Options only =
      accepted({"--signaling", "whip", "--url", "https://a/whip", "--bearer-token-file", "token.txt"});
  EXPECT_TRUE(only.whip);
  EXPECT_FALSE(only.local);
  EXPECT_EQ(only.url, "https://a/whip");
  EXPECT_EQ(only.bearer_token_file, "token.txt");
  const Options all = accepted({"--signaling", "whip", "--url", "http://a", "--signaling", "kvs", "--channel",
                                "c", "--signaling", "local", "--bearer-token", "t"});
  EXPECT_TRUE(all.whip && all.kvs && all.local);
  EXPECT_EQ(all.bearer_token, "t");
}

TEST(CameraOptions, TakeEveryFlag) {
  const Options options = accepted({"--source",       "file:a b.h264",
                                    "--size",         "640x360",
                                    "--fps",          "29.97",
                                    "--bitrate",      "800k",
                                    "--max-viewers",  "3",
                                    "--rtp-dump",     "rtp.txt",
                                    "--key-log",      "keys.txt",
                                    "--listen",       "[::]:9000",
                                    "--ice-server",   "stun:stun.example.org",
                                    "--ice-server",   "turns:192.0.2.1:443,ada,a,b",
                                    "--token",        "s3cret",
                                    "--allow-origin", "https://example.org",
                                    "--allow-host",   "camera.local",
                                    "--log-level",    "info"});

  ASSERT_TRUE(std::holds_alternative<Options::FileInput>(options.source));
  EXPECT_EQ(std::get<Options::FileInput>(options.source).path, "a b.h264");
  EXPECT_EQ(options.width, 640);
  EXPECT_EQ(options.height, 360);
  EXPECT_EQ(options.frames_per_second, 29.97);
  EXPECT_EQ(options.bits_per_second, 800'000u);
  EXPECT_EQ(options.max_viewers, 3u);
  EXPECT_EQ(options.rtp_dump, "rtp.txt");
  EXPECT_EQ(options.key_log, "keys.txt");
  EXPECT_EQ(options.server.listen_endpoint.to_string(), "[::]:9000");
  ASSERT_EQ(options.server.ice_servers.size(), 2u);
  EXPECT_EQ(shared::to_ice_server(options.server.ice_servers[1]).credential, "a,b");
  EXPECT_EQ(options.server.token, "s3cret");
  EXPECT_EQ(options.server.allowed_origins, std::vector<std::string>{"https://example.org"});
  EXPECT_EQ(options.server.log_level, petrel::LogLevel::info);
}

TEST(CameraOptions, ReadBitratesWithTheirUnit) {
  EXPECT_EQ(accepted({"--bitrate", "2M"}).bits_per_second, 2'000'000u);
  EXPECT_EQ(accepted({"--bitrate", "50M"}).bits_per_second, 50'000'000u);
  EXPECT_EQ(accepted({"--bitrate", "50000"}).bits_per_second, 50'000u);
}

TEST(CameraOptions, SetALibcameraCameraUp) {
  const Options options = accepted({"--source", "libcamera:imx708", "--rotation", "180", "--camera-control",
                                    "AfMode=2", "--camera-control", "ExposureTime=10000"});
  EXPECT_EQ(options.rotation, 180);
  EXPECT_EQ(options.camera_controls, (std::vector<std::string>{"AfMode=2", "ExposureTime=10000"}));
  EXPECT_TRUE(accepted({"--list-cameras"}).list_cameras);
  EXPECT_TRUE(std::holds_alternative<Options::PatternInput>(accepted({"--source", "pattern"}).source));
}

TEST(CameraOptions, AskForSound) {
  using audio::Options;
  const Options none = accepted({}).sound;
  EXPECT_EQ(none.input, Options::Input::none);
  EXPECT_FALSE(none.talk);

  const Options plain = accepted({"--audio"}).sound;
  EXPECT_EQ(plain.input, Options::Input::device);
  EXPECT_EQ(plain.input_device, "default");
  EXPECT_EQ(plain.bits_per_second, 32'000u);
  EXPECT_FALSE(plain.discontinuous);
  EXPECT_EQ(accepted({"--audio", "--fps", "15"}).sound.input, Options::Input::device);

  const Options all = accepted({"--audio", "device", "--audio-device", "hw:1,0", "--audio-bitrate", "64k",
                                "--audio-dtx", "--talk", "--audio-out", "wav:heard.wav"})
                          .sound;
  EXPECT_EQ(all.input_device, "hw:1,0");
  EXPECT_EQ(all.bits_per_second, 64'000u);
  EXPECT_TRUE(all.discontinuous);
  EXPECT_TRUE(all.talk);
  EXPECT_EQ(all.output, "wav:heard.wav");

  EXPECT_EQ(accepted({"--audio", "tone"}).sound.input, Options::Input::tone);
  const Options talk = accepted({"--talk"}).sound;
  EXPECT_EQ(talk.input, Options::Input::none);
  EXPECT_EQ(talk.output, "default");
}

TEST(CameraOptions, PrintHelpWithExamples) {
  const auto outcome = parse({"--help"});

  ASSERT_TRUE(std::holds_alternative<shared::EarlyExit>(outcome));
  const auto& exit = std::get<shared::EarlyExit>(outcome);
  EXPECT_EQ(exit.code, 0);
  EXPECT_NE(exit.text.find("Examples:"), std::string::npos);
  for (const std::string_view flag :
       {"--source",    "--listen",  "--size",         "--fps",         "--bitrate",      "--ice-server",
        "--token",     "--public",  "--allow-origin", "--max-viewers", "--rtp-dump",     "--key-log",
        "--signaling", "--channel", "--region",       "--audio",       "--audio-device", "--audio-bitrate",
        "--audio-dtx", "--talk",    "--audio-out"}) {
    EXPECT_NE(exit.text.find(flag), std::string::npos) << flag;
  }
}

TEST(CameraOptions, AnswerAMistakeInOneLineThatSaysWhatToDo) {
  struct Row {
    std::vector<const char*> arguments;
    std::string_view says;
  };
  const std::vector<Row> rows{
      {{"--sorce", "pattern"}, "--sorce"},
      {{"--source", "webcam"}, "write auto, pattern, file:PATH, pipe:PATH, rpicam"},
      {{"--source", "pipe:"}, "pipe:PATH"},
      {{"--source", "v4l2x"}, "v4l2:DEVICE"},
      {{"--encoder", "x264"}, "write auto, openh264 or v4l2m2m"},
      {{"--source", "file:"}, "file:PATH"},
      {{"--size", "1280"}, "WIDTHxHEIGHT"},
      {{"--size", "1281x720"}, "even"},
      {{"--size", "99999x720"}, "3840x2160"},
      {{"--low-size", "99x99"}, "--low-size 99x99: write"},
      {{"--low-size", "1920x1080"}, "more than --size"},
      {{"--low-size", "320x180", "--low-bitrate", "1"}, "--low-bitrate 1: write"},
      {{"--low-size", "320x180", "--source", "pattern"}, "--low-size is for --source libcamera"},
      {{"--low-size", "320x180", "--signaling", "whip", "--url", "http://a/b"}, "--signaling local"},
      {{"--size", "1280x720x2"}, "WIDTHxHEIGHT"},
      {{"--fps", "0"}, "--fps"},
      {{"--fps", "fast"}, "--fps"},
      {{"--bitrate", "49999"}, "50k to 50M"},
      {{"--bitrate", "51M"}, "50k to 50M"},
      {{"--bitrate", "2m"}, "such as 800k or 2M"},
      {{"--bitrate", "-1"}, "--bitrate"},
      {{"--max-viewers", "0"}, "--max-viewers"},
      {{"--listen", "8080"}, "ADDRESS:PORT"},
      {{"--listen", "somewhere:8080"}, "ADDRESS:PORT"},
      {{"--listen", "0.0.0.0:8080"}, "--token WORD"},
      {{"--listen", "[2001:db8::1]:8080"}, "--public"},
      {{"--token", "a b"}, "letters, digits"},
      {{"--ice-server", "stun.example.org"}, "stun:HOST"},
      {{"--ice-server", "turn:turn.example.org"}, "turn:HOST,USERNAME,CREDENTIAL"},
      {{"--ice-server", "turn:turn.example.org?transport=sctp,ada,secret"}, "transport"},
      {{"--http-proxy", "proxy:3128"}, "http://[USERNAME:PASSWORD@]HOST"},
      {{"--relay-only"}, "--ice-server turn:"},
      {{"--allow-origin", "example.org"}, "https://example.org"},
      {{"--allow-origin", "https://example.org/"}, "https://example.org"},
      {{"--log-level", "loud"}, "--log-level"},
      {{"--signaling", "smoke"}, "write local, kvs or whip"},
      {{"--signaling", "kvs"}, "--channel"},
      {{"--channel", "front-door"}, "--signaling kvs"},
      {{"--region", "eu-west-1"}, "--signaling kvs"},
      {{"--rotation", "45"}, "--rotation"},
      {{"--rotation", "180", "--source", "pattern"}, "--source libcamera"},
      {{"--camera-control", "AfMode=2", "--source", "v4l2"}, "--source libcamera"},
      {{"--audio", "loud"}, "write device, tone"},
      {{"--audio-device", "hw:1"}, "--audio with a microphone"},
      {{"--audio", "tone", "--audio-device", "hw:1"}, "--audio with a microphone"},
      {{"--audio-bitrate", "32k"}, "is for --audio"},
      {{"--audio", "--audio-bitrate", "7999"}, "8k to 256k"},
      {{"--audio", "--audio-bitrate", "32m"}, "such as 32k"},
      {{"--audio-dtx"}, "is for --audio"},
      {{"--audio-out", "null"}, "is for --talk"},
      {{"--talk", "--audio-out", "wav:"}, "needs a path"},
      {{"--signaling", "whip"}, "--url"},
      {{"--url", "https://a/whip"}, "--signaling whip"},
      {{"--bearer-token", "t"}, "--signaling whip"},
      {{"--bearer-token-file", "f"}, "--signaling whip"},
      {{"--signaling", "whip", "--url", "https://a", "--bearer-token", "t", "--bearer-token-file", "f"},
       "not both"},
      {{"extra"}, "extra"},
  };
  for (const auto& [arguments, says] : rows) {
    const auto outcome = parse(arguments);
    ASSERT_TRUE(std::holds_alternative<shared::EarlyExit>(outcome)) << says;
    const auto& exit = std::get<shared::EarlyExit>(outcome);
    EXPECT_EQ(exit.code, 2);
    EXPECT_EQ(std::ranges::count(exit.text, '\n'), 1) << exit.text;
    EXPECT_TRUE(exit.text.starts_with("petrel-camera: ")) << exit.text;
    EXPECT_NE(exit.text.find(says), std::string::npos) << exit.text;
  }
}

TEST(Page, IsInTheProgramAndLoadsNothingFromElsewhere) {
  for (const std::string_view html : {page, echo::page}) {
    EXPECT_TRUE(html.starts_with("<!doctype html>"));
    EXPECT_TRUE(html.ends_with("</html>\n"));
    EXPECT_EQ(html.find("http://"), html.npos);
    EXPECT_EQ(html.find("https://"), html.npos);
  }
}

}  // namespace
}  // namespace camera
