#include "petrel/http/access.hpp"

#include <algorithm>
#include <array>

#include "http/text.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::http {
namespace {

constexpr std::array<std::string_view, 3> loopback_names{"localhost", "127.0.0.1", "[::1]"};
constexpr std::string_view shared_methods = "GET, POST, PATCH, DELETE, OPTIONS";
constexpr std::string_view shared_request_headers = "Authorization, Content-Type, If-Match";
constexpr std::string_view shared_response_headers = "ETag, Link, Location, Retry-After";

struct Authority {
  std::string_view host;  // With brackets, when it is an IPv6 address.
  std::string_view port;
};

// RFC 3986 3.2: host [ ":" port ]. nullopt for anything else, user information included.
std::optional<Authority> parse_authority(std::string_view text) {
  const std::size_t host_end = text.starts_with('[') ? text.find(']') : text.find(':');
  Authority authority;
  if (text.starts_with('[')) {
    if (host_end == text.npos) return std::nullopt;
    authority.host = text.substr(0, host_end + 1);
  } else {
    authority.host = text.substr(0, host_end);
  }
  std::string_view rest = text.substr(authority.host.size());
  if (!rest.empty()) {
    if (rest.front() != ':') return std::nullopt;
    authority.port = rest.substr(1);
    if (authority.port.size() > 5 || !std::ranges::all_of(authority.port, is_digit)) return std::nullopt;
  }
  const bool host_is_clean = std::ranges::all_of(authority.host, [](char c) {
    return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_' || c == ':' || c == '[' ||
           c == ']';
  });
  if (authority.host.empty() || !host_is_clean) return std::nullopt;
  return authority;
}

bool is_address(std::string_view host) {
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host).has_value();
}

bool host_is_ours(const AccessPolicy& policy, std::string_view host) {
  const auto authority = parse_authority(host);
  if (!authority) return false;
  const auto is_it = [&](std::string_view name) { return equals_ignoring_case(name, authority->host); };
  if (std::ranges::any_of(loopback_names, is_it) || std::ranges::any_of(policy.hosts, is_it)) return true;
  return policy.any_address && is_address(authority->host);
}

// An origin is scheme "://" host [ ":" port ] with the scheme's own port left out (RFC 6454 6.2), and so
// is Host: whoever serves us over https, a proxy, passes Host on as the browser wrote it.
bool origin_is_host(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equals_ignoring_case(origin.substr(scheme.size()), host);
  }
  return false;
}

bool origin_is_allowed(const AccessPolicy& policy, std::string_view origin) {
  return std::ranges::any_of(policy.origins, [&](std::string_view allowed) {
    return allowed == "*" || equals_ignoring_case(allowed, origin);
  });
}

bool token_is_right(const AccessPolicy& policy, const Request& request) {
  if (policy.token.empty()) return true;
  if (const auto field = request.headers.get("Authorization")) {
    std::string_view credentials = *field;
    if (equals_ignoring_case(take_until(credentials, ' '), "Bearer")) {
      return equal_in_constant_time(trim(credentials), policy.token);
    }
  }
  if (request.method != Method::get && request.method != Method::head) return false;
  const auto from_query = request.query_value("token");
  return from_query && equal_in_constant_time(*from_query, policy.token);
}

bool is_preflight(const Request& request) {
  return request.method == Method::options && request.headers.get("Origin") &&
         request.headers.get("Access-Control-Request-Method");
}

Response answer_preflight(const Request& request) {
  Response response{Status::no_content, {}, {}};
  response.headers.add("Access-Control-Allow-Methods", std::string(shared_methods));
  response.headers.add("Access-Control-Allow-Headers", std::string(shared_request_headers));
  response.headers.add("Access-Control-Max-Age", "600");
  // A page on the internet that reaches into a private network is asked for this by the browser too.
  if (request.headers.get("Access-Control-Request-Private-Network")) {
    response.headers.add("Access-Control-Allow-Private-Network", "true");
  }
  return response;
}

}  // namespace

std::optional<Response> refuse_access(const AccessPolicy& policy, const Request& request) {
  if (!host_is_ours(policy, request.host)) {
    return problem(Status::forbidden,
                   "This server does not answer to the host name of this request. Use the address it "
                   "printed at its start, or start it with --allow-host NAME.");
  }
  if (request.headers.count("Origin") > 1) return problem(Status::bad_request, "More than one Origin.");
  const auto origin = request.headers.get("Origin");
  if (origin && !origin_is_host(*origin, request.host) && !origin_is_allowed(policy, *origin)) {
    return problem(Status::forbidden,
                   "Pages of another origin may not use this server. Start it with --allow-origin ORIGIN "
                   "to let them.");
  }
  if (is_preflight(request)) return answer_preflight(request);
  if (!token_is_right(policy, request)) {
    Response response = problem(Status::unauthorized,
                                "This server wants its token: send Authorization: Bearer TOKEN, or open "
                                "the page with ?token=TOKEN.");
    response.headers.add("WWW-Authenticate", "Bearer");
    return response;
  }
  return std::nullopt;
}

Headers cors_headers(const AccessPolicy& policy, const Request& request) {
  Headers headers;
  if (policy.origins.empty()) return headers;
  headers.add("Vary", "Origin");  // Also without one, or a cache would mix the two up (Fetch 3.2.5).
  const auto origin = request.headers.get("Origin");
  if (!origin || !origin_is_allowed(policy, *origin)) return headers;
  headers.add("Access-Control-Allow-Origin", std::string(*origin));
  headers.add("Access-Control-Expose-Headers", std::string(shared_response_headers));
  return headers;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  // Each byte of `a` is compared with some byte, so that the loop does not tell how many were right.
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = i < b.size() ? b[i] : '\0';
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(other));
  }
  return difference == 0;
}

}  // namespace petrel::inline v0::http
