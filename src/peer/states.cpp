#include "petrel/peer/events.hpp"

namespace petrel::inline v0 {

std::string_view to_string(ConnectionState state) {
  switch (state) {
    case ConnectionState::new_:
      return "new";
    case ConnectionState::connecting:
      return "connecting";
    case ConnectionState::connected:
      return "connected";
    case ConnectionState::disconnected:
      return "disconnected";
    case ConnectionState::failed:
      return "failed";
    case ConnectionState::closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(IceGatheringState state) {
  switch (state) {
    case IceGatheringState::new_:
      return "new";
    case IceGatheringState::gathering:
      return "gathering";
    case IceGatheringState::complete:
      return "complete";
  }
  return "?";
}

}  // namespace petrel::inline v0
