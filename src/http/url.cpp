#include "petrel/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/text.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::http {
namespace {

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return std::uint16_t{80};
  if (scheme == "https" || scheme == "wss") return std::uint16_t{443};
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t max_name = 253;  // RFC 1035 2.3.4
  // The underscore is not of RFC 1123, but names with it resolve, and relays of AWS have them.
  return !text.empty() && text.size() <= max_name && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool read_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool read_authority(std::string_view text, Url& url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return false;
    const auto address = IpAddress::parse(text.substr(1, end - 1));
    if (!address || address->is_v4()) return false;
    url.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return text.empty() || (text.front() == ':' && read_port(text.substr(1), url.port));
  }
  const std::size_t colon = text.find(':');
  url.host = lower(text.substr(0, colon));
  if (!is_host_name(url.host)) return false;
  return colon == text.npos || read_port(text.substr(colon + 1), url.port);
}

// RFC 3986 3.1: letters, digits, '+', '-' and '.' up to a colon that comes before any other mark.
bool has_scheme(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != text.npos && colon > 0 && is_letter(text.front()) &&
         std::ranges::all_of(text.substr(0, colon), [](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

// RFC 3986 5.2.4, of a path that begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment == "..") out.resize(std::min(out.rfind('/'), out.size()));
    if (segment == "." || segment == "..") {
      if (path.empty()) out += '/';
      continue;
    }
    out += '/';
    out += segment;
  }
  return out.empty() ? "/" : out;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (default_port(scheme) != port) {
    text += ':';
    text += std::to_string(port);
  }
  return text;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > max_url_bytes || !is_visible(text)) return Errc::malformed_url;
  if (text.find('#') != text.npos) return Errc::malformed_url;
  const std::size_t mark = text.find("://");
  if (mark == text.npos) return Errc::malformed_url;

  Url url;
  url.scheme = lower(text.substr(0, mark));
  const auto port = default_port(url.scheme);
  if (!port) return Errc::unsupported_scheme;
  url.port = *port;
  text.remove_prefix(mark + 3);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!read_authority(text.substr(0, end), url)) return Errc::malformed_url;
  text.remove_prefix(end);
  const std::size_t question = text.find('?');
  if (question != 0 && !text.empty()) url.path = text.substr(0, question);
  if (question != text.npos) url.query = text.substr(question + 1);
  return url;
}

std::string to_string(const Url& url) {
  std::string text = url.scheme;
  text += "://";
  text += url.authority();
  text += url.path;
  if (!url.query.empty()) {
    text += '?';
    text += url.query;
  }
  return text;
}

Result<Url> resolve(const Url& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  if (reference.size() > max_url_bytes || !is_visible(reference)) return Errc::malformed_url;
  if (has_scheme(reference) || reference.starts_with("//")) {
    auto url = parse_url(has_scheme(reference) ? std::string(reference)
                                               : base.scheme + ":" + std::string(reference));
    if (url) url->path = without_dot_segments(url->path);
    return url;
  }
  Url url = base;
  const std::size_t question = reference.find('?');
  const std::string_view path = reference.substr(0, question);
  if (!path.empty() || question != reference.npos) {
    url.query = question == reference.npos ? "" : reference.substr(question + 1);
  }
  if (path.starts_with('/')) {
    url.path = without_dot_segments(path);
  } else if (!path.empty()) {
    url.path = without_dot_segments(base.path.substr(0, base.path.rfind('/') + 1) + std::string(path));
  }
  if (url.path.size() + url.query.size() > max_url_bytes) return Errc::malformed_url;
  return url;
}

bool same_origin(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
  return out;
}

}  // namespace petrel::inline v0::http
