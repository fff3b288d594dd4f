// petrel-echo: sends a browser's own camera, microphone and messages back to it.

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <optional>

#include "echo/callers.hpp"
#include "echo/page.hpp"
#include "shared/http_listener.hpp"
#include "shared/page_response.hpp"
#include "shared/peer_config.hpp"
#include "shared/program_main.hpp"
#include "shared/server_options.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"

namespace {

namespace http = petrel::http;

std::variant<shared::ServerOptions, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  CLI::App app("Sends a browser's own camera, microphone and messages back to it.", "petrel-echo");
  app.footer("Example:\n  petrel-echo --listen 127.0.0.1:8081");
  shared::ServerOptions options;
  shared::add_server_options(app, options);
  return shared::parse<shared::ServerOptions>(app, argc, argv, [&] {
    shared::check(options);
    return options;
  });
}

asio::awaitable<http::Response> answer(echo::Callers& callers, const http::AccessPolicy& policy,
                                       http::Request request) {
  http::Response response;
  if (auto refusal = http::refuse_access(policy, request)) {
    response = *std::move(refusal);
  } else if (request.path == "/offer" && request.method == http::Method::post) {
    if (request.media_type() == "application/sdp") {
      auto creating = callers.create(std::move(request.body));
      response = co_await std::move(creating);
    } else {
      response = http::problem(http::Status::unsupported_media_type, "Send the offer as application/sdp.");
    }
  } else if (request.path == "/") {
    response = shared::page_response(echo::page);
  } else {
    response = http::problem(http::Status::not_found, "There is nothing here. The page is at /.");
  }
  response.headers.append(http::cors_headers(policy, request));
  co_return response;
}

int run(const shared::ServerOptions& options) {
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.log_level) log.emplace(*options.log_level);

  petrel::Network network(io.get_executor());
  echo::Callers callers(network, shared::peer_config(options, network, log ? &*log : nullptr));
  const http::AccessPolicy policy = shared::access_policy(options);
  shared::HttpListener listener(io.get_executor(), options.listen_endpoint, [&](http::Request request) {
    return answer(callers, policy, std::move(request));
  });

  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    listener.stop();
    callers.close();
    io.stop();
  });
  std::printf("See yourself at %s (Ctrl-C ends)\n", shared::page_address(options, listener.local()).c_str());
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-echo", parse_options(argc, argv), run);
}
