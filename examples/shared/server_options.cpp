#include "shared/server_options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>

#include "shared/user_error.hpp"

namespace shared {
namespace {

const std::map<std::string, std::optional<petrel::LogLevel>> log_levels{
    {"off", std::nullopt},
    {"debug", petrel::LogLevel::debug},
    {"info", petrel::LogLevel::info},
    {"warning", petrel::LogLevel::warning},
    {"error", petrel::LogLevel::error}};

std::optional<petrel::Endpoint> read_listen(std::string text) {
  constexpr std::string_view localhost = "localhost:";
  if (text.starts_with(localhost)) text.replace(0, localhost.size(), "127.0.0.1:");
  return petrel::Endpoint::parse(text);
}

bool is_token_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~").find(c) != std::string::npos;
}

std::string host_of(const petrel::IpAddress& address) {
  return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

// By mDNS (RFC 6762) a machine is found under its name with .local. Nobody else can choose that name, so that
// it is as good a sign as an address is that no other name was rebound to this machine. Empty: it has none.
std::string own_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string_view text = name.data();
  return std::string(text.substr(0, text.find('.')));
}

std::string query_of(const ServerOptions& options) {
  return options.token.empty() ? "" : "?token=" + options.token;
}

// CLI11's messages may have several lines; a person gets one, and the way to the rest.
std::string one_line(const CLI::App& app, std::string text) {
  text.erase(std::ranges::find(text, '\n'), text.end());
  return app.get_name() + ": " + text + " Try --help.\n";
}

std::string token_of_file(const ServerOptions& options) {
  if (!options.token.empty()) throw UserError("--token and --token-file: give one of them.");
  std::ifstream file(options.token_file);
  std::string token;
  if (!file || !std::getline(file, token))
    throw UserError("--token-file " + options.token_file + ": there is no word in it, or it cannot be read.");
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty()) throw UserError("--token-file " + options.token_file + ": its first line is empty.");
  return token;
}

}  // namespace

void add_server_options(CLI::App& app, ServerOptions& options) {
  app.add_option("--listen", options.listen, "Address and port of the page")->capture_default_str();
  app.add_option("--ice-server", options.ice_servers,
                 "For viewers outside of this network: stun:HOST[:PORT], or a TURN server and who we are "
                 "to it, turn:HOST[:PORT][?transport=tcp],USERNAME,CREDENTIAL or turns:... (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--ice-server-file", options.ice_server_file,
                 "A file with more of them, one a line; read again on SIGHUP, for credentials that expire");
  app.add_option("--turn-ca", options.turn_ca,
                 "A PEM file with the certificate that a turns: server stands under, if no public one");
  app.add_option("--http-proxy", options.http_proxy,
                 "What TURN servers over TCP and TLS are reached through: "
                 "http://[USERNAME:PASSWORD@]HOST[:PORT] (the environment is not asked)");
  app.add_flag("--relay-only", options.relay_only,
               "Send by TURN servers only, so that viewers do not learn this machine's addresses");
  app.add_option("--ice-tcp", options.ice_tcp,
                 "Listen for media by TCP too, for viewers whose network lets no UDP through: off, on, or "
                 "only to use no UDP")
      ->check(CLI::IsMember({"off", "on", "only"}))
      ->capture_default_str();
  app.add_option("--interface", options.interfaces,
                 "Send to viewers by this network interface only, such as wlan0 (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--exclude-interface", options.excluded_interfaces,
                 "Never send to viewers by this one (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--token", options.token, "A word that every visitor has to know");
  app.add_option("--token-file", options.token_file,
                 "A file with that word, so that it is not in the list of processes");
  app.add_flag("--public", options.is_public, "Let everyone in who can reach the address");
  app.add_option("--allow-origin", options.allowed_origins,
                 "Pages of this origin may use the server too, such as https://example.org (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--allow-host", options.allowed_hosts,
                 "A name under which this machine is opened, such as camera.local (repeatable)")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--log-level", [&options](const std::string& name) { options.log_level = log_levels.at(name); },
         "off, error, warning, info or debug")
      ->check(CLI::IsMember(log_levels));
}

void check(ServerOptions& options) {
  const auto endpoint = read_listen(options.listen);
  if (!endpoint) {
    throw UserError("--listen " + options.listen +
                    ": write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080.");
  }
  options.listen_endpoint = *endpoint;
  if (!options.token_file.empty()) options.token = token_of_file(options);
  if (!std::ranges::all_of(options.token, is_token_character)) {
    throw UserError("--token: use letters, digits and - . _ ~ only, since it becomes part of an address.");
  }
  if (!endpoint->address.is_loopback() && options.token.empty() && !options.is_public) {
    throw UserError(
        "--listen " + options.listen +
        " can be reached from other machines: add --token WORD to let in who knows it, or --public "
        "to let in everyone.");
  }
  const auto is_turn = [](const petrel::IceServer& server) {
    return std::holds_alternative<petrel::ice::TurnServer>(*petrel::parse_ice_server(server));
  };
  const std::vector<petrel::IceServer> servers = ice_servers_of(options);
  const bool has_turn = std::ranges::any_of(servers, is_turn);
  if (!options.http_proxy.empty() && !petrel::turn::parse_http_proxy(options.http_proxy)) {
    // The URL may have a password in it, which does not belong on a screen.
    throw UserError(
        "--http-proxy: write http://[USERNAME:PASSWORD@]HOST[:PORT], with %40 for an @ in a password.");
  }
  if (options.relay_only && !has_turn) {
    throw UserError("--relay-only: there is no relay; add --ice-server turn:HOST,USERNAME,CREDENTIAL.");
  }
  for (const std::string& origin : options.allowed_origins) {
    const std::size_t scheme_end = origin.find("://");
    const bool has_host_only =
        scheme_end != origin.npos && origin.find_first_of("/?#", scheme_end + 3) == origin.npos;
    if (origin == "*" || has_host_only) continue;
    throw UserError("--allow-origin " + origin +
                    ": write scheme and host, such as https://example.org, or *.");
  }
}

std::vector<petrel::IceServer> ice_servers_of(const ServerOptions& options) {
  std::vector<petrel::IceServer> servers;
  const auto add = [&](const std::string& option, const std::string& text) {
    servers.push_back(to_ice_server(text));
    if (const auto parsed = petrel::parse_ice_server(servers.back()); !parsed) {
      // Not the whole text: it may have a password in it.
      throw UserError(option + " " + servers.back().url + ": " + parsed.error().message() +
                      ". Write stun:HOST or turn:HOST,USERNAME,CREDENTIAL.");
    }
  };
  for (const std::string& text : options.ice_servers) add("--ice-server", text);
  if (options.ice_server_file.empty()) return servers;
  std::ifstream file(options.ice_server_file);
  if (!file) throw UserError("--ice-server-file " + options.ice_server_file + ": the file cannot be read.");
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line.front() != '#') add("--ice-server-file " + options.ice_server_file + ":", line);
  }
  return servers;
}

petrel::IceServer to_ice_server(const std::string& text) {
  const std::size_t first = text.find(',');
  if (first == text.npos) return {.url = text};
  const std::size_t second = text.find(',', first + 1);
  if (second == text.npos) return {.url = text.substr(0, first), .username = text.substr(first + 1)};
  return {.url = text.substr(0, first),
          .username = text.substr(first + 1, second - first - 1),
          .credential = text.substr(second + 1)};
}

EarlyExit parse_or_exit(CLI::App& app, int argc, const char* const* argv, const std::function<void()>& finish,
                        bool& is_done) {
  try {
    app.parse(argc, argv);
    finish();
    is_done = true;
    return {};
  } catch (const CLI::CallForHelp&) {
    return {0, app.help()};
  } catch (const CLI::ParseError& error) {
    return {2, one_line(app, error.what())};
  } catch (const UserError& error) {
    return {2, one_line(app, error.what())};
  }
}

petrel::http::AccessPolicy access_policy(const ServerOptions& options) {
  petrel::http::AccessPolicy policy;
  policy.hosts = options.allowed_hosts;
  policy.hosts.push_back(host_of(options.listen_endpoint.address));
  policy.any_address = options.listen_endpoint.address.is_unspecified();
  if (const std::string name = own_name(); !name.empty() && !options.listen_endpoint.address.is_loopback()) {
    policy.hosts.push_back(name);
    policy.hosts.push_back(name + ".local");
  }
  policy.origins = options.allowed_origins;
  policy.token = options.token;
  return policy;
}

std::string page_address(const ServerOptions& options, const petrel::Endpoint& bound) {
  const petrel::IpAddress loopback = petrel::IpAddress::v4(127, 0, 0, 1);
  const std::string host = host_of(bound.address.is_unspecified() ? loopback : bound.address);
  return "http://" + host + ":" + std::to_string(bound.port) + "/" + query_of(options);
}

std::optional<std::string> address_from_elsewhere(const ServerOptions& options,
                                                  const petrel::Endpoint& bound) {
  const std::string name = own_name();
  if (name.empty() || bound.address.is_loopback()) return std::nullopt;
  return "http://" + name + ".local:" + std::to_string(bound.port) + "/" + query_of(options);
}

}  // namespace shared
