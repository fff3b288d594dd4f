#include "petrel/sdp/writer.hpp"

namespace petrel::inline v0::sdp {
namespace {

void line(std::string& out, char type, std::string_view value) {
  out += type;
  out += '=';
  out += value;
  out += "\r\n";
}

std::string text(const Connection& connection) {
  return connection.network_type + ' ' + connection.address_type + ' ' + connection.address;
}

// RFC 8866 9: i=, u=, e= and p= stand before c=; everything else of the others after t=.
bool stands_before_connection(char type) {
  return std::string_view("iuep").find(type) != std::string_view::npos;
}

void write_others(std::string& out, const Section& section, bool before_connection) {
  for (const OtherLine& other : section.others) {
    if (stands_before_connection(other.type) == before_connection) line(out, other.type, other.value);
  }
}

void write_connection(std::string& out, const Section& section) {
  if (section.connection) line(out, 'c', text(*section.connection));
  for (const Bandwidth& bandwidth : section.bandwidth) {
    line(out, 'b', bandwidth.type + ':' + std::to_string(bandwidth.value));
  }
}

void write_attributes(std::string& out, const Section& section) {
  for (const Attribute& attribute : section.attributes) {
    out += "a=";
    out += attribute.name;
    if (attribute.value) {
      out += ':';
      out += *attribute.value;
    }
    out += "\r\n";
  }
}

void write_media(std::string& out, const MediaSection& media) {
  std::string value = media.media + ' ' + std::to_string(media.port);
  if (media.port_count) value += '/' + std::to_string(*media.port_count);
  value += ' ' + media.protocol;
  for (const std::string& format : media.formats) value += ' ' + format;
  line(out, 'm', value);
  write_others(out, media, true);
  write_connection(out, media);
  write_others(out, media, false);
  write_attributes(out, media);
}

}  // namespace

std::string write(const Session& session) {
  std::string out;
  const Origin& origin = session.origin;
  line(out, 'v', "0");
  line(out, 'o',
       origin.username + ' ' + origin.session_id + ' ' + origin.session_version + ' ' + origin.network_type +
           ' ' + origin.address_type + ' ' + origin.address);
  line(out, 's', session.name);
  write_others(out, session, true);
  write_connection(out, session);
  line(out, 't', std::to_string(session.timing.start) + ' ' + std::to_string(session.timing.stop));
  write_others(out, session, false);
  write_attributes(out, session);
  for (const MediaSection& media : session.media) write_media(out, media);
  return out;
}

}  // namespace petrel::inline v0::sdp
