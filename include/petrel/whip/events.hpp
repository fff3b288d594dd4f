#pragma once

#include <string>
#include <system_error>
#include <variant>

#include "petrel/base/time.hpp"
#include "petrel/whip/trickle_fragment.hpp"

namespace petrel::inline v0::whip {

/// A session is to begin: make a new peer with Client::ice_servers(), and answer by send_offer().
struct OfferWanted {
  bool complete = false;  ///< With all candidates in it: the server takes none later.
};
/// The server's answer to the offer. Its candidates are all in it (RFC 9725 4.3.2).
struct Answered {
  std::string sdp{};
};
/// The server has restarted ICE as restart_ice() asked.
struct Restarted {
  std::string sdp{};  ///< The answer with the new credentials, without candidates.
  TrickleFragment candidates{};
};
/// The server has not restarted ICE, and what was agreed before still holds (RFC 9725 4.3.3).
struct RestartRefused {
  std::error_code error{};
  std::string detail{};
};
/// There is no session, or no longer. OfferWanted follows in `retry_in`.
struct Interrupted {
  std::error_code error{};
  std::string detail{};  ///< One line for people: what is wrong, and what to do where something can be done.
  Duration retry_in{};
};
/// Something that costs a comfort and not the session.
struct Warning {
  std::error_code error{};
  std::string detail{};
};
/// Nothing more comes: what is wrong does not pass by itself.
struct Failed {
  std::error_code error{};
  std::string detail{};
};
/// After close(): the server knows that the session is over, or has not answered in time.
struct Closed {};

using Event =
    std::variant<OfferWanted, Answered, Restarted, RestartRefused, Interrupted, Warning, Failed, Closed>;

}  // namespace petrel::inline v0::whip
