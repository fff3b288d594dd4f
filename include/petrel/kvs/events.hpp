#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/kvs/message.hpp"

namespace petrel::inline v0::kvs {

/// Messages can go out and come in, and ice_servers() has been asked for. Comes again after every
/// Interrupted.
struct Connected {};
/// There is no connection for now; it is made anew by itself. Calls that are established go on meanwhile.
struct Interrupted {
  std::error_code error{};
  std::string detail{};  ///< One line for people.
  Duration retry_in{};
};
/// A peer calls. `peer` is a viewer's client id, or empty (a storage session). A second offer of one peer is
/// another call of it, or a renegotiation.
struct Offer {
  std::string peer;
  std::string sdp;
};
struct Answer {
  std::string peer;
  std::string sdp;
};
/// A candidate for a description that was given before: what came earlier was kept back until then.
struct Candidate {
  std::string peer;
  CandidateMessage candidate;
};
/// ice_servers() has others. They are for new calls, and with `restart` for those under way too that go by a
/// relay: it is about to go away, so restart ICE with them.
struct IceServersChanged {
  bool restart = false;
};
/// The service did not deliver a description that we sent to this peer.
struct MessageRefused {
  std::string peer;
  std::error_code error{};
  std::string detail{};
};
/// The session goes on, but not as it should: without TURN servers for example.
struct Warning {
  std::error_code error{};
  std::string detail{};
};
/// The session is over, and will not try again: what is wrong must be put right first.
struct SessionFailed {
  std::error_code error{};
  std::string detail{};
};
/// Only where the owner is the source of credentials: answer by set_credentials() or refuse_credentials().
struct CredentialsWanted {
  bool refused = false;  ///< The service does not take the last ones.
};

using Event = std::variant<Connected, Interrupted, Offer, Answer, Candidate, IceServersChanged,
                           MessageRefused, Warning, SessionFailed, CredentialsWanted>;

/// What has happened, to be shown and to be tested.
struct SessionStats {
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t malformed = 0;    ///< Frames that were no messages. Dropped.
  std::uint64_t unexpected = 0;   ///< Messages that do not fit the role, and of unknown types. Dropped.
  std::uint64_t dropped = 0;      ///< Messages over a limit, in or out, or too old to be sent.
  std::uint64_t connections = 0;  ///< WebSockets that opened.
  std::uint64_t calls = 0;        ///< REST calls sent, repeated ones too.
  std::uint64_t clock_corrections = 0;
};

}  // namespace petrel::inline v0::kvs
