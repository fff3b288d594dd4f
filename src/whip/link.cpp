#include "petrel/whip/link.hpp"

#include <algorithm>
#include <utility>

#include "http/text.hpp"

namespace petrel::inline v0::whip {
namespace {

constexpr std::string_view blank = " \t";

class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  Result<std::vector<Link>> read() && {
    std::vector<Link> links;
    for (;;) {
      // RFC 9110 5.6.1: empty elements of a list count for nothing.
      rest_.remove_prefix(std::min(rest_.find_first_not_of(", \t"), rest_.size()));
      if (rest_.empty()) return links;
      if (links.size() == max_links) return Errc::too_many_links;
      Link link;
      if (!read_link(link)) return Errc::malformed_link;
      links.push_back(std::move(link));
    }
  }

 private:
  bool read_link(Link& link) {
    const std::size_t end = rest_.find('>');
    if (!rest_.starts_with('<') || end == rest_.npos) return false;
    const std::string_view target = rest_.substr(1, end - 1);
    if (std::ranges::any_of(target, [](char c) { return c <= 0x20 || c == '<' || c == 0x7f; })) return false;
    link.target = target;
    rest_.remove_prefix(end + 1);
    for (;;) {
      skip_blank();
      if (rest_.empty() || rest_.front() == ',') return true;
      if (rest_.front() != ';') return false;
      rest_.remove_prefix(1);
      skip_blank();
      // RFC 8288 B.3: a semicolon with nothing behind it.
      if (rest_.empty() || rest_.front() == ',' || rest_.front() == ';') continue;
      if (link.parameters.size() == max_link_parameters || !read_parameter(link)) return false;
    }
  }

  bool read_parameter(Link& link) {
    Link::Parameter parameter;
    const std::string_view name = take_token();
    if (name.empty()) return false;
    parameter.name = name;
    std::ranges::transform(parameter.name, parameter.name.begin(), http::to_lower);
    skip_blank();
    if (rest_.starts_with('=')) {
      rest_.remove_prefix(1);
      skip_blank();
      if (rest_.starts_with('"')) {
        if (!read_quoted(parameter.value)) return false;
      } else {
        // Tokens only, by the grammar; credentials without quotes have been seen with '/' and '=' in them.
        const std::string_view value = rest_.substr(0, rest_.find_first_of(";, \t\""));
        if (value.empty() || !http::is_field_value(value)) return false;
        parameter.value = value;
        rest_.remove_prefix(value.size());
      }
    }
    link.parameters.push_back(std::move(parameter));
    return true;
  }

  bool read_quoted(std::string& value) {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (!http::is_field_value({&c, 1})) return false;
      value += c;
    }
    return false;
  }

  std::string_view take_token() {
    std::size_t size = 0;
    while (size < rest_.size() && http::is_token(rest_.substr(size, 1))) ++size;
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }

  void skip_blank() { rest_.remove_prefix(std::min(rest_.find_first_not_of(blank), rest_.size())); }

  std::string_view rest_;
};

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  out.append("; ").append(name).append("=\"");
  for (const char c : value) {
    if (!http::is_field_value({&c, 1})) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

std::optional<std::string_view> Link::get(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) return std::nullopt;
  return found->value;
}

bool Link::has_relation(std::string_view relation) const {
  std::string_view rest = get("rel").value_or("");
  while (!rest.empty()) {
    if (http::equals_ignoring_case(http::take_until(rest, ' '), relation)) return true;
  }
  return false;
}

Result<std::vector<Link>> parse_links(std::string_view value) { return LinkReader(value).read(); }

std::string write(const Link& link) {
  std::string out = "<" + link.target + ">";
  for (const Link::Parameter& parameter : link.parameters)
    append_parameter(out, parameter.name, parameter.value);
  return out;
}

std::vector<IceServer> ice_servers_of(const http::Headers& headers) {
  std::vector<IceServer> servers;
  for (const http::Header& field : headers) {
    if (!http::equals_ignoring_case(field.name, "Link")) continue;
    const auto links = parse_links(field.value);
    if (!links) continue;
    for (const Link& link : *links) {
      if (!link.has_relation("ice-server") || servers.size() == max_links) continue;
      if (!http::equals_ignoring_case(link.get("credential-type").value_or("password"), "password")) continue;
      servers.push_back(
          {link.target, std::string(link.get("username").value_or("")), link.get("credential").value_or("")});
    }
  }
  return servers;
}

std::string to_link(const IceServer& server) {
  Link link{server.url, {{"rel", "ice-server"}}};
  if (!server.username.empty()) {
    link.parameters.push_back({"username", server.username});
    link.parameters.push_back({"credential", std::string(server.credential.reveal())});
    link.parameters.push_back({"credential-type", "password"});
  }
  return write(link);
}

}  // namespace petrel::inline v0::whip
