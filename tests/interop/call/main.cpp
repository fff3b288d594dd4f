// petrel's side of a call with a peer of another make: JSON lines in, JSON lines out (docs/interop.md).
//
//   interop_call

#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>

#include "interop/call/call.hpp"

namespace {

using nlohmann::json;

void tell(const json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

// Until there are no more lines.
asio::awaitable<void> converse(petrel::Network& network) {
  interop::Call call(network, tell);
  asio::posix::stream_descriptor input(network.executor(), ::dup(STDIN_FILENO));
  std::string text;
  while (true) {
    std::error_code error;
    auto reading = asio::async_read_until(input, asio::dynamic_buffer(text), '\n',
                                          asio::redirect_error(asio::use_awaitable, error));
    const std::size_t size = co_await std::move(reading);
    if (error) co_return;
    call.handle(json::parse(text.substr(0, size)));
    text.erase(0, size);
  }
}

}  // namespace

int main() {
  tell({{"hello", {{"name", "petrel"}, {"version", PETREL_VERSION}}}});
  try {
    asio::io_context io(1);
    petrel::Network network(io.get_executor());
    asio::co_spawn(io, converse(network), [&io](const std::exception_ptr& error) {
      io.stop();
      if (error) std::rethrow_exception(error);
    });
    io.run();
    return 0;
  } catch (const std::exception& error) {
    tell({{"failed", error.what()}});
    return 1;
  }
}
