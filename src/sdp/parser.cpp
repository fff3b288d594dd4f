#include "petrel/sdp/parser.hpp"

#include <optional>
#include <utility>

#include "petrel/sdp/attributes.hpp"
#include "sdp/fields.hpp"

namespace petrel::inline v0::sdp {
namespace {

struct Line {
  char type = 0;
  std::string_view value;
};

// One description on its way from text to data. The first error ends it.
class Parser {
 public:
  explicit Parser(ParseDetail& detail) : detail_(detail) {}

  Result<Session> parse(std::string_view text);

 private:
  using Outcome = std::optional<Errc>;  // nullopt: the line is read.

  Outcome fail(Errc error, std::string what, std::size_t column = 3) {
    detail_.column = column;
    detail_.what = std::move(what);
    return error;
  }
  Outcome read_line(std::string_view text, Line& line);
  Outcome handle(const Line& line);
  Outcome handle_version(std::string_view value);
  Outcome handle_origin(std::string_view value);
  Outcome handle_name(std::string_view value);
  Outcome handle_timing(std::string_view value);
  Outcome handle_connection(std::string_view value);
  Outcome handle_bandwidth(std::string_view value);
  Outcome handle_attribute(std::string_view value);
  Outcome handle_media(std::string_view value);
  Outcome keep(const Line& line);

  // Where lines belong now: the session, until the first m=.
  Section& section() {
    return session_.media.empty() ? static_cast<Section&>(session_) : session_.media.back();
  }
  bool in_session() const { return session_.media.empty(); }

  ParseDetail& detail_;
  Session session_;
  bool has_version_ = false;
  bool has_origin_ = false;
  bool has_name_ = false;
  bool has_timing_ = false;
};

Result<Session> Parser::parse(std::string_view text) {
  if (text.size() > max_session_bytes) {
    fail(Errc::too_long, std::to_string(text.size()) + " bytes; at most " + std::to_string(max_session_bytes),
         0);
    return Errc::too_long;
  }
  while (!text.empty()) {
    const Split at_end = split(text, '\n');
    text = at_end.after.value_or(std::string_view());
    ++detail_.line;
    if (detail_.line > max_lines) {
      fail(Errc::too_many_lines, "at most " + std::to_string(max_lines) + " lines", 0);
      return Errc::too_many_lines;
    }
    Line line;
    Outcome error = read_line(at_end.before, line);
    // A blank line ends nothing and says nothing; some peers leave one at the end.
    if (!error && line.type != 0) error = handle(line);
    if (error) return *error;
  }
  if (!has_origin_ || !has_name_) {
    fail(Errc::missing_line, !has_version_ ? "it is empty" : has_origin_ ? "no s= line" : "no o= line", 0);
    return Errc::missing_line;
  }
  return std::move(session_);
}

Parser::Outcome Parser::read_line(std::string_view text, Line& line) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  // RFC 8866 5: byte-string excludes NUL, CR and LF. Either would let a value end elsewhere than it seems to.
  const auto control = text.find_first_of(std::string_view("\0\r", 2));
  if (control != std::string_view::npos) {
    return fail(Errc::malformed_line, "NUL or CR within a line", control + 1);
  }
  if (text.size() < 2 || text[1] != '=' || text[0] <= ' ' || text[0] >= '\x7f') {
    return fail(Errc::malformed_line, "not a line of the form x=value", 1);
  }
  line = {text[0], text.substr(2)};
  return std::nullopt;
}

Parser::Outcome Parser::handle(const Line& line) {
  // RFC 8866 5: v= comes first, so that anything that is not SDP at all fails on its first line.
  if (!has_version_ || line.type == 'v') return handle_version(line.type == 'v' ? line.value : "");
  switch (line.type) {
    case 'o':
      return handle_origin(line.value);
    case 's':
      return handle_name(line.value);
    case 't':
      return handle_timing(line.value);
    case 'c':
      return handle_connection(line.value);
    case 'b':
      return handle_bandwidth(line.value);
    case 'a':
      return handle_attribute(line.value);
    case 'm':
      return handle_media(line.value);
    default:
      return keep(line);
  }
}

Parser::Outcome Parser::handle_version(std::string_view value) {
  if (has_version_) return fail(Errc::duplicate_line, "a second v= line", 1);
  if (without_blanks(value) != "0") return fail(Errc::unsupported_version, "the first line is not v=0", 1);
  has_version_ = true;
  return std::nullopt;
}

Parser::Outcome Parser::handle_origin(std::string_view value) {
  if (has_origin_ || !in_session()) return fail(Errc::duplicate_line, "a second o= line", 1);
  Fields fields(value);
  Origin origin;
  for (std::string* field : {&origin.username, &origin.session_id, &origin.session_version,
                             &origin.network_type, &origin.address_type, &origin.address}) {
    *field = fields.next();
  }
  if (origin.address.empty() || !fields.at_end()) {
    return fail(Errc::malformed_origin, "o= has six fields: user, id, version, network, type, address");
  }
  session_.origin = std::move(origin);
  has_origin_ = true;
  return std::nullopt;
}

Parser::Outcome Parser::handle_name(std::string_view value) {
  if (has_name_ || !in_session()) return fail(Errc::duplicate_line, "a second s= line", 1);
  session_.name = value;
  has_name_ = true;
  return std::nullopt;
}

Parser::Outcome Parser::handle_timing(std::string_view value) {
  // RFC 8866 5.9 allows several. WebRTC has one, 0 0; the others are only carried.
  if (has_timing_ || !in_session()) return keep({'t', value});
  Fields fields(value);
  const auto start = number<std::uint64_t>(fields.next());
  const auto stop = number<std::uint64_t>(fields.next());
  if (!start || !stop || !fields.at_end()) return fail(Errc::malformed_timing, "t= is two numbers");
  session_.timing = {*start, *stop};
  has_timing_ = true;
  return std::nullopt;
}

Parser::Outcome Parser::handle_connection(std::string_view value) {
  if (section().connection) return keep({'c', value});  // One per address, for layered multicast.
  Fields fields(value);
  Connection connection;
  connection.network_type = fields.next();
  connection.address_type = fields.next();
  connection.address = fields.next();
  if (connection.address.empty() || !fields.at_end()) {
    return fail(Errc::malformed_connection, "c= has three fields: network, type, address");
  }
  section().connection = std::move(connection);
  return std::nullopt;
}

Parser::Outcome Parser::handle_bandwidth(std::string_view value) {
  const Split parts = split(value, ':');
  const auto amount = number<std::uint64_t>(without_blanks(parts.after.value_or(std::string_view())));
  if (!is_token(parts.before) || !amount) return fail(Errc::malformed_bandwidth, "b= is a type and a number");
  section().bandwidth.push_back({std::string(parts.before), *amount});
  return std::nullopt;
}

Parser::Outcome Parser::handle_attribute(std::string_view value) {
  const Split parts = split(value, ':');
  if (!is_token(parts.before)) return fail(Errc::malformed_attribute, "a= without a name");
  Attribute attribute;
  attribute.name = parts.before;
  if (parts.after) attribute.value = std::string(*parts.after);
  if (const char* complaint = complaint_about(attribute)) {
    return fail(Errc::malformed_attribute, "a=" + attribute.name + ": " + complaint,
                parts.before.size() + (parts.after ? 4 : 3));
  }
  section().attributes.push_back(std::move(attribute));
  return std::nullopt;
}

Parser::Outcome Parser::handle_media(std::string_view value) {
  if (session_.media.size() == max_media_sections) {
    return fail(Errc::too_many_media_sections, "at most " + std::to_string(max_media_sections) + " m-lines",
                1);
  }
  Fields fields(value);
  MediaSection media;
  media.media = fields.next();
  const Split ports = split(fields.next(), '/');
  const auto port = number<std::uint16_t>(ports.before);
  media.protocol = fields.next();
  if (ports.after) {
    media.port_count = number<std::uint16_t>(*ports.after);
    if (!media.port_count) return fail(Errc::malformed_media, "m= has a port count that is no number");
  }
  while (!fields.at_end()) media.formats.emplace_back(fields.next());
  if (!is_token(media.media) || !port || media.formats.empty()) {
    return fail(Errc::malformed_media, "m= is media, port, protocol and at least one format");
  }
  media.port = *port;
  session_.media.push_back(std::move(media));
  return std::nullopt;
}

Parser::Outcome Parser::keep(const Line& line) {
  section().others.push_back({line.type, std::string(line.value)});
  return std::nullopt;
}

}  // namespace

Result<Session> parse(std::string_view text, ParseDetail* detail) {
  ParseDetail unwanted;
  ParseDetail& where = detail != nullptr ? *detail : unwanted;
  where = {};
  return Parser(where).parse(text);
}

}  // namespace petrel::inline v0::sdp
