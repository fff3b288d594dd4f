#pragma once

#include <optional>
#include <vector>

#include "ice/shared.hpp"

namespace petrel::inline v0::ice {

/// Keeps the mappings of NATs that server-reflexive candidates stand on, while they wait to be used
/// (RFC 8445 5.1.1.4): signalling may take minutes, where a person pastes a description. From the
/// nominated pair on, consent does this work.
class MappingKeepalive {
 public:
  explicit MappingKeepalive(Shared& shared) : shared_(shared) {}

  /// `server` has told the flow its mapping just now.
  void keep(FlowId flow, const Endpoint& server);
  void forget(FlowId flow);
  /// Whether anybody still waits to use a mapping.
  void set_needed(bool needed);

  void handle_timeout();
  std::optional<TimePoint> next_timeout() const { return due_; }

 private:
  struct Mapping {
    FlowId flow;
    Endpoint server;
  };

  Shared& shared_;
  std::vector<Mapping> mappings_;  ///< One per socket and server asked, which both are limited.
  bool needed_ = true;
  std::optional<TimePoint> due_;
};

}  // namespace petrel::inline v0::ice
