#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/trickle_fragment.hpp"

namespace petrel::inline v0::http {

/// A player wants to watch: answer with whep_created() or a refusal.
struct WhepCreate {
  std::string offer;
};
/// A player tells more of its candidates, or restarts ICE with credentials of a new generation: answer with
/// whep_no_content() or whep_restarted(), or whep_unknown_session().
struct WhepTrickle {
  std::string session;
  std::optional<std::string> if_match;  ///< Compare by whep_matches(), when there is one.
  TrickleFragment fragment;
};
/// A player leaves: answer with whep_no_content(), or whep_unknown_session().
struct WhepDelete {
  std::string session;
};
/// Somebody wants to know how the connection of a session came about: answer with JSON, or
/// whep_unknown_session(). Not of WHEP, which has no GET.
struct WhepReport {
  std::string session;
};
/// What a request to a WHEP server asks for, or the response that it gets at once.
using WhepAction = std::variant<WhepCreate, WhepTrickle, WhepDelete, WhepReport, Response>;

/// Reads a request as WHEP (draft-ietf-wish-whep-03; the session's half is that of WHIP, RFC 9725)
/// below `endpoint`, such as "/whep": POST there creates a session, PATCH and DELETE on
/// `endpoint`/ID work on it, OPTIONS says what is possible. GET on `endpoint`/ID/report is ours.
/// nullopt: the path is not WHEP's.
///
/// Pure: it knows no sessions. Errors of form (404, 405, 406, 415, 400) come back as a Response.
PETREL_API std::optional<WhepAction> route_whep(const Request& request, std::string_view endpoint = "/whep");

struct WhepSession {
  std::string id;      ///< Unguessable: it is all that DELETE asks for. Letters, digits, '-' and '_'.
  std::string etag;    ///< Names the ICE generation, RFC 9725 4.3.1; without quotes.
  std::string answer;  ///< SDP.
};
PETREL_API Response whep_created(const WhepSession& session, std::string_view endpoint = "/whep");
PETREL_API Response whep_no_content();
PETREL_API Response whep_unknown_session();
/// The offer cannot be read or applied; `reason` is our own text.
PETREL_API Response whep_bad_offer(std::string_view reason);
/// 406: no codec in common; `reason` names both sides.
PETREL_API Response whep_no_common_codec(std::string_view reason);
/// 409: there is no picture to send yet.
PETREL_API Response whep_no_picture_yet(std::chrono::seconds retry_after);
/// 412: If-Match names another ICE generation than the current one.
PETREL_API Response whep_stale_generation();
/// 200: the session has restarted ICE. `fragment` has the server's new credentials and candidates.
PETREL_API Response whep_restarted(std::string_view etag, const TrickleFragment& fragment);
/// 422: the fragment carries new credentials that cannot be used; `reason` is our own text.
PETREL_API Response whep_no_restart(std::string_view reason);
/// 503: as many viewers as allowed.
PETREL_API Response whep_full(std::size_t max_viewers, std::chrono::seconds retry_after);
/// 429: this client asks too often.
PETREL_API Response whep_too_often(std::chrono::seconds retry_after);

/// Whether an If-Match field allows a request on the resource with that ETag (RFC 9110 13.1.1).
PETREL_API bool whep_matches(std::string_view if_match, std::string_view etag);

}  // namespace petrel::inline v0::http
