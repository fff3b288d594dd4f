#include "turn/http_tunnel.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "petrel/base/base64.hpp"
#include "turn/report_text.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

struct StatusLine {
  int code = 0;
  std::string_view reason;
};

// RFC 9112 4: "HTTP/1.1 200 Connection established"; the reason may be missing, with its space or without.
std::optional<StatusLine> read_status_line(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  constexpr std::size_t version_size = 8;  // HTTP/1.1
  constexpr std::size_t code_end = version_size + 4;
  if (!line.starts_with("HTTP/1.") || line.size() < code_end || line[version_size] != ' ')
    return std::nullopt;
  StatusLine status;
  const char* const begin = line.data() + version_size + 1;
  const auto [end, error] = std::from_chars(begin, begin + 3, status.code);
  if (error != std::errc{} || end != begin + 3 || status.code < 100 || status.code > 599) return std::nullopt;
  if (line.size() == code_end) return status;
  if (line[code_end] != ' ') return std::nullopt;
  status.reason = line.substr(code_end + 1);
  return status;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// What the Proxy-Authenticate fields offer (RFC 9110 11.6.1): "Negotiate", "Basic realm=x, charset=y".
std::vector<std::string_view> schemes_in(std::string_view head) {
  constexpr std::string_view field = "proxy-authenticate:";
  std::vector<std::string_view> schemes;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (line.size() < field.size() || !equal_in_any_case(line.substr(0, field.size()), field)) continue;
    line.remove_prefix(field.size());
    while (!line.empty()) {
      const std::string_view element = trimmed(line.substr(0, line.find(',')));
      line.remove_prefix(
          std::min(line.find(',') == line.npos ? line.size() : line.find(',') + 1, line.size()));
      const std::string_view word = element.substr(0, element.find_first_of(" \t"));
      if (!word.empty() && word.find('=') == word.npos) schemes.push_back(word);  // Else a parameter.
    }
  }
  return schemes;
}

std::string listed(const std::vector<std::string_view>& schemes) {
  std::string text;
  for (const std::string_view scheme : schemes) text.append(text.empty() ? "" : ", ").append(scheme);
  return printable(text);
}

}  // namespace

HttpTunnel::HttpTunnel(HttpProxy proxy, std::string target)
    : proxy_(std::move(proxy)), target_(std::move(target)) {}

Result<PacketBuffer> HttpTunnel::request() const {
  std::string text = "CONNECT " + target_ + " HTTP/1.1\r\nHost: " + target_ + "\r\n";
  if (!proxy_.username.empty()) {
    const std::string credentials = proxy_.username + ":" + proxy_.password;
    text += "Proxy-Authorization: Basic " + base64_encode(as_bytes(credentials)) + "\r\n";
  }
  text += "\r\n";
  return PacketBuffer::copy_of(as_bytes(text));
}

Bytes HttpTunnel::feed(Bytes bytes) {
  while (!open_ && !failure_ && !bytes.empty()) {
    // Only up to the end of the head: what follows may be anything.
    head_ += static_cast<char>(bytes.front());
    bytes = bytes.subspan(1);
    if (++fed_ > max_answer_bytes) {
      fail(Errc::bad_proxy_answer, "the answer of the proxy does not end");
    } else if (head_.ends_with(end_of_head)) {
      const std::string head = std::exchange(head_, {});
      judge(head);
    }
  }
  return bytes;
}

void HttpTunnel::judge(std::string_view head) {
  const auto status = read_status_line(head);
  if (!status) return fail(Errc::bad_proxy_answer, "what answers at the proxy's address is no HTTP proxy");
  if (status->code < 200) return;  // RFC 9110 15.2: the final answer is to follow.
  if (status->code < 300) {
    open_ = true;
    return;
  }
  std::string said = std::to_string(status->code);
  if (!status->reason.empty()) said += " " + printable(status->reason);
  if (status->code == 407) return fail(Errc::proxy_unauthenticated, what_it_wants(head) + " (" + said + ")");
  if (status->code >= 500) {
    return fail(Errc::proxy_failed, "the proxy cannot reach " + printable(target_) + " (" + said + ")");
  }
  fail(Errc::proxy_refused, "the proxy does not let us connect to " + printable(target_) + " (" + said + ")");
}

std::string HttpTunnel::what_it_wants(std::string_view head) const {
  const auto schemes = schemes_in(head);
  const bool has_basic =
      std::ranges::any_of(schemes, [](auto each) { return equal_in_any_case(each, "basic"); });
  if (!schemes.empty() && !has_basic)
    return "the proxy wants authentication by " + listed(schemes) + ", not by Basic";
  return proxy_.username.empty() ? "the proxy wants a username and password"
                                 : "the proxy does not take our username and password";
}

void HttpTunnel::fail(Errc error, std::string detail) {
  failure_ = LinkFailure{make_error_code(error), std::move(detail)};
  head_.clear();
}

}  // namespace petrel::inline v0::turn
