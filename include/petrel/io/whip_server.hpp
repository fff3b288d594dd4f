#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/http/message.hpp"
#include "petrel/peer_connection.hpp"
#include "petrel/whip/server.hpp"

namespace petrel::inline v0::whip {

/// What a WHIP or WHEP server keeps of a session beside its peer.
struct ServedSession {
  std::string id;    ///< In the URL; nobody can guess it.
  std::string etag;  ///< Of the ICE generation; apply() changes it.
};

PETREL_API ServedSession new_session(RandomSource& random);

/// Carries out a PATCH on the peer of its session: candidates are added, and credentials of a new generation
/// restart ICE. The response has the server's own candidates, as many as are gathered within the limit.
///
/// `peer` and `session` are touched before the first suspension only, and may go after it; then it throws
/// std::system_error with petrel::Errc::closed.
PETREL_API asio::awaitable<http::Response> apply(PeerConnection& peer, ServedSession& session,
                                                 SessionTrickle request, RandomSource& random,
                                                 Duration gathering_limit);

}  // namespace petrel::inline v0::whip
