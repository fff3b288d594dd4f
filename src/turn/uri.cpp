#include "petrel/turn/uri.hpp"

#include <algorithm>
#include <charconv>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::uint16_t plain_port = 3478;   // RFC 7065 3.2
constexpr std::uint16_t secure_port = 5349;  // Likewise.
constexpr std::size_t max_host = 255;        // RFC 1035 2.3.4: the longest name.
constexpr std::string_view transport_query = "transport=";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// RFC 3986's reg-name in any practical use: what DNS and mDNS have.
bool is_name_character(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Takes what stands before the first `separator`, and the separator, from the front of `text`.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65'535) {
    return Errc::bad_uri_port;
  }
  return static_cast<std::uint16_t>(port);
}

// host, or host:port; what `port` was stays where there is none.
Result<std::string> parse_host(std::string_view text, std::uint16_t& port) {
  std::string_view host;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    const auto literal = take_until(text, ']');
    const auto address = literal ? IpAddress::parse(*literal) : std::nullopt;
    if (!address || !address->is_v6()) return Errc::bad_uri_host;
    host = *literal;
    if (!text.empty() && !text.starts_with(':')) return Errc::bad_uri_port;
  } else {
    host = text.substr(0, text.find(':'));
    if (host.empty() || host.size() > max_host || !std::ranges::all_of(host, is_name_character)) {
      return Errc::bad_uri_host;
    }
    text.remove_prefix(host.size());
  }
  if (!text.empty()) {
    const auto parsed = parse_port(text.substr(1));
    if (!parsed) return parsed.error();
    port = *parsed;
  }
  return std::string(host);
}

bool is_secure(TransportProtocol protocol) {
  return protocol == TransportProtocol::tls || protocol == TransportProtocol::dtls;
}

Result<ServerUri> parse_uri(std::string_view uri, std::string_view plain_scheme,
                            std::string_view secure_scheme) {
  const auto scheme = take_until(uri, ':');
  const bool secure = scheme && equal_in_any_case(*scheme, secure_scheme);
  if (!scheme || (!secure && !equal_in_any_case(*scheme, plain_scheme))) return Errc::bad_uri_scheme;

  std::string_view query;
  if (const auto before = take_until(uri, '?')) {
    query = std::exchange(uri, *before);
    if (query.size() < transport_query.size() ||
        !equal_in_any_case(query.substr(0, transport_query.size()), transport_query)) {
      return Errc::bad_uri_query;
    }
    query.remove_prefix(transport_query.size());
    if (!equal_in_any_case(query, "udp") && !equal_in_any_case(query, "tcp")) {
      return Errc::unsupported_uri_transport;
    }
  }

  ServerUri server;
  server.port = secure ? secure_port : plain_port;
  auto host = parse_host(uri, server.port);
  if (!host) return host.error();
  server.host = *std::move(host);
  // RFC 7065 3.2 and RFC 5928 3: without a transport the scheme decides.
  const bool stream = query.empty() ? secure : equal_in_any_case(query, "tcp");
  if (stream) {
    server.protocol = secure ? TransportProtocol::tls : TransportProtocol::tcp;
  } else {
    server.protocol = secure ? TransportProtocol::dtls : TransportProtocol::udp;
  }
  return server;
}

}  // namespace

Result<ServerUri> parse_server_uri(std::string_view uri) { return parse_uri(uri, "turn", "turns"); }
Result<ServerUri> parse_stun_server_uri(std::string_view uri) { return parse_uri(uri, "stun", "stuns"); }

std::string to_string(const ServerUri& uri) {
  std::string text = is_secure(uri.protocol) ? "turns:" : "turn:";
  const bool literal = uri.host.find(':') != std::string::npos;
  text += literal ? "[" + uri.host + "]" : uri.host;
  text += ':';
  text += std::to_string(uri.port);
  if (uri.protocol == TransportProtocol::tcp) text += "?transport=tcp";
  if (uri.protocol == TransportProtocol::dtls) text += "?transport=udp";
  return text;
}

}  // namespace petrel::inline v0::turn
