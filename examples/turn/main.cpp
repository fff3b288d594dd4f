// petrel-turn: a STUN and TURN server.

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "petrel/io/turn_server.hpp"
#include "shared/program_main.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"
#include "turn/options.hpp"

namespace {

using petrel::turn_server::AlternateFailed;
using petrel::turn_server::AlternateOpened;
using petrel::turn_server::Event;
using petrel::turn_server::ListenerFailed;
using petrel::turn_server::ListenerOpened;
using shared::UserError;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("--tls: cannot read " + path + ".");
  return {std::istreambuf_iterator<char>(file), {}};
}

petrel::tls::ServerIdentity identity(const turn::Options& options) {
  const std::string chain = contents(*options.certificate_path);
  const std::string key = contents(*options.key_path);
  auto read = petrel::tls::ServerIdentity::from_pem(chain, key);
  if (!read) throw UserError("--tls: " + read.error().message() + ".");
  return *std::move(read);
}

const char* name(petrel::TransportProtocol protocol) {
  switch (protocol) {
    case petrel::TransportProtocol::udp:
      return "UDP";
    case petrel::TransportProtocol::tcp:
      return "TCP";
    case petrel::TransportProtocol::tls:
      return "TLS";
    case petrel::TransportProtocol::dtls:
      return "DTLS";
  }
  return "";
}

petrel::TurnServer start(petrel::Network& network, const petrel::turn_server::ServerConfig& config) {
  try {
    return {network, config};
  } catch (const std::system_error& error) {
    if (error.code() != petrel::turn_server::Errc::no_relay_address) throw;
    throw UserError("no address to relay from was found on this machine: give --relay-address ADDRESS.");
  }
}

int run(turn::Options options) {
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.verbose) options.config.log = &log.emplace(petrel::LogLevel::info);
  if (options.certificate_path) options.config.identity = identity(options);

  petrel::Network network(io.get_executor());
  petrel::TurnServer server = start(network, options.config);

  std::string complaint;
  std::size_t opened = 0;
  const std::size_t awaited = options.config.listeners.size() + (options.config.alternate ? 1 : 0);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  const auto end = [&] {
    signals.cancel();
    server.close();
    io.stop();
  };
  signals.async_wait([&](std::error_code error, int) {
    if (!error) end();
  });
  server.on_event([&](const Event& event) {
    const auto& listeners = options.config.listeners;
    if (const auto* failed = std::get_if<ListenerFailed>(&event)) {
      complaint = options.asked_by[failed->index] + ": " + name(listeners[failed->index].protocol) +
                  " port not available: " + failed->error.message() + ". Choose another ADDRESS:PORT.";
      return end();
    }
    if (const auto* failed = std::get_if<AlternateFailed>(&event)) {
      complaint = "--alternate: a UDP port is not available: " + failed->error.message() +
                  ". Choose another ADDRESS:PORT of this machine.";
      return end();
    }
    if (const auto* listening = std::get_if<ListenerOpened>(&event)) {
      std::printf("%s at %s\n", name(listeners[listening->index].protocol),
                  listening->local.to_string().c_str());
    } else {
      const std::string alternate = std::get<AlternateOpened>(event).alternate.to_string();
      std::printf("NAT behaviour discovery with %s\n", alternate.c_str());
    }
    if (++opened == awaited) std::printf("Serving STUN and TURN (Ctrl-C ends)\n");
    std::fflush(stdout);
  });
  io.run();
  if (!complaint.empty()) throw UserError(complaint);

  const petrel::turn_server::ServerStats stats = server.stats();
  std::printf("%llu allocations, %llu packets to peers, %llu to clients\n",
              static_cast<unsigned long long>(stats.allocations_made),
              static_cast<unsigned long long>(stats.packets_to_peers),
              static_cast<unsigned long long>(stats.packets_to_clients));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-turn", turn::parse_options(argc, argv), run);
}
