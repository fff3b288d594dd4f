#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "petrel/peer_connection.hpp"
#include "send/transfer_run.hpp"

namespace transfer {

/// One connection to the other end, and the transfer over it.
class Call {
 public:
  using OnCandidate = std::function<void(const petrel::LocalCandidate&)>;
  /// With an outcome, or without one where the connection is broken and `why` says how. Once, from the
  /// executor, and it may destroy the call.
  using OnEnd = std::function<void(std::optional<Outcome>, std::string why)>;

  /// `task` outlives this. `on_candidate` may be nullptr: no trickling.
  Call(Task& task, petrel::PeerConfig config, OnCandidate on_candidate, OnEnd on_end);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  petrel::PeerConnection& peer() { return peer_; }
  /// Once the transfer has one; it is reported a little later, when the last word has left.
  std::optional<Outcome> outcome() const { return run_ ? run_->outcome() : std::nullopt; }
  /// Ours to make: with the channel in it.
  petrel::Result<void> offer();
  /// The other end's. After an offer of theirs there is an answer of ours.
  petrel::Result<void> apply(petrel::SessionDescription description);

 private:
  void use(petrel::DataChannel channel);
  void end(std::optional<Outcome> outcome);

  Task& task_;
  OnEnd on_end_;
  petrel::PeerConnection peer_;
  std::shared_ptr<TransferRun> run_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The channel's label.
inline constexpr std::string_view channel_label = "petrel-send";

}  // namespace transfer
