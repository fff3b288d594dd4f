#include "petrel/sdp/attributes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "petrel/base/base64.hpp"
#include "sdp/fields.hpp"

namespace petrel::inline v0::sdp {
namespace {

constexpr std::array<std::pair<std::string_view, MediaDirection>, 4> directions{{
    {"sendrecv", MediaDirection::sendrecv},
    {"sendonly", MediaDirection::sendonly},
    {"recvonly", MediaDirection::recvonly},
    {"inactive", MediaDirection::inactive},
}};

constexpr std::array<std::pair<std::string_view, Setup::Role>, 4> setup_roles{{
    {"active", Setup::Role::active},
    {"passive", Setup::Role::passive},
    {"actpass", Setup::Role::actpass},
    {"holdconn", Setup::Role::holdconn},
}};

bool is_ice_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/';
}

bool is_ice_text(std::string_view text, std::size_t shortest) {
  return text.size() >= shortest && text.size() <= max_ice_credential &&
         std::ranges::all_of(text, is_ice_char);
}

}  // namespace

std::optional<MediaDirection> parse_direction(std::string_view name) {
  for (const auto& [word, direction] : directions) {
    if (word == name) return direction;
  }
  return std::nullopt;
}

std::string_view to_string(MediaDirection direction) {
  for (const auto& [word, value] : directions) {
    if (value == direction) return word;
  }
  return {};
}

std::optional<MediaDirection> direction_of(const Attributes& attributes) {
  std::optional<MediaDirection> found;
  for (const Attribute& attribute : attributes) {
    if (const auto direction = parse_direction(attribute.name)) found = direction;
  }
  return found;
}

Result<Group> Group::parse(std::string_view value) {
  Fields fields(value);
  Group group;
  group.semantics = fields.next();
  if (!is_token(group.semantics)) return Errc::malformed_attribute;
  while (!fields.at_end()) group.mids.emplace_back(fields.next());
  return group;
}

std::string Group::text() const {
  std::string out = semantics;
  for (const std::string& mid : mids) out += ' ' + mid;
  return out;
}

Result<Mid> Mid::parse(std::string_view value) {
  Mid mid{std::string(without_blanks(value))};
  if (!is_token(mid.mid)) return Errc::malformed_attribute;
  return mid;
}

std::string Mid::text() const { return mid; }

Result<Setup> Setup::parse(std::string_view value) {
  for (const auto& [word, role] : setup_roles) {
    if (word == without_blanks(value)) return Setup{role};
  }
  return Errc::malformed_attribute;
}

std::string Setup::text() const {
  for (const auto& [word, value] : setup_roles) {
    if (value == role) return std::string(word);
  }
  return {};
}

Result<IceOptions> IceOptions::parse(std::string_view value) {
  // RFC 8839 5.6 has blanks between them; libdatachannel writes commas, which no option can have inside.
  std::string blanks(value);
  std::ranges::replace(blanks, ',', ' ');
  Fields fields(blanks);
  IceOptions options;
  while (!fields.at_end()) options.options.emplace_back(fields.next());
  return options;
}

std::string IceOptions::text() const {
  std::string out;
  for (const std::string& option : options) out += out.empty() ? option : ' ' + option;
  return out;
}

Result<SctpPort> SctpPort::parse(std::string_view value) {
  const auto port = number<std::uint16_t>(without_blanks(value));
  if (!port) return Errc::malformed_attribute;
  return SctpPort{*port};
}

std::string SctpPort::text() const { return std::to_string(port); }

Result<MaxMessageSize> MaxMessageSize::parse(std::string_view value) {
  const auto bytes = number<std::uint64_t>(without_blanks(value));
  if (!bytes) return Errc::malformed_attribute;
  return MaxMessageSize{*bytes};
}

std::string MaxMessageSize::text() const { return std::to_string(bytes); }

Result<SctpInit> SctpInit::parse(std::string_view value) {
  const auto chunk = base64_decode(without_blanks(value));
  if (!chunk || chunk->empty()) return Errc::malformed_attribute;
  const Bytes bytes = as_bytes(*chunk);
  return SctpInit{{bytes.begin(), bytes.end()}};
}

std::string SctpInit::text() const { return base64_encode(chunk); }

Result<SctpMap> SctpMap::parse(std::string_view value) {
  Fields fields(value);
  const auto port = number<std::uint16_t>(fields.next());
  SctpMap map;
  map.application = fields.next();
  if (!port || map.application.empty()) return Errc::malformed_attribute;
  map.port = *port;
  if (fields.at_end()) return map;
  map.streams = number<std::uint32_t>(fields.next());
  if (!map.streams || !fields.at_end()) return Errc::malformed_attribute;
  return map;
}

std::string SctpMap::text() const {
  std::string out = std::to_string(port) + ' ' + application;
  if (streams) out += ' ' + std::to_string(*streams);
  return out;
}

bool is_ice_ufrag(std::string_view text) { return is_ice_text(text, min_ice_ufrag); }
bool is_ice_pwd(std::string_view text) { return is_ice_text(text, min_ice_pwd); }

}  // namespace petrel::inline v0::sdp
