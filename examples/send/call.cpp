#include "send/call.hpp"

#include <asio/post.hpp>
#include <utility>

namespace transfer {

using petrel::ConnectionState;

Call::Call(Task& task, petrel::PeerConfig config, OnCandidate on_candidate, OnEnd on_end)
    : task_(task), on_end_(std::move(on_end)), peer_(task.network, std::move(config)) {
  peer_.on_connection_state_change([this](ConnectionState state) {
    if (state == ConnectionState::failed || state == ConnectionState::closed) end(std::nullopt);
  });
  peer_.on_data_channel([this](petrel::DataChannel channel) {
    if (!run_ && channel.label() == channel_label) use(std::move(channel));
  });
  if (on_candidate) peer_.on_ice_candidate(std::move(on_candidate));
}

Call::~Call() { *alive_ = false; }

petrel::Result<void> Call::offer() {
  auto channel = peer_.create_data_channel(std::string(channel_label));
  if (!channel) return channel.error();
  use(*std::move(channel));
  return peer_.set_local_description();
}

petrel::Result<void> Call::apply(petrel::SessionDescription description) {
  const bool answer = description.type == petrel::SdpType::offer;
  if (auto set = peer_.set_remote_description(std::move(description)); !set) return set;
  return answer ? peer_.set_local_description() : petrel::Result<void>();
}

void Call::use(petrel::DataChannel channel) {
  run_ = TransferRun::create(task_, std::move(channel),
                             [this](std::optional<Outcome> outcome) { end(outcome); });
  run_->start();
}

void Call::end(std::optional<Outcome> outcome) {
  if (!on_end_) return;
  // The other end may hang up as soon as it has the last word.
  if (!outcome) outcome = this->outcome();
  std::string why = outcome ? std::string() : peer_.why();
  asio::post(task_.network.executor(), [this, alive = alive_, outcome, why = std::move(why)]() mutable {
    if (!*alive || !on_end_) return;
    auto on_end = std::exchange(on_end_, nullptr);
    on_end(outcome, std::move(why));
  });
}

}  // namespace transfer
