#pragma once

#include <chrono>
#include <string>

#include "petrel/io/network.hpp"
#include "petrel/peer/config.hpp"
#include "shared/server_options.hpp"
#include "shared/user_error.hpp"

namespace shared {

/// What every peer of a server with these options is made with. Throws UserError for an ICE server
/// that cannot be used. `log` may be nullptr, and outlives the peers.
inline petrel::PeerConfig peer_config(const ServerOptions& options, const petrel::Network& network,
                                      petrel::LogSink* log) {
  petrel::PeerConfig config;
  for (const std::string& url : options.ice_servers) {
    if (const auto server = petrel::parse_stun_url(url); !server) {
      throw UserError("--ice-server " + url + ": " + server.error().message());
    }
    config.ice_servers.push_back({.url = url});
  }
  // One certificate for all: they share its context, and each connects the faster for it.
  const std::chrono::sys_seconds today{std::chrono::seconds(network.unix_time())};
  config.certificate = petrel::dtls::Certificate::generate(today).value();
  config.log = log;
  return config;
}

}  // namespace shared
