// petrel-whip-server: takes one publisher by WHIP and shows what they send to any number of viewers.

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "camera/frame_source.hpp"
#include "camera/page.hpp"
#include "camera/viewers.hpp"
#include "petrel/whip/server.hpp"
#include "shared/http_listener.hpp"
#include "shared/page_response.hpp"
#include "shared/peer_config.hpp"
#include "shared/program_main.hpp"
#include "shared/server_options.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"
#include "whip/ingest.hpp"

namespace {

namespace http = petrel::http;

struct Options {
  shared::ServerOptions server;
  bool recommend = false;
  std::size_t max_viewers = 8;
};

std::variant<Options, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  CLI::App app(
      "Takes one publisher by WHIP (POST /whip) and shows what they send: on its page, and to any WHEP "
      "player (POST "
      "/whep).",
      "petrel-whip-server");
  app.footer(
      "Example:\n  petrel-whip-server --listen 127.0.0.1:8090\n"
      "  petrel-camera --signaling whip --url http://127.0.0.1:8090/whip");
  Options options;
  shared::add_server_options(app, options.server);
  app.add_option("--max-viewers", options.max_viewers, "How many may watch at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--recommend-ice-servers", options.recommend,
               "Tell publishers the servers of --ice-server, their credentials included");
  return shared::parse<Options>(app, argc, argv, [&] {
    shared::check(options.server);
    return options;
  });
}

// What the publisher sends, as a source of the viewers'. Frames come to Viewers::handle_frame() directly.
class PublishedSource final : public camera::FrameSource {
 public:
  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<camera::AccessUnit> next() override { return std::nullopt; }
  void force_key_frame() override {
    if (ingest != nullptr) ingest->request_key_frame();
  }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return "42e01f"; }
  std::string description() const override { return "What is published at /whip"; }

  whip_server::Ingest* ingest = nullptr;
};

asio::awaitable<http::Response> answer(whip_server::Ingest& ingest, camera::Viewers& viewers,
                                       const http::AccessPolicy& policy, http::Request request) {
  http::Response response;
  if (auto refusal = http::refuse_access(policy, request)) {
    response = *std::move(refusal);
  } else if (auto published = petrel::whip::route(request, whip_server::Ingest::endpoint)) {
    auto responding = ingest.respond(*std::move(published));
    response = co_await std::move(responding);
  } else if (auto watched = petrel::whip::route(request, "/whep")) {
    auto responding = viewers.respond(*std::move(watched));
    response = co_await std::move(responding);
  } else if (request.path == "/stats") {
    response = {http::Status::ok, {{"Content-Type", "application/json"}}, viewers.statistics()};
  } else if (request.path == "/") {
    response = shared::page_response(camera::page);
  } else {
    response = http::problem(http::Status::not_found, "There is nothing here. The picture is at /.");
  }
  response.headers.append(http::cors_headers(policy, request));
  co_return response;
}

std::vector<petrel::whip::IceServer> recommended(const Options& options) {
  std::vector<petrel::whip::IceServer> servers;
  if (!options.recommend) return servers;
  for (const petrel::IceServer& each : shared::ice_servers_of(options.server)) {
    servers.push_back({each.url, each.username, each.credential});
  }
  return servers;
}

int run(const Options& options) {
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.server.log_level) log.emplace(*options.server.log_level);

  petrel::Network network(io.get_executor());
  const petrel::PeerConfig config = shared::peer_config(options.server, network, log ? &*log : nullptr);
  PublishedSource source;
  camera::Viewers viewers(
      network, source,
      {.peer = config, .max_viewers = options.max_viewers, .sends_sound = true, .listener = nullptr});
  viewers.set_sends_sound(false);  // Until somebody publishes some.
  petrel::PeerConfig publishers = config;
  publishers.audio_codecs = {petrel::opus()};
  publishers.video_codecs = {petrel::h264()};
  whip_server::Ingest ingest(
      network, std::move(publishers), recommended(options),
      {.on_publisher = [&](bool has_sound) { viewers.set_sends_sound(has_sound); },
       .on_picture =
           [&](const auto& frame) {
             const petrel::Bytes bytes = frame->bytes();
             viewers.handle_frame(
                 {{{bytes.begin(), bytes.end()}, {}, frame->key_frame()}, frame->capture_time()});
           },
       .on_sound = [&](const auto& frame) { viewers.handle_sound(frame); }});
  source.ingest = &ingest;
  const http::AccessPolicy policy = shared::access_policy(options.server);
  shared::HttpListener listener(
      io.get_executor(), options.server.listen_endpoint,
      [&](http::Request request) { return answer(ingest, viewers, policy, std::move(request)); });

  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    listener.stop();
    ingest.close();
    viewers.close();
    io.stop();
  });
  const std::string page = shared::page_address(options.server, listener.local());
  std::printf("Publish to http://%s/whip, watch at %s (Ctrl-C ends)\n", listener.local().to_string().c_str(),
              page.c_str());
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-whip-server", parse_options(argc, argv), run);
}
