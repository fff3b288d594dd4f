#pragma once

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

#include "petrel/io/network.hpp"
#include "petrel/peer/config.hpp"
#include "shared/server_options.hpp"
#include "shared/user_error.hpp"

namespace shared {

/// The whole file, which `option` named. Throws UserError.
inline std::string read_text_file(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) throw UserError(option + " " + path + ": the file cannot be read.");
  return text.str();
}

/// What every peer of a server with these options is made with. Throws UserError for a
/// file that cannot be read. `log` may be nullptr, and outlives the peers.
inline petrel::PeerConfig peer_config(const ServerOptions& options, const petrel::Network& network,
                                      petrel::LogSink* log) {
  petrel::PeerConfig config;
  config.ice_servers = ice_servers_of(options);
  config.ice_interfaces = options.interfaces;
  config.excluded_ice_interfaces = options.excluded_interfaces;
  if (options.relay_only) config.ice_transport_policy = petrel::ice::TransportPolicy::relay;
  if (options.ice_tcp != "off") config.ice_tcp = petrel::ice::TcpCandidates::both;
  config.ice_udp = options.ice_tcp != "only";
  if (!options.http_proxy.empty()) {
    config.http_proxy = petrel::turn::parse_http_proxy(options.http_proxy).value();
  }
  if (!options.turn_ca.empty()) config.turn_tls.ca_pem = read_text_file("--turn-ca", options.turn_ca);
  // One certificate for all: they share its context, and each connects the faster for it.
  const std::chrono::sys_seconds today{std::chrono::seconds(network.unix_time())};
  config.certificate = petrel::dtls::Certificate::generate(today).value();
  config.log = log;
  return config;
}

}  // namespace shared
