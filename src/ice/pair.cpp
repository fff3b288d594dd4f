#include "ice/pair.hpp"

namespace petrel::inline v0::ice {

std::string_view to_string(PairState state) {
  switch (state) {
    case PairState::frozen:
      return "frozen";
    case PairState::waiting:
      return "waiting";
    case PairState::in_progress:
      return "in progress";
    case PairState::succeeded:
      return "succeeded";
    case PairState::failed:
      return "failed";
  }
  return "";
}

std::string_view to_string(ServerOutcome outcome) {
  switch (outcome) {
    case ServerOutcome::resolving:
      return "name is being resolved";
    case ServerOutcome::name_unknown:
      return "name unknown";
    case ServerOutcome::waiting:
      return "not asked yet";
    case ServerOutcome::asked:
      return "no answer yet";
    case ServerOutcome::answered:
      return "answered";
    case ServerOutcome::failed:
      return "failed";
    case ServerOutcome::not_needed:
      return "not needed";
  }
  return "";
}

std::string_view to_string(PairOutcome outcome) {
  switch (outcome) {
    case PairOutcome::not_tried:
      return "not tried";
    case PairOutcome::under_way:
      return "under way";
    case PairOutcome::answered:
      return "answered";
    case PairOutcome::unanswered:
      return "no answer";
    case PairOutcome::refused:
      return "refused by the peer";
    case PairOutcome::wrong_source:
      return "answered from another address";
    case PairOutcome::socket_failed:
      return "the local socket failed";
    case PairOutcome::connection_failed:
      return "no TCP connection";
    case PairOutcome::connection_lost:
      return "the TCP connection ended";
    case PairOutcome::stopped:
      return "not needed any more";
  }
  return "";
}

}  // namespace petrel::inline v0::ice
