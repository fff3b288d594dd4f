// petrel-chat: a browser's page and this terminal talk to each other, by data channels.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <optional>

#include "chat/page.hpp"
#include "chat/room.hpp"
#include "shared/http_listener.hpp"
#include "shared/page_response.hpp"
#include "shared/peer_config.hpp"
#include "shared/program_main.hpp"
#include "shared/server_options.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"

namespace {

namespace http = petrel::http;

// What both sides announce; a line is a message.
constexpr std::size_t longest_line = 64 * 1024;

std::variant<shared::ServerOptions, shared::EarlyExit> parse_options(int argc, const char* const* argv) {
  CLI::App app("A browser's page and this terminal talk to each other, by data channels.", "petrel-chat");
  app.footer("Example:\n  petrel-chat --listen 127.0.0.1:8082");
  shared::ServerOptions options;
  shared::add_server_options(app, options);
  return shared::parse<shared::ServerOptions>(app, argc, argv, [&] {
    shared::check(options);
    return options;
  });
}

asio::awaitable<http::Response> answer(chat::Room& room, const http::AccessPolicy& policy,
                                       http::Request request) {
  http::Response response;
  if (auto refusal = http::refuse_access(policy, request)) {
    response = *std::move(refusal);
  } else if (request.path == "/offer" && request.method == http::Method::post) {
    if (request.media_type() == "application/sdp") {
      auto entering = room.enter(std::move(request.body));
      response = co_await std::move(entering);
    } else {
      response = http::problem(http::Status::unsupported_media_type, "Send the offer as application/sdp.");
    }
  } else if (request.path == "/") {
    response = shared::page_response(chat::page);
  } else {
    response = http::problem(http::Status::not_found, "There is nothing here. The page is at /.");
  }
  response.headers.append(http::cors_headers(policy, request));
  co_return response;
}

// Every line of the terminal, until its end.
asio::awaitable<void> read_terminal(asio::posix::stream_descriptor& terminal, chat::Room& room) {
  std::string waiting;
  for (;;) {
    std::error_code error;
    auto reading = asio::async_read_until(terminal, asio::dynamic_buffer(waiting, longest_line), '\n',
                                          asio::redirect_error(asio::use_awaitable, error));
    const std::size_t length = co_await std::move(reading);
    if (error) co_return;
    room.say("petrel: " + waiting.substr(0, length - 1));
    waiting.erase(0, length);
  }
}

int run(const shared::ServerOptions& options) {
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.log_level) log.emplace(*options.log_level);

  petrel::Network network(io.get_executor());
  chat::Room room(network, shared::peer_config(options, network, log ? &*log : nullptr),
                  [](const std::string& line) {
                    std::printf("%s\n", line.c_str());
                    std::fflush(stdout);
                  });
  const http::AccessPolicy policy = shared::access_policy(options);
  shared::HttpListener listener(io.get_executor(), options.listen_endpoint, [&](http::Request request) {
    return answer(room, policy, std::move(request));
  });

  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    listener.stop();
    room.close();
    io.stop();
  });
  std::printf("Talk at %s (Ctrl-C ends)\n", shared::page_address(options, listener.local()).c_str());
  std::fflush(stdout);
  // A file cannot be waited for; without a terminal or a pipe the pages talk among themselves.
  asio::posix::stream_descriptor terminal(io);
  std::error_code unusable;
  terminal.assign(::dup(STDIN_FILENO), unusable);
  if (!unusable) asio::co_spawn(io, read_terminal(terminal, room), asio::detached);
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-chat", parse_options(argc, argv), run);
}
