#include "kvs_service/options.hpp"

#include <CLI/CLI.hpp>
#include <vector>

#include "petrel/kvs/channel.hpp"
#include "shared/user_error.hpp"

namespace kvs_service {

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  CLI::App app(
      "A stand-in for the signaling of AWS Kinesis Video Streams, for tests and for trying out without an "
      "account.\n"
      "Clients use it by AWS_ENDPOINT_URL=http://ADDRESS:PORT and any of its keys. POST /_test/fault, clock, "
      "creating,\n"
      "ttl, silent, send and close make things go wrong; docs/kvs.md has them.",
      "petrel-kvs-service");
  Options options;
  std::string listen = "127.0.0.1:8090";
  std::vector<std::string> keys{"AKIDTEST:secret"};
  app.add_option("--listen", listen, "Address and port to serve at")->capture_default_str();
  app.add_option("--region", options.config.region, "Region that requests have to be signed for")
      ->capture_default_str();
  app.add_option("--key", keys, "Access key and secret that are known, ID:SECRET[:TOKEN]")
      ->capture_default_str();
  app.add_option("--turn-url", options.config.turn_urls,
                 "TURN server to give out, such as turn:127.0.0.1:3478");
  app.add_option("--turn-secret", options.config.turn_secret, "What petrel-turn has as --auth-secret");
  app.add_option("--channel", options.channel, "Channel that the viewer's page calls")->capture_default_str();
  app.add_option("--sdk", options.sdk_path,
                 "kvs-webrtc.min.js of npm's amazon-kinesis-video-streams-webrtc, for the viewer's page");
  app.add_flag("--quiet", options.quiet, "Say nothing about single requests");

  return shared::parse<Options>(app, argc, argv, [&] {
    const auto endpoint = petrel::Endpoint::parse(listen);
    if (!endpoint)
      throw shared::UserError("--listen " + listen + ": give ADDRESS:PORT, such as 127.0.0.1:8090.");
    options.config.listen = *endpoint;
    if (!petrel::kvs::is_region(options.config.region))
      throw shared::UserError("--region: not a region's name.");
    if (!petrel::kvs::is_channel_name(options.channel))
      throw shared::UserError("--channel: not a channel's name.");
    if (!options.config.turn_urls.empty() && options.config.turn_secret.empty()) {
      throw shared::UserError("--turn-url needs --turn-secret, the --auth-secret of that server.");
    }
    for (const std::string& key : keys) {
      const std::size_t first = key.find(':');
      if (first == 0 || first == std::string::npos)
        throw shared::UserError("--key " + key + ": give ID:SECRET.");
      const std::size_t second = key.find(':', first + 1);
      const bool has_token = second != std::string::npos;
      options.config.accounts[key.substr(0, first)] = {
          key.substr(first + 1, has_token ? second - first - 1 : std::string::npos),
          has_token ? key.substr(second + 1) : std::string()};
    }
    return options;
  });
}

}  // namespace kvs_service
