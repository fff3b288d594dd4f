#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "petrel/peer/config.hpp"
#include "send/call.hpp"
#include "send/room_client.hpp"
#include "shared/flow_runner.hpp"

namespace transfer {

/// A transfer between two that meet in a room: as many calls as it takes.
///
/// A call that breaks is followed by another one in the same room, which goes on where the file stopped.
class RoomSession {
 public:
  /// Calls or visits in a row without a byte more; then it gives up.
  static constexpr int max_tries = 5;
  static constexpr petrel::Duration pause = std::chrono::seconds(1);
  /// From meeting to the call's end or its first byte.
  static constexpr petrel::Duration connecting_limit = std::chrono::seconds(60);
  /// After a break, for the other end to come back. The first time it may take as long as it likes.
  static constexpr petrel::Duration waiting_limit = std::chrono::seconds(120);

  /// `task` outlives this. `on_end` is called once, from the executor, with what there is to say: it may
  /// destroy the session.
  RoomSession(Task& task, petrel::PeerConfig config, petrel::http::Url room,
              std::function<void(Outcome)> on_end);
  ~RoomSession();

 private:
  void visit();
  void handle(const RoomClient::Event& event);
  void meet(const Met& met);
  void call_ended(std::optional<Outcome> outcome, const std::string& why);
  void visit_ended(const RoomLost& lost);
  void try_again(const std::string& why);
  void finish(Outcome outcome);
  void after(petrel::Duration time, void (RoomSession::*what)());
  void ask_again();
  void give_up_waiting();
  void give_up_connecting();

  Task& task_;
  petrel::PeerConfig config_;
  petrel::http::Url room_;
  std::function<void(Outcome)> on_end_;
  Role role_;
  std::unique_ptr<shared::FlowRunner<RoomClient>> client_;
  bool is_in_ = false;       // The client is in the room.
  bool was_in_ = false;      // Some client of ours was.
  bool other_here_ = false;  // As far as the room says.
  std::unique_ptr<Call> call_;
  int tries_ = 0;
  std::uint64_t most_at_last_try_ = 0;
  asio::steady_timer timer_;
  std::uint64_t timer_number_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace transfer
