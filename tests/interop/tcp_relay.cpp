// petrel-tcp-relay: streams by a TCP allocation (RFC 6062) of a real TURN server, for turn_tools.mjs.
//
//   petrel-tcp-relay URL USER PASSWORD connect ADDRESS:PORT BYTES   to a peer that echoes
//   petrel-tcp-relay URL USER PASSWORD accept ADDRESS               echoes what a peer sends, until it ends
//
// TURN_CA in the environment names a PEM file to trust as well.

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "petrel/io/tcp_relay.hpp"

namespace {

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761U >> 13);
  return text;
}

asio::awaitable<void> connect(asio::io_context& io, petrel::TcpRelay& relay, petrel::Endpoint peer,
                              std::size_t size) {
  petrel::RelayedStream stream = co_await relay.connect(peer);
  const std::string text = text_of(size);
  asio::co_spawn(io, stream.send(petrel::as_bytes(text)), [](std::exception_ptr) {});
  std::string echoed;
  while (echoed.size() < text.size()) {
    const auto bytes = co_await stream.receive();
    if (!bytes) break;
    echoed += petrel::as_text(bytes->bytes());
  }
  if (echoed != text) throw std::runtime_error("the echo differs, or ended early");
  stream.close();
  std::printf("echoed %zu bytes\n", echoed.size());
}

asio::awaitable<void> accept(petrel::TcpRelay& relay, petrel::IpAddress peer) {
  relay.permit(peer).value();
  std::printf("relayed address %s\n", (co_await relay.allocated()).to_string().c_str());
  std::fflush(stdout);
  petrel::RelayedStream stream = co_await relay.accept();
  std::size_t size = 0;
  try {
    while (const auto bytes = co_await stream.receive()) {
      size += bytes->size();
      co_await stream.send(bytes->bytes());
    }
  } catch (const std::system_error& error) {
    // coturn resets its connections where others end them.
    if (error.code() != petrel::turn::Errc::connection_closed) throw;
  }
  stream.close();
  std::printf("echoed %zu bytes of %s\n", size, stream.peer().to_string().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 5 ? argv[4] : "";
  petrel::TcpRelayConfig config;
  if (argc > 3) config = {.url = argv[1], .username = argv[2], .password = argv[3]};
  if (const char* path = std::getenv("TURN_CA")) {
    std::ifstream file(path);
    config.tls.ca_pem = {std::istreambuf_iterator<char>(file), {}};
  }
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  int code = 1;
  try {
    petrel::TcpRelay relay(network, config);
    const auto run = [&]() -> asio::awaitable<void> {
      try {
        if (what == "connect" && argc > 6) {
          co_await connect(io, relay, petrel::Endpoint::parse(argv[5]).value(), std::stoul(argv[6]));
        } else if (what == "accept") {
          co_await accept(relay, petrel::IpAddress::parse(argv[5]).value());
        } else {
          throw std::runtime_error("see the head of its source for how it is called");
        }
        code = 0;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "petrel-tcp-relay: %s (%s)\n", error.what(), relay.report().text.c_str());
      }
      relay.close();
    };
    asio::co_spawn(io, run, [&](std::exception_ptr) { io.stop(); });
    io.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "petrel-tcp-relay: %s\n", error.what());
  }
  return code;
}
