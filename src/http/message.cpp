#include "petrel/http/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "http/text.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::http {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 7> methods{{{"GET", Method::get},
                                                                      {"HEAD", Method::head},
                                                                      {"POST", Method::post},
                                                                      {"PUT", Method::put},
                                                                      {"PATCH", Method::patch},
                                                                      {"DELETE", Method::delete_},
                                                                      {"OPTIONS", Method::options}}};

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool has_body(Status status) {
  return status != Status::no_content && status != Status::continue_ && status != Status::switching_protocols;
}

// What goes into a request line or a Host: nothing that could end it.
bool is_one_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_written_anyway(std::string_view name) {
  return equals_ignoring_case(name, "Host") || equals_ignoring_case(name, "Content-Length") ||
         equals_ignoring_case(name, "Transfer-Encoding");
}

}  // namespace

std::optional<Method> parse_method(std::string_view token) {
  const auto found = std::ranges::find(methods, token, [](const auto& row) { return row.first; });
  if (found == methods.end()) return std::nullopt;
  return found->second;
}

std::string_view to_string(Method method) {
  return std::ranges::find(methods, method, [](const auto& row) { return row.second; })->first;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_, [&](const Header& field) { return equals_ignoring_case(field.name, name); });
  add(std::move(name), std::move(value));
}

void Headers::append(const Headers& others) {
  fields_.insert(fields_.end(), others.fields_.begin(), others.fields_.end());
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Header& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const Header& field) { return equals_ignoring_case(field.name, name); }));
}

bool Headers::has_element(std::string_view name, std::string_view element) const {
  for (const Header& field : fields_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      if (equals_ignoring_case(trim(take_until(rest, ',')), element)) return true;
    }
  }
  return false;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    std::string_view value = take_until(rest, '&');
    if (percent_decode(take_until(value, '=')) == name) return percent_decode(value);
  }
  return std::nullopt;
}

std::string Request::media_type() const {
  std::string_view value = headers.get("Content-Type").value_or("");
  std::string type(trim(take_until(value, ';')));
  std::ranges::transform(type, type.begin(), to_lower);
  return type;
}

Result<std::string> write(const Request& request) {
  const bool is_target = request.path.starts_with('/') || request.path == "*";
  if (!is_target || request.host.empty() || !is_one_word(request.path) || !is_one_word(request.query) ||
      !is_one_word(request.host)) {
    return petrel::Errc::invalid_argument;
  }
  std::string out(to_string(request.method));
  out += ' ';
  out += request.path;
  if (!request.query.empty()) {
    out += '?';
    out += request.query;
  }
  out += " HTTP/1.1\r\nHost: ";
  out += request.host;
  out += "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_field_value(value) || is_written_anyway(name)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  // RFC 9110 8.6: a POST says that its body is empty, a GET need not.
  if (!request.body.empty() || request.method == Method::post || request.method == Method::put ||
      request.method == Method::patch) {
    out += "Content-Length: ";
    out += std::to_string(request.body.size());
    out += "\r\n";
  }
  if (!request.keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  out += request.body;
  return out;
}

Response problem(Status status, std::string_view text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(text) + "\n"};
}

std::string write(const Response& response, WriteOptions options) {
  std::string out = "HTTP/1.1 ";
  out += std::to_string(static_cast<unsigned>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !is_field_value(value)) continue;
    // RFC 9110 7.8: an upgrade is named in Connection too, which is the application's then.
    const bool upgrades = response.status == Status::switching_protocols;
    if (equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "Transfer-Encoding"))
      continue;
    if (equals_ignoring_case(name, "Connection") && !upgrades) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  // RFC 9110 8.6: no Content-Length in a 1xx or 204 response.
  if (has_body(response.status)) out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  const bool is_final = static_cast<unsigned>(response.status) >= 200;
  if (!options.keep_alive && is_final) out += "Connection: close\r\n";
  out += "\r\n";
  if (has_body(response.status) && !options.to_head) out += response.body;
  return out;
}

}  // namespace petrel::inline v0::http
