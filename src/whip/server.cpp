#include "petrel/whip/server.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace petrel::inline v0::whip {

using http::Header;
using http::Method;
using http::problem;
using http::Request;
using http::Response;
using http::Status;

namespace {

constexpr std::string_view sdp_type = "application/sdp";
constexpr std::string_view fragment_type = "application/trickle-ice-sdpfrag";
constexpr std::string_view report_suffix = "/report";
constexpr std::size_t max_session_id = 64;

bool is_session_id(std::string_view id) {
  return !id.empty() && id.size() <= max_session_id && std::ranges::all_of(id, [](char c) {
    return http::is_digit(c) || http::is_letter(c) || c == '-' || c == '_';
  });
}

// RFC 9110 12.5.1, as far as it can matter here: weights are not asked, since there is one type.
bool accepts_sdp(const Request& request) {
  if (!request.headers.get("Accept")) return true;
  for (const Header& field : request.headers) {
    if (!http::equals_ignoring_case(field.name, "Accept")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      std::string_view range = http::take_until(rest, ',');
      const std::string_view type = http::trim(http::take_until(range, ';'));
      if (http::equals_ignoring_case(type, sdp_type) || type == "*/*" || type == "application/*") return true;
    }
  }
  return false;
}

Response not_allowed(std::string_view allowed, std::string_view text) {
  Response response = problem(Status::method_not_allowed, text);
  response.headers.add("Allow", std::string(allowed));
  return response;
}

SessionAction route_endpoint(const Request& request) {
  if (request.method == Method::options) {
    // RFC 9725 4.2: how a client finds out which type a POST takes.
    return Response{
        Status::no_content, {{"Allow", "POST, OPTIONS"}, {"Accept-Post", std::string(sdp_type)}}, {}};
  }
  if (request.method != Method::post) {
    return not_allowed("POST, OPTIONS", "This is an endpoint of WHIP or WHEP: POST an SDP offer to it.");
  }
  if (request.media_type() != sdp_type) {
    Response response = problem(Status::unsupported_media_type, "POST the offer as application/sdp.");
    response.headers.add("Accept-Post", std::string(sdp_type));
    return response;
  }
  if (!accepts_sdp(request)) {
    return problem(Status::not_acceptable, "The answer is application/sdp, which Accept leaves out.");
  }
  if (request.body.empty()) return bad_offer("the body is empty");
  return SessionCreate{request.body};
}

SessionAction route_report(const Request& request, std::string_view id) {
  if (!is_session_id(id)) return unknown_session();
  if (request.method != Method::get) return not_allowed("GET", "A report can be read only.");
  return SessionReport{std::string(id)};
}

SessionAction route_session(const Request& request, std::string_view id) {
  if (id.ends_with(report_suffix))
    return route_report(request, id.substr(0, id.size() - report_suffix.size()));
  if (!is_session_id(id)) return unknown_session();
  switch (request.method) {
    case Method::options:
      return Response{Status::no_content,
                      {{"Allow", "PATCH, DELETE, OPTIONS"}, {"Accept-Patch", std::string(fragment_type)}},
                      {}};
    case Method::delete_:
      return SessionDelete{std::string(id)};
    case Method::patch:
      break;
    case Method::get:
    case Method::head:
    case Method::post:
    case Method::put:
      return not_allowed("PATCH, DELETE, OPTIONS", "A session takes PATCH and DELETE only.");
  }
  if (request.media_type() != fragment_type) {
    Response response = problem(Status::unsupported_media_type,
                                "PATCH the candidates as application/trickle-ice-sdpfrag (RFC 8840).");
    response.headers.add("Accept-Patch", std::string(fragment_type));
    return response;
  }
  auto fragment = parse_trickle_fragment(request.body);
  if (!fragment) {
    return problem(Status::bad_request, "The fragment cannot be read: " + fragment.error().message() + ".");
  }
  SessionTrickle trickle{std::string(id), std::nullopt, *std::move(fragment)};
  if (const auto tag = request.headers.get("If-Match")) trickle.if_match = std::string(*tag);
  return trickle;
}

Response retry_later(Status status, std::string_view text, std::chrono::seconds retry_after) {
  Response response = problem(status, text);
  response.headers.add("Retry-After", std::to_string(retry_after.count()));
  return response;
}

}  // namespace

std::optional<SessionAction> route(const Request& request, std::string_view endpoint) {
  std::string_view rest = request.path;
  if (!rest.starts_with(endpoint)) return std::nullopt;
  rest.remove_prefix(endpoint.size());
  if (rest.empty() || rest == "/") return route_endpoint(request);
  if (!rest.starts_with('/')) return std::nullopt;
  return route_session(request, rest.substr(1));
}

Response created(const NewSession& session, std::string_view endpoint) {
  return {Status::created,
          {{"Content-Type", std::string(sdp_type)},
           {"Location", std::string(endpoint) + "/" + session.id},
           {"ETag", "\"" + session.etag + "\""},
           {"Accept-Patch", std::string(fragment_type)}},
          session.answer};
}

Response no_content() { return {Status::no_content, {}, {}}; }

Response unknown_session() {
  return problem(Status::not_found, "There is no such session: it has ended. POST a new offer.");
}

Response bad_offer(std::string_view reason) {
  return problem(Status::bad_request, "The offer cannot be used: " + std::string(reason) + ".");
}

Response no_common_codec(std::string_view reason) { return problem(Status::not_acceptable, reason); }

Response no_picture_yet(std::chrono::seconds retry_after) {
  return retry_later(Status::conflict, "The camera gives no picture yet. Try again in a moment.",
                     retry_after);
}

Response taken(std::chrono::seconds retry_after) {
  return retry_later(Status::conflict, "Somebody publishes here already. Try again when they have left.",
                     retry_after);
}

Response stale_generation() {
  return problem(Status::precondition_failed,
                 "If-Match names another ICE generation than the session's. POST a new offer.");
}

Response restarted(std::string_view etag, const TrickleFragment& fragment) {
  return {Status::ok,
          {{"Content-Type", std::string(fragment_type)}, {"ETag", "\"" + std::string(etag) + "\""}},
          write(fragment)};
}

Response no_restart(std::string_view reason) {
  return problem(Status::unprocessable_content,
                 "ICE cannot be restarted: " + std::string(reason) + ". POST a new offer.");
}

Response full(std::size_t max_viewers, std::chrono::seconds retry_after) {
  return retry_later(Status::service_unavailable,
                     "All " + std::to_string(max_viewers) +
                         " places are taken. Try again when a viewer has " +
                         "left, or start the server with a larger --max-viewers.",
                     retry_after);
}

Response too_often(std::chrono::seconds retry_after) {
  return retry_later(Status::too_many_requests, "Too many requests. Try again in a moment.", retry_after);
}

bool matches_etag(std::string_view if_match, std::string_view etag) {
  while (!if_match.empty()) {
    std::string_view tag = http::trim(http::take_until(if_match, ','));
    // The example of RFC 9725 4.3.3 has it in quotes, and there are clients that take it at its word. No tag
    // of ours is a star.
    if (tag == "*" || tag == "\"*\"") return true;
    if (tag.size() < 2 || !tag.starts_with('"') || !tag.ends_with('"')) continue;  // W/ never matches here.
    if (tag.substr(1, tag.size() - 2) == etag) return true;
  }
  return false;
}

}  // namespace petrel::inline v0::whip
