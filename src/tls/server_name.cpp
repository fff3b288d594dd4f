#include "tls/server_name.hpp"

#include <algorithm>

namespace petrel::inline v0::tls {
namespace {

constexpr std::size_t max_name_size = 253;  // RFC 1035 2.3.4: 255 octets on the wire, in text.
constexpr std::size_t max_label_size = 63;  // RFC 1035 2.3.4

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= max_label_size && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(
             label, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; });
}

bool is_dns_name(std::string_view name) {
  if (name.size() > max_name_size) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!is_label(label)) return false;
    // "192.0.2" is a mistake, and must not become a name that somebody can own.
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<ServerName> parse_server_name(std::string_view text) {
  if (auto address = IpAddress::parse(text)) return ServerName{{}, address};
  if (text.ends_with('.')) text.remove_suffix(1);
  ServerName name;
  std::ranges::transform(text, std::back_inserter(name.dns), lower);
  if (!is_dns_name(name.dns)) return std::nullopt;
  return name;
}

std::optional<ServerName> parse_certificate_name(std::string_view text) {
  constexpr std::string_view wildcard = "*.";
  if (!text.starts_with(wildcard)) return parse_server_name(text);
  auto name = parse_server_name(text.substr(wildcard.size()));
  if (!name || name->address) return std::nullopt;
  name->dns.insert(0, wildcard);
  return name;
}

}  // namespace petrel::inline v0::tls
