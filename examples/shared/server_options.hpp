#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/http/access.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/peer/ice_server.hpp"

namespace CLI {
class App;
}

namespace shared {

/// What the command lines of both example servers have in common.
struct ServerOptions {
  std::string listen = "127.0.0.1:8080";
  std::vector<std::string> ice_servers;  ///< URL, or URL,USERNAME,CREDENTIAL.
  std::string ice_server_file;           ///< More of them, one a line; read again on SIGHUP.
  std::string turn_ca;                   ///< A file.
  std::string http_proxy;                ///< A URL, or empty.
  std::vector<std::string> interfaces;   ///< To send by; empty: all but those excluded.
  std::vector<std::string> excluded_interfaces;
  bool relay_only = false;
  std::string ice_tcp = "off";  ///< off, on or only.
  std::string token;
  std::string token_file;  ///< A file with the token, instead.
  bool is_public = false;
  std::vector<std::string> allowed_origins;
  std::vector<std::string> allowed_hosts;
  std::optional<petrel::LogLevel> log_level;  ///< Absent: silent.

  petrel::Endpoint listen_endpoint;  ///< `listen`, read by check().
};

/// Reads "URL[,USERNAME,CREDENTIAL]"; a credential may have commas in it.
petrel::IceServer to_ice_server(const std::string& text);

/// All servers of the command line and of --ice-server-file as it is now. Throws UserError.
std::vector<petrel::IceServer> ice_servers_of(const ServerOptions& options);

/// Print the text, end with the code.
struct EarlyExit {
  int code = 0;
  std::string text;
};

/// Adds --listen, --ice-server, --ice-server-file, --turn-ca, --http-proxy, --relay-only, --ice-tcp,
/// --interface, --exclude-interface, --token, --token-file, --public, --allow-origin, --allow-host and
/// --log-level.
void add_server_options(CLI::App& app, ServerOptions& options);

/// Reads what is still text, and the token's file. Throws UserError for what cannot be meant, and for an
/// address beyond loopback that neither --token nor --public covers.
void check(ServerOptions& options);

/// Parses; the text of --help, or one line of error with exit code 2. `finish` may throw UserError.
EarlyExit parse_or_exit(CLI::App& app, int argc, const char* const* argv, const std::function<void()>& finish,
                        bool& is_done);

template <class Options, class Finish>
std::variant<Options, EarlyExit> parse(CLI::App& app, int argc, const char* const* argv, Finish finish) {
  Options options;
  bool is_done = false;
  EarlyExit exit = parse_or_exit(app, argc, argv, [&] { options = finish(); }, is_done);
  if (is_done) return options;
  return exit;
}

/// Who may use a server with these options.
petrel::http::AccessPolicy access_policy(const ServerOptions& options);

/// What to open in a browser: "http://127.0.0.1:8080/", with the token when there is one.
std::string page_address(const ServerOptions& options, const petrel::Endpoint& bound);

/// The same for other machines of the network, by this machine's name; nullopt when it listens to itself
/// only.
std::optional<std::string> address_from_elsewhere(const ServerOptions& options,
                                                  const petrel::Endpoint& bound);

}  // namespace shared
