// The attributes of audio and video m-lines: codecs, feedback, extensions, streams.

#include <utility>

#include "petrel/sdp/attributes.hpp"
#include "sdp/fields.hpp"

namespace petrel::inline v0::sdp {
namespace {

constexpr std::uint8_t max_payload_type = 127;  // 7 bits, RFC 3550 5.1

std::optional<std::uint8_t> payload_type_from(std::string_view text) {
  const auto payload_type = number<std::uint8_t>(text);
  if (!payload_type || *payload_type > max_payload_type) return std::nullopt;
  return payload_type;
}

// RFC 8285 6: 4096–4351 stand for "to be chosen"; 0 and 15 mean something else on the wire.
bool is_extension_id(std::uint16_t id) { return (id >= 1 && id <= 255) || (id >= 4096 && id <= 4351); }

}  // namespace

Result<RtpMap> RtpMap::parse(std::string_view value) {
  Fields fields(value);
  const auto payload_type = payload_type_from(fields.next());
  const Split encoding = split(fields.next(), '/');
  const Split clock = split(encoding.after.value_or(std::string_view()), '/');
  const auto clock_rate = number<std::uint32_t>(clock.before);
  if (!payload_type || !is_token(encoding.before) || !clock_rate || *clock_rate == 0 || !fields.at_end()) {
    return Errc::malformed_attribute;
  }
  RtpMap map{*payload_type, std::string(encoding.before), *clock_rate, 1};
  if (clock.after) {
    const auto channels = number<std::uint16_t>(*clock.after);
    if (!channels || *channels == 0) return Errc::malformed_attribute;
    map.channels = *channels;
  }
  return map;
}

std::string RtpMap::text() const {
  std::string out = std::to_string(payload_type) + ' ' + encoding + '/' + std::to_string(clock_rate);
  if (channels != 1) out += '/' + std::to_string(channels);
  return out;
}

Result<FormatParameters> FormatParameters::parse(std::string_view value) {
  Fields fields(value);
  FormatParameters result;
  result.format = fields.next();
  if (result.format.empty()) return Errc::malformed_attribute;
  // RFC 8866 6.15 leaves the rest to the format. All of WebRTC's are `name=value` with ";" between.
  std::string_view rest = fields.rest();
  while (!rest.empty()) {
    const Split item = split(rest, ';');
    rest = item.after.value_or(std::string_view());
    const Split pair = split(without_blanks(item.before), '=');
    const std::string_view parameter_name = without_blanks(pair.before);
    if (parameter_name.empty()) continue;  // A stray ";" or "=": seen, and harmless.
    if (pair.after) {
      result.parameters.push_back({std::string(parameter_name), std::string(without_blanks(*pair.after))});
    } else {
      result.parameters.push_back({"", std::string(parameter_name)});
    }
  }
  return result;
}

std::string FormatParameters::text() const {
  std::string out = format;
  char separator = ' ';
  for (const FormatParameter& parameter : parameters) {
    out += separator;
    if (!parameter.name.empty()) out += parameter.name + '=';
    out += parameter.value;
    separator = ';';
  }
  return out;
}

Result<RtcpFeedback> RtcpFeedback::parse(std::string_view value) {
  Fields fields(value);
  const std::string_view format = fields.next();
  RtcpFeedback result;
  if (format != "*") {
    result.payload_type = payload_type_from(format);
    if (!result.payload_type) return Errc::malformed_attribute;
  }
  while (!fields.at_end()) {
    if (!result.feedback.empty()) result.feedback += ' ';
    result.feedback += fields.next();
  }
  if (result.feedback.empty()) return Errc::malformed_attribute;
  return result;
}

std::string RtcpFeedback::text() const {
  return (payload_type ? std::to_string(*payload_type) : std::string("*")) + ' ' + feedback;
}

Result<ExtensionMap> ExtensionMap::parse(std::string_view value) {
  Fields fields(value);
  const Split head = split(fields.next(), '/');
  const auto id = number<std::uint16_t>(head.before);
  ExtensionMap map;
  if (head.after) {
    map.direction = parse_direction(*head.after);
    if (!map.direction) return Errc::malformed_attribute;
  }
  map.uri = fields.next();
  map.extension_attributes = fields.rest();
  if (!id || !is_extension_id(*id) || map.uri.empty()) return Errc::malformed_attribute;
  map.id = *id;
  return map;
}

std::string ExtensionMap::text() const {
  std::string out = std::to_string(id);
  if (direction) out += '/' + std::string(to_string(*direction));
  out += ' ' + uri;
  if (!extension_attributes.empty()) out += ' ' + extension_attributes;
  return out;
}

Result<Msid> Msid::parse(std::string_view value) {
  Fields fields(value);
  Msid msid;
  msid.stream_id = fields.next();
  msid.track_id = fields.next();
  if (msid.stream_id.empty()) return Errc::malformed_attribute;
  return msid;
}

std::string Msid::text() const { return track_id.empty() ? stream_id : stream_id + ' ' + track_id; }

Result<SsrcAttribute> SsrcAttribute::parse(std::string_view value) {
  Fields fields(value);
  const auto ssrc = number<std::uint32_t>(fields.next());
  if (!ssrc) return Errc::malformed_attribute;
  const Split pair = split(fields.rest(), ':');
  return SsrcAttribute{*ssrc, std::string(pair.before), std::string(pair.after.value_or(std::string_view()))};
}

std::string SsrcAttribute::text() const {
  std::string out = std::to_string(ssrc) + ' ' + attribute;
  if (!value.empty()) out += ':' + value;
  return out;
}

Result<SsrcGroup> SsrcGroup::parse(std::string_view value) {
  Fields fields(value);
  SsrcGroup group;
  group.semantics = fields.next();
  if (!is_token(group.semantics)) return Errc::malformed_attribute;
  while (!fields.at_end()) {
    const auto ssrc = number<std::uint32_t>(fields.next());
    if (!ssrc || group.ssrcs.size() == max_ssrcs) return Errc::malformed_attribute;
    group.ssrcs.push_back(*ssrc);
  }
  return group;
}

std::string SsrcGroup::text() const {
  std::string out = semantics;
  for (const std::uint32_t ssrc : ssrcs) out += ' ' + std::to_string(ssrc);
  return out;
}

Result<RtcpPort> RtcpPort::parse(std::string_view value) {
  Fields fields(value);
  const auto port = number<std::uint16_t>(fields.next());
  if (!port) return Errc::malformed_attribute;
  RtcpPort rtcp{*port, std::nullopt};
  if (fields.at_end()) return rtcp;
  Connection connection;
  connection.network_type = fields.next();
  connection.address_type = fields.next();
  connection.address = fields.next();
  if (connection.address.empty() || !fields.at_end()) return Errc::malformed_attribute;
  rtcp.connection = std::move(connection);
  return rtcp;
}

std::string RtcpPort::text() const {
  std::string out = std::to_string(port);
  if (connection) {
    out += ' ' + connection->network_type + ' ' + connection->address_type + ' ' + connection->address;
  }
  return out;
}

Result<Rid> Rid::parse(std::string_view value) {
  Fields fields(value);
  Rid rid;
  rid.id = fields.next();
  const std::string_view direction = fields.next();
  if (!is_token(rid.id) || (direction != "send" && direction != "recv")) return Errc::malformed_attribute;
  rid.send = direction == "send";
  rid.restrictions = fields.rest();
  return rid;
}

std::string Rid::text() const {
  std::string out = id + (send ? " send" : " recv");
  if (!restrictions.empty()) out += ' ' + restrictions;
  return out;
}

}  // namespace petrel::inline v0::sdp
