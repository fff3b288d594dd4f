// petrel-camera: one H.264 source, any number of viewers in browsers or WHEP players.

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "camera/audio/intercom.hpp"
#include "camera/capture.hpp"
#include "camera/kvs_publisher.hpp"
#include "camera/libcamera/libcamera_pictures.hpp"
#include "camera/make_source.hpp"
#include "camera/options.hpp"
#include "camera/page.hpp"
#include "camera/viewers.hpp"
#include "camera/whip_publisher.hpp"
#include "petrel/io/dump.hpp"
#include "petrel/whip/server.hpp"
#include "shared/http_listener.hpp"
#include "shared/journal.hpp"
#include "shared/page_response.hpp"
#include "shared/peer_config.hpp"
#include "shared/program_main.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"

namespace {

namespace http = petrel::http;

std::chrono::milliseconds local_time_of_day() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) % 1000;
  return std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min) +
         std::chrono::seconds(local.tm_sec) + ms;
}

// What the user asked to be written down, at their own risk.
struct Dumps {
  std::unique_ptr<petrel::KeyLogFile> keys;
  std::unique_ptr<petrel::RtpDumpFile> packets;

  explicit Dumps(const camera::Options& options) {
    if (options.key_log) keys = open<petrel::KeyLogFile>("--key-log", *options.key_log);
    if (options.rtp_dump) packets = open<petrel::RtpDumpFile>("--rtp-dump", *options.rtp_dump);
  }

 private:
  template <class File>
  static std::unique_ptr<File> open(const char* option, const std::string& path) {
    auto file = File::open(path);
    if (!file) {
      throw shared::UserError(std::string(option) + ": cannot write " + path + ": " + file.error().message());
    }
    return *std::move(file);
  }
};

petrel::PeerConfig peer_config(const camera::Options& options, const petrel::Network& network,
                               const Dumps& dumps, petrel::LogSink* log) {
  petrel::PeerConfig config = shared::peer_config(options.server, network, log);
  config.key_log = dumps.keys.get();
  config.packet_tap = dumps.packets.get();
  return config;
}

// The camera's second stream, with viewers of its own: below /low/ all is as at the top.
struct Low {
  std::unique_ptr<camera::FrameSource> source;
  camera::Viewers viewers;
  std::optional<camera::Capture> capture{};

  Low(petrel::Network& network, std::unique_ptr<camera::FrameSource> own, camera::ViewerSettings settings)
      : source(std::move(own)), viewers(network, *source, std::move(settings)) {}

  void start(const asio::any_io_executor& executor) {
    capture.emplace(
        *source, executor, [this](const camera::CapturedFrame& frame) { viewers.handle_frame(frame); },
        [](const std::string& reason) {
          std::fprintf(stderr, "petrel-camera: the second stream has ended: %s\n", reason.c_str());
        });
  }
};

constexpr std::string_view low_folder = "/low";

// Who of the two a request is for; below the folder it becomes one to the top.
camera::Viewers& viewers_for(http::Request& request, camera::Viewers& viewers, std::optional<Low>& low) {
  if (!low) return viewers;
  const bool is_session = request.path.starts_with(low->viewers.endpoint());
  if (!is_session && request.path != "/low/" && request.path != "/low/stats") return viewers;
  if (!is_session) request.path.erase(0, low_folder.size());
  return low->viewers;
}

asio::awaitable<http::Response> answer(camera::Viewers& viewers, const http::AccessPolicy& policy,
                                       http::Request request) {
  http::Response response;
  if (auto refusal = http::refuse_access(policy, request)) {
    response = *std::move(refusal);
  } else if (auto action = petrel::whip::route(request, viewers.endpoint())) {
    auto responding = viewers.respond(*std::move(action));
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

// A file that is wrong at that moment changes nothing: the picture goes on.
void reload_servers_on(asio::signal_set& signals, const shared::ServerOptions& options,
                       camera::Viewers& viewers, std::optional<Low>& low,
                       std::optional<camera::KvsPublisher>& kvs, std::optional<camera::WhipPublisher>& whip) {
  signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    try {
      const auto servers = shared::ice_servers_of(options);
      viewers.set_ice_servers(servers);
      if (low) low->viewers.set_ice_servers(servers);
      if (kvs) kvs->set_own_servers(servers);
      if (whip) whip->set_own_servers(servers);
    } catch (const shared::UserError& wrong) {
      std::fprintf(stderr, "petrel-camera: %s\n", wrong.what());
    }
    reload_servers_on(signals, options, viewers, low, kvs, whip);
  });
}

int run(const camera::Options& options) {
  if (options.list_cameras) {
    std::fputs(camera::list_cameras(*camera::make_libcamera()).c_str(), stdout);
    return 0;
  }
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.server.log_level) log.emplace(*options.server.log_level);
  const Dumps dumps(options);
  camera::SteadyClock clock;
  const camera::SourceSurroundings around{
      local_time_of_day,
      clock,
      [](const std::string& line) { std::fprintf(stderr, "petrel-camera: %s\n", line.c_str()); },
      camera::linux_v4l2(),
      camera::has_libcamera() ? camera::make_libcamera : nullptr,
      options.low ? std::make_shared<camera::LowPictureBox>() : nullptr};
  const std::unique_ptr<camera::FrameSource> source = camera::make_source(options, around);
  const auto intercom = camera::audio::make_intercom(options.sound);

  petrel::Network network(io.get_executor());
  camera::ViewerSettings settings{.peer = peer_config(options, network, dumps, log ? &*log : nullptr),
                                  .max_viewers = options.max_viewers,
                                  .sends_sound = options.sound.input != camera::audio::Options::Input::none,
                                  .listener = intercom ? intercom->listener() : nullptr};
  camera::Viewers viewers(network, *source, settings);
  std::optional<Low> low;
  if (options.low) {
    settings.listener = nullptr;  // Viewers are told apart by numbers, which the two count alike.
    settings.endpoint = std::string(low_folder) + "/whep";
    low.emplace(network, camera::make_low_source(options, around), settings);
  }
  const http::AccessPolicy policy = shared::access_policy(options.server);
  std::optional<shared::HttpListener> listener;
  if (options.local) {
    listener.emplace(io.get_executor(), options.server.listen_endpoint, [&](http::Request request) {
      camera::Viewers& asked = viewers_for(request, viewers, low);
      return answer(asked, policy, std::move(request));
    });
  }

  int exit_code = 0;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  asio::signal_set reloads(io, SIGHUP);
  std::optional<camera::KvsPublisher> kvs;
  std::optional<camera::WhipPublisher> whip;
  const auto end = [&] {
    signals.cancel();
    reloads.cancel();
    if (listener) listener->stop();
    viewers.close();
    if (low) low->viewers.close();
    if (kvs) kvs->close();
    if (!whip) return io.stop();
    whip->close([&] { io.stop(); });
  };
  int publishers = (options.kvs ? 1 : 0) + (options.whip ? 1 : 0);
  const auto publisher_failed = [&] {
    if (options.local || --publishers > 0) return;  // The others go on.
    exit_code = 1;
    end();
  };
  if (options.kvs) {
    petrel::kvs::SessionConfig session{.channel = options.channel, .region = options.region};
    if (log) session.log = &*log;
    kvs.emplace(network, viewers, std::move(session), shared::ice_servers_of(options.server),
                publisher_failed);
  }
  if (options.whip) {
    petrel::whip::SessionConfig session{
        .url = options.url,
        .bearer_token = camera::read_bearer_token(options.bearer_token, options.bearer_token_file)};
    if (log) session.log = &*log;
    whip.emplace(network, viewers, std::move(session), shared::ice_servers_of(options.server),
                 publisher_failed);
  }
  reload_servers_on(reloads, options.server, viewers, low, kvs, whip);
  camera::Capture capture(
      *source, io.get_executor(), [&](const camera::CapturedFrame& frame) { viewers.handle_frame(frame); },
      [&](const std::string& reason) {
        std::fprintf(stderr, "petrel-camera: the source has ended: %s\n", reason.c_str());
        exit_code = 1;
        end();
      });
  if (low) low->start(io.get_executor());
  if (intercom) {
    intercom->start(io.get_executor(), [&](const auto& frame) {
      viewers.handle_sound(frame);
      if (low) low->viewers.handle_sound(frame);
    });
  }
  signals.async_wait([&](std::error_code error, int) {
    if (!error) end();
  });

  std::printf("%s\n", source->description().c_str());
  if (intercom) std::printf("%s\n", intercom->description().c_str());
  if (low) std::printf("At /low/ %s\n", low->source->description().c_str());
  if (listener) {
    std::printf("Watch at %s (Ctrl-C ends)\n",
                shared::page_address(options.server, listener->local()).c_str());
    if (const auto elsewhere = shared::address_from_elsewhere(options.server, listener->local()))
      std::printf("From other machines at %s\n", elsewhere->c_str());
  }
  if (kvs) std::printf("Asking Kinesis Video Streams for channel %s\n", options.channel.c_str());
  std::fflush(stdout);
  io.run();
  capture.stop();
  if (low) low->capture->stop();
  if (intercom) intercom->stop();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  shared::prefix_stderr_for_journal("petrel-camera");
  return shared::program_main("petrel-camera", camera::parse_options(argc, argv), run);
}
