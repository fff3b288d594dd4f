#include "petrel/turn/http_proxy.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::string_view scheme = "http://";
constexpr std::size_t max_host = 255;  // RFC 1035 2.3.4: the longest name.
// Each; together they fit one request with room to spare.
constexpr std::size_t max_credential = 255;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_character(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::optional<unsigned> hex_digit(char c) {
  const char l = lower(c);
  if (l >= '0' && l <= '9') return static_cast<unsigned>(l - '0');
  if (l >= 'a' && l <= 'f') return static_cast<unsigned>(l - 'a') + 10;
  return std::nullopt;
}

// RFC 3986 2.1. A control character has no place in a header (RFC 7617 2).
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[at + 2]) : std::nullopt;
      if (!low) return std::nullopt;
      c = static_cast<char>(*high * 16 + *low);
      at += 2;
    }
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (out.size() > max_credential) return std::nullopt;
  return out;
}

bool read_credentials(std::string_view text, HttpProxy& proxy) {
  const std::size_t colon = text.find(':');
  const auto username = decoded(text.substr(0, colon));
  const auto password = decoded(colon == text.npos ? std::string_view() : text.substr(colon + 1));
  // RFC 7617 2: a colon would end the username.
  if (!username || !password || username->empty() || username->find(':') != std::string::npos) return false;
  proxy.username = *username;
  proxy.password = *password;
  return true;
}

bool read_port(std::string_view text, HttpProxy& proxy) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), proxy.port);
  return error == std::errc{} && end == text.data() + text.size() && proxy.port != 0;
}

bool read_host(std::string_view text, HttpProxy& proxy) {
  std::string_view host = text.substr(0, text.find(':'));
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return false;
    host = text.substr(1, end - 1);
    const auto address = IpAddress::parse(host);
    if (!address || !address->is_v6()) return false;
    text.remove_prefix(end + 1);
  } else {
    if (host.empty() || host.size() > max_host || !std::ranges::all_of(host, is_name_character)) return false;
    text.remove_prefix(host.size());
  }
  proxy.host = host;
  if (text.empty()) return true;
  return text.front() == ':' && read_port(text.substr(1), proxy);
}

}  // namespace

Result<HttpProxy> parse_http_proxy(std::string_view url) {
  if (url.size() < scheme.size() || !std::ranges::equal(url.substr(0, scheme.size()), scheme, {}, lower)) {
    return Errc::bad_proxy_url;
  }
  url.remove_prefix(scheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  HttpProxy proxy;
  if (const std::size_t at = url.rfind('@'); at != url.npos) {
    if (!read_credentials(url.substr(0, at), proxy)) return Errc::bad_proxy_url;
    url.remove_prefix(at + 1);
  }
  if (!read_host(url, proxy)) return Errc::bad_proxy_url;
  return proxy;
}

std::string to_string(const HttpProxy& proxy) {
  const bool literal = proxy.host.find(':') != std::string::npos;
  return "http://" + (literal ? "[" + proxy.host + "]" : proxy.host) + ":" + std::to_string(proxy.port);
}

}  // namespace petrel::inline v0::turn
