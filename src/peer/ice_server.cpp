#include "petrel/peer/ice_server.hpp"

#include <algorithm>
#include <charconv>

#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::size_t max_host_length = 253;  // RFC 1035 2.3.4, written without the final dot.

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > max_host_length) return false;
  return host.find_first_of(" /?#@[]\t\r\n") == std::string_view::npos;
}

}  // namespace

Result<ice::StunServer> parse_stun_url(std::string_view url) {
  constexpr std::string_view scheme = "stun:";
  if (url.starts_with("stuns:")) return PeerErrc::unsupported_ice_server;
  if (!url.starts_with(scheme)) return PeerErrc::bad_ice_server;
  std::string_view rest = url.substr(scheme.size());
  // RFC 7064 3.1 has no query; some write one, and one of them says something.
  if (rest.ends_with("?transport=tcp")) return PeerErrc::unsupported_ice_server;

  std::string_view host = rest;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return PeerErrc::bad_ice_server;
    host = rest.substr(1, end - 1);
    rest = rest.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return PeerErrc::bad_ice_server;
    if (!rest.empty()) port = rest.substr(1);
    if (!rest.empty() && port.empty()) return PeerErrc::bad_ice_server;
  } else if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
    if (port.empty()) return PeerErrc::bad_ice_server;
  }
  if (!is_host(host)) return PeerErrc::bad_ice_server;

  ice::StunServer server{.host = std::string(host)};
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (error != std::errc{} || end != port.data() + port.size() || server.port == 0) {
      return PeerErrc::bad_ice_server;
    }
  }
  return server;
}

Result<AnyIceServer> parse_ice_server(const IceServer& server) {
  // Schemes are in any case (RFC 3986 3.1).
  const auto has_scheme = [&](std::string_view scheme) {
    return server.url.size() >= scheme.size() &&
           std::ranges::equal(scheme, std::string_view(server.url).substr(0, scheme.size()), {}, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  };
  if (!has_scheme("turn:") && !has_scheme("turns:")) {
    auto stun = parse_stun_url(server.url);
    if (!stun) return stun.error();
    return AnyIceServer(*std::move(stun));
  }
  auto uri = turn::parse_server_uri(server.url);
  if (!uri) return uri.error();
  if (server.username.empty() || server.credential.empty()) return PeerErrc::ice_server_without_credentials;
  return AnyIceServer(ice::TurnServer{*std::move(uri), {server.username, server.credential}});
}

}  // namespace petrel::inline v0
