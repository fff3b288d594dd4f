#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::whip {

/// What goes wrong between a client and a server of WHIP or WHEP. web::Errc, http::Errc and tls::Errc have
/// what goes wrong below.
enum class Errc {
  line_too_long = 1,    ///< A line of a fragment is longer than max_fragment_line.
  malformed_line,       ///< A line is not `type=value`.
  unexpected_line,      ///< A line of a kind that a fragment does not have (RFC 8840 9).
  empty_value,          ///< a=mid, a=ice-ufrag, a=ice-pwd or a=candidate without a value.
  too_many_candidates,  ///< More than max_fragment_candidates.
  too_many_sections,    ///< More than max_fragment_sections.
  malformed_link,       ///< A Link field breaks RFC 8288 3.
  too_many_links,       ///< More than max_links.

  // What the server refuses.
  bad_request,            ///< 400: it does not understand the offer.
  unauthorized,           ///< 401: it wants a token, or another one.
  forbidden,              ///< 403: this token may not do it.
  no_endpoint,            ///< 404, 410: there is no endpoint at this URL, or nothing to play.
  not_an_endpoint,        ///< 405, 501: what is at this URL takes no offers.
  not_acceptable,         ///< 406: nothing of the offer suits it.
  conflict,               ///< 409: somebody else publishes there, or nobody does yet.
  stale_generation,       ///< 412: its ICE generation is another.
  wrong_type,             ///< 415: it takes no application/sdp.
  offer_refused,          ///< 422: it understands the offer and cannot use it.
  precondition_required,  ///< 428: it wants an ETag that it never gave.
  too_many_requests,      ///< 429
  unavailable,            ///< 503
  server_error,           ///< Any other 5xx.
  unexpected_status,      ///< Anything else.

  // What the server says cannot be used.
  bad_answer,          ///< The answer to an offer or to a restart is not what it has to be.
  counter_offer,       ///< It wants to make the offer (WHEP), which this client does not take.
  bad_session_url,     ///< The session's URL (Location) is missing or cannot be read.
  bad_redirect,        ///< A redirect without a target, or of a kind that would lose the offer.
  too_many_redirects,  ///< More than max_redirects.
  insecure_redirect,   ///< From https to http.
  session_gone,        ///< 404, 410 at the session: it has ended there.
  no_restart,          ///< It restarts no ICE.
  not_connected,       ///< Signalling went well, and media found no way.
  bad_url,             ///< The endpoint is neither http nor https.
  bad_token,           ///< The bearer token has characters that a header field cannot carry.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::whip

template <>
struct std::is_error_code_enum<petrel::whip::Errc> : std::true_type {};
