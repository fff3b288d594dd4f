#include "send/room_session.hpp"

#include <asio/post.hpp>
#include <utility>

namespace transfer {

RoomSession::RoomSession(Task& task, petrel::PeerConfig config, petrel::http::Url room,
                         std::function<void(Outcome)> on_end)
    : task_(task),
      config_(std::move(config)),
      room_(std::move(room)),
      on_end_(std::move(on_end)),
      role_(task.source != nullptr ? Role::send : Role::receive),
      timer_(task.network.executor()) {
  visit();
}
RoomSession::~RoomSession() = default;

void RoomSession::visit() {
  is_in_ = false;
  other_here_ = false;
  client_ = std::make_unique<shared::FlowRunner<RoomClient>>(
      task_.network,
      [this](const RoomClient::Event& event) {
        // Not from inside the client, which what follows may destroy.
        asio::post(timer_.get_executor(),
                   [this, client = client_.get(), event, alive = std::weak_ptr(alive_)] {
                     if (!alive.expired() && client_.get() == client) handle(event);
                   });
      },
      room_, role_);
}

void RoomSession::handle(const RoomClient::Event& event) {
  if (std::holds_alternative<Entered>(event)) {
    if (!was_in_) task_.screen.say("Waiting for the other end.");
    is_in_ = was_in_ = true;
  } else if (const auto* met = std::get_if<Met>(&event)) {
    meet(*met);
  } else if (std::holds_alternative<PeerLeft>(event)) {
    // A call that stands does not need the room.
    other_here_ = false;
  } else if (const auto* description = std::get_if<PeerDescription>(&event)) {
    if (!call_) return;
    const bool is_offer = description->description.type == petrel::SdpType::offer;
    if (const auto applied = call_->apply(description->description); !applied) {
      return finish({"the other end's description is of no use: " + applied.error().message() + ": " +
                     call_->peer().error_detail()});
    }
    if (const auto answer = call_->peer().local_description(); is_offer && answer) {
      client_->with([&](RoomClient& room, petrel::TimePoint now) { room.send_description(now, *answer); });
    }
  } else if (const auto* candidate = std::get_if<PeerCandidate>(&event)) {
    // One that cannot be used is one that is not used.
    if (call_) static_cast<void>(call_->peer().add_ice_candidate(candidate->candidate, candidate->mid));
  } else if (const auto* lost = std::get_if<RoomLost>(&event)) {
    visit_ended(*lost);
  }
}

void RoomSession::meet(const Met& met) {
  // It is over, and somebody else has come in.
  if (call_ && call_->outcome()) return finish(*call_->outcome());
  other_here_ = true;
  if (met.role == role_) {
    return finish({role_ == Role::send ? "the other end in this room sends too; one has to --receive"
                                       : "the other end in this room receives too; one has to send a file"});
  }
  call_.reset();
  call_ = std::make_unique<Call>(
      task_, config_,
      [this](const petrel::LocalCandidate& candidate) {
        if (!client_) return;
        client_->with([&](RoomClient& room, petrel::TimePoint now) {
          room.send_candidate(now, candidate.candidate, candidate.mid);
        });
      },
      [this](std::optional<Outcome> outcome, const std::string& why) {
        call_ended(std::move(outcome), why);
      });
  after(connecting_limit, &RoomSession::give_up_connecting);
  if (!met.offers) return;
  if (const auto offered = call_->offer(); !offered) {
    return finish({"no offer can be made: " + offered.error().message()});
  }
  if (const auto offer = call_->peer().local_description()) {
    client_->with([&](RoomClient& room, petrel::TimePoint now) { room.send_description(now, *offer); });
  }
}

void RoomSession::call_ended(std::optional<Outcome> outcome, const std::string& why) {
  call_.reset();
  if (outcome) return finish(*std::move(outcome));
  try_again("The connection broke. " + why);
}

void RoomSession::visit_ended(const RoomLost& lost) {
  is_in_ = false;
  other_here_ = false;
  if (call_ && call_->peer().connection_state() == petrel::ConnectionState::connected) {
    client_.reset();
    return;
  }
  if (lost.final || (!was_in_ && tries_ == 0 && !lost.may_be_full)) return finish({lost.detail});
  call_.reset();
  try_again(lost.detail);
}

void RoomSession::try_again(const std::string& why) {
  if (task_.most > most_at_last_try_) tries_ = 0;
  most_at_last_try_ = task_.most;
  if (++tries_ > max_tries) {
    return finish({"gave up after " + std::to_string(max_tries) + " tries without a byte more. " + why});
  }
  task_.screen.say(why);
  if (!is_in_) {
    after(pause, &RoomSession::visit);
  } else if (other_here_) {
    after(pause, &RoomSession::ask_again);
  } else {
    task_.screen.say("Waiting for the other end to come back.");
    after(waiting_limit, &RoomSession::give_up_waiting);
  }
}

void RoomSession::ask_again() {
  if (client_) client_->with([](RoomClient& room, petrel::TimePoint now) { room.ask_again(now); });
  after(waiting_limit, &RoomSession::give_up_waiting);
}

void RoomSession::give_up_waiting() {
  if (!call_)
    finish({"the other end did not come back within " +
            time_text(std::chrono::duration_cast<std::chrono::seconds>(waiting_limit))});
}

void RoomSession::give_up_connecting() {
  if (!call_ || call_->peer().connection_state() == petrel::ConnectionState::connected) return;
  std::string why = call_->peer().why();
  call_.reset();
  try_again("No connection came about. " + why);
}

void RoomSession::after(petrel::Duration time, void (RoomSession::*what)()) {
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  // An expiry that is on its way when the timer is set anew is not taken back: the number tells.
  timer_.async_wait(
      [this, what, number = ++timer_number_, alive = std::weak_ptr(alive_)](std::error_code error) {
        if (!error && !alive.expired() && number == timer_number_) (this->*what)();
      });
}

void RoomSession::finish(Outcome outcome) {
  if (!on_end_) return;
  call_.reset();
  client_.reset();
  ++timer_number_;
  std::exchange(on_end_, nullptr)(std::move(outcome));
}

}  // namespace transfer
