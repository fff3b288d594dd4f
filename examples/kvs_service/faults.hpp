#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace kvs_service {

/// What one call is answered with instead of the truth.
struct Fault {
  int status = 500;
  std::string type{};
  std::string message{};
};

/// What is to go wrong, call by call: "describeSignalingChannel", …, or "connect" for the WebSocket.
struct Faults {
  std::map<std::string, std::deque<Fault>, std::less<>> calls{};
  std::size_t creating_polls = 0;  ///< New channels are CREATING for so many descriptions.
  std::int64_t clock_ahead = 0;    ///< Seconds that the service's clock is ahead of everybody's.
  int ttl = 300;                   ///< Of TURN credentials.
  bool silent = false;             ///< Take connections, answer nothing.
};

}  // namespace kvs_service
