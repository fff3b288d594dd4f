#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/http/message.hpp"
#include "petrel/whip/trickle_fragment.hpp"

namespace petrel::inline v0::whip {

// The server's half of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03), which are the same but for who
// sends: a publisher to a WHIP endpoint, a player from a WHEP endpoint.

/// A publisher or player comes with an offer: answer with created() or a refusal.
struct SessionCreate {
  std::string offer;
};
/// A client tells more of its candidates, or restarts ICE with credentials of a new generation: answer with
/// no_content() or restarted(), or unknown_session().
struct SessionTrickle {
  std::string session;
  std::optional<std::string> if_match;  ///< Compare by matches_etag(), when there is one.
  TrickleFragment fragment;
};
/// A client leaves: answer with no_content(), or unknown_session().
struct SessionDelete {
  std::string session;
};
/// Somebody wants to know how the connection of a session came about: answer with JSON, or
/// unknown_session(). Not of WHIP or WHEP, which have no GET.
struct SessionReport {
  std::string session;
};
/// What a request to a server asks for, or the response that it gets at once.
using SessionAction =
    std::variant<SessionCreate, SessionTrickle, SessionDelete, SessionReport, http::Response>;

/// Reads a request below `endpoint`, such as "/whip": POST there creates a session, PATCH and DELETE on
/// `endpoint`/ID work on it, OPTIONS says what is possible. GET on `endpoint`/ID/report is ours.
/// nullopt: the path is not of this endpoint.
///
/// Pure: it knows no sessions. Errors of form (404, 405, 406, 415, 400) come back as a Response.
PETREL_API std::optional<SessionAction> route(const http::Request& request, std::string_view endpoint);

struct NewSession {
  std::string id;      ///< Unguessable: it is all that DELETE asks for. Letters, digits, '-' and '_'.
  std::string etag;    ///< Names the ICE generation, RFC 9725 4.3.1; without quotes.
  std::string answer;  ///< SDP.
};
PETREL_API http::Response created(const NewSession& session, std::string_view endpoint);
PETREL_API http::Response no_content();
PETREL_API http::Response unknown_session();
/// The offer cannot be read or applied; `reason` is our own text.
PETREL_API http::Response bad_offer(std::string_view reason);
/// 406: no codec in common; `reason` names both sides.
PETREL_API http::Response no_common_codec(std::string_view reason);
/// 409: there is no picture to send yet.
PETREL_API http::Response no_picture_yet(std::chrono::seconds retry_after);
/// 409: somebody else publishes here.
PETREL_API http::Response taken(std::chrono::seconds retry_after);
/// 412: If-Match names another ICE generation than the current one.
PETREL_API http::Response stale_generation();
/// 200: the session has restarted ICE. `fragment` has the server's new credentials and candidates.
PETREL_API http::Response restarted(std::string_view etag, const TrickleFragment& fragment);
/// 422: the fragment carries new credentials that cannot be used; `reason` is our own text.
PETREL_API http::Response no_restart(std::string_view reason);
/// 503: as many viewers as allowed.
PETREL_API http::Response full(std::size_t max_viewers, std::chrono::seconds retry_after);
/// 429: this client asks too often.
PETREL_API http::Response too_often(std::chrono::seconds retry_after);

/// Whether an If-Match field allows a request on the resource with that ETag (RFC 9110 13.1.1).
PETREL_API bool matches_etag(std::string_view if_match, std::string_view etag);

}  // namespace petrel::inline v0::whip
