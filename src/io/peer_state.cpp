#include "io/peer_state.hpp"

#include <asio/post.hpp>
#include <type_traits>

namespace petrel::inline v0::detail {
namespace {

PeerConfig with_certificate(PeerConfig config, const io::Network& network) {
  if (!config.certificate) {
    const std::chrono::sys_seconds today{std::chrono::seconds(network.unix_time())};
    config.certificate = dtls::Certificate::generate(today).value();
  }
  return config;
}

}  // namespace

std::shared_ptr<PeerState> open(const std::weak_ptr<PeerState>& peer) {
  auto state = peer.lock();
  return state && !state->closed() ? state : nullptr;
}

PeerState::PeerState(io::Network& network, PeerConfig config)
    : network_(&network),
      peer_(network.now(), with_certificate(std::move(config), network), network.clock(), network.random()),
      waiters_(network.executor()) {}

void PeerState::attach() { id_ = network_->attach(*this); }

void PeerState::list_interfaces() {
  if (network_ == nullptr) return;
  interfaces_listed_ = true;
  peer_.handle_interfaces(now(), network_->local_addresses());
}

void PeerState::close() {
  if (network_ == nullptr) return;
  const auto self = shared_from_this();  // A waiter that ends may hold the last reference.
  closed_at_ = network_->now();
  peer_.close(closed_at_);
  run_peer();
  network_->detach(id_);
  let_go();
}

void PeerState::on_network_gone() {
  const auto self = shared_from_this();
  closed_at_ = network_->now();
  peer_.close(closed_at_);
  let_go();
}

void PeerState::let_go() {
  network_ = nullptr;
  callbacks_ = {};
  for (const auto& [id, listener] : std::exchange(channels_, {})) listener->silence();
  waiters_.let_go();
}

Transceiver PeerState::handle(TransceiverId id) {
  Transceiver transceiver;
  transceiver.peer_ = weak_from_this();
  transceiver.id_ = id;
  return transceiver;
}

// ---- Running the peer -------------------------------------------------------------------

void PeerState::after_call() {
  run_peer();
  schedule_delivery();
}

void PeerState::run_peer() {
  if (network_ == nullptr) return;
  sending_.send(*network_, id_,
                peer_);  // Before requests, which may close the flow that a farewell leaves by.
  while (const auto request = peer_.poll_request()) network_->request(id_, *request);
  arm_timer();
}

void PeerState::arm_timer() {
  auto due = peer_.next_timeout();
  if (!wait_deadlines_.empty() && (!due || *wait_deadlines_.begin() < *due)) due = *wait_deadlines_.begin();
  network_->set_timeout(id_, due);
}

void PeerState::on_datagrams(std::span<const Datagram> datagrams) {
  const auto self = shared_from_this();
  peer_.handle_datagrams(now(), datagrams);
  run_peer();
  deliver();
}

void PeerState::on_flow(FlowId flow, const FlowChange& change) {
  const auto self = shared_from_this();
  peer_.handle_flow(now(), flow, change);
  run_peer();
  deliver();
}

void PeerState::on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) {
  const auto self = shared_from_this();
  peer_.handle_resolved(now(), id, addresses);
  run_peer();
  deliver();
}

void PeerState::on_timeout() {
  const auto self = shared_from_this();
  const TimePoint time = now();
  peer_.handle_timeout(time);
  if (!wait_deadlines_.empty() && *wait_deadlines_.begin() <= time) waiters_.wake();
  run_peer();
  deliver();
}

void PeerState::on_writable() {
  const auto self = shared_from_this();
  sending_.handle_writable();
  run_peer();
  deliver();
}

void PeerState::on_interfaces_changed() {
  if (!interfaces_listed_) return;  // It has not begun to gather.
  const auto self = shared_from_this();
  list_interfaces();
  run_peer();
  deliver();
}

// ---- Events -----------------------------------------------------------------------------

void PeerState::schedule_delivery() {
  if (network_ == nullptr || std::exchange(delivery_scheduled_, true)) return;
  asio::post(network_->executor(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->delivery_scheduled_ = false;
    self->deliver();
  });
}

void PeerState::deliver() {
  if (network_ == nullptr) return;
  waiters_.wake();
  if (!callback_mode_) {
    deliver_to_channels();
    return;
  }
  for (int count = 0; count < events_per_turn; ++count) {
    const auto event = peer_.poll_event();
    if (!event) {
      if (!deliver_to_channels()) return;
      // The far side may have ended it; its last event is out, so we let go as well.
      if (peer_.connection_state() == ConnectionState::closed) close();
      return;
    }
    dispatch(*event);
    if (network_ == nullptr) return;  // The callback closed us.
  }
  schedule_delivery();
}

void PeerState::dispatch(const PeerEvent& event) {
  std::visit(
      [this, &event](const auto& happened) {
        using Happened = std::remove_cvref_t<decltype(happened)>;
        if constexpr (std::is_same_v<Happened, ConnectionStateChanged>) {
          callbacks_.connection_state(happened.state);
        } else if constexpr (std::is_same_v<Happened, IceConnectionStateChanged>) {
          callbacks_.ice_connection_state(happened.state);
        } else if constexpr (std::is_same_v<Happened, IceGatheringStateChanged>) {
          callbacks_.ice_gathering_state(happened.state);
        } else if constexpr (std::is_same_v<Happened, SignalingStateChanged>) {
          callbacks_.signaling_state(happened.state);
        } else if constexpr (std::is_same_v<Happened, NegotiationNeeded>) {
          callbacks_.negotiation_needed();
        } else if constexpr (std::is_same_v<Happened, LocalCandidate>) {
          callbacks_.ice_candidate(happened);
        } else if constexpr (std::is_same_v<Happened, TrackAdded>) {
          callbacks_.track(handle(happened.transceiver));
        } else if constexpr (requires { happened.channel; }) {
          dispatch_of_channel(event);
        } else if constexpr (std::is_same_v<Happened, TargetBitrateChanged>) {
          // One estimate for the path; every sender hears it. Ids first: a callback may change the table.
          std::vector<TransceiverId> ids;
          for (const auto& [id, each] : callbacks_.transceivers) ids.push_back(id);
          for (const TransceiverId id : ids) callbacks_.transceivers[id].target_bitrate(happened.bitrate);
        } else {
          const auto found = callbacks_.transceivers.find(happened.transceiver);
          if (found == callbacks_.transceivers.end()) return;
          if constexpr (std::is_same_v<Happened, FrameArrived>) found->second.frame(happened.frame);
          if constexpr (std::is_same_v<Happened, PacketArrived>)
            found->second.packet(happened.packet.bytes());
          if constexpr (std::is_same_v<Happened, KeyFrameWanted>) found->second.key_frame_request();
        }
      },
      event);
}

std::optional<Event> PeerState::take_event() {
  auto event = peer_.poll_event();
  if (!event) return std::nullopt;
  return std::visit(
      [this](auto& happened) -> Event {
        using Happened = std::remove_cvref_t<decltype(happened)>;
        if constexpr (std::is_same_v<Happened, TrackAdded>) {
          return Track{handle(happened.transceiver)};
        } else if constexpr (std::is_same_v<Happened, FrameArrived>) {
          return Frame{handle(happened.transceiver), std::move(happened.frame)};
        } else if constexpr (std::is_same_v<Happened, PacketArrived>) {
          return Packet{handle(happened.transceiver), std::move(happened.packet)};
        } else if constexpr (std::is_same_v<Happened, KeyFrameWanted>) {
          return KeyFrameRequest{handle(happened.transceiver)};
        } else if constexpr (requires { happened.channel; }) {
          return event_of(happened);
        } else {
          return std::move(happened);
        }
      },
      *event);
}

// ---- Waiting ----------------------------------------------------------------------------

asio::awaitable<std::optional<Event>> PeerState::next_event(std::shared_ptr<PeerState> self) {
  if (self->callback_mode_) throw std::system_error(make_error_code(Errc::wrong_state));
  if (self->event_awaited_) throw std::system_error(make_error_code(Errc::busy));
  self->event_awaited_ = true;
  struct Awaiting {
    bool& flag;
    ~Awaiting() { flag = false; }
  } const awaiting{self->event_awaited_};

  for (;;) {
    // What channels in callback mode hear is taken out of the queue before.
    const bool delivered = self->deliver_to_channels();
    if (auto event = self->take_event()) co_return event;
    if (delivered && self->peer_.connection_state() == ConnectionState::closed) self->close();
    if (self->closed()) co_return std::nullopt;
    co_await self->wait();
  }
}

asio::awaitable<SessionDescription> PeerState::gathered_description(std::shared_ptr<PeerState> self,
                                                                    Duration limit) {
  const TimePoint deadline = self->now() + limit;
  struct Deadline {
    std::multiset<TimePoint>& all;
    std::multiset<TimePoint>::iterator mine;
    ~Deadline() { all.erase(mine); }
  } const own{self->wait_deadlines_, self->wait_deadlines_.insert(deadline)};

  for (;;) {
    if (self->closed()) throw std::system_error(make_error_code(Errc::closed));
    auto description = self->peer_.local_description();
    if (!description) throw std::system_error(make_error_code(Errc::wrong_state));
    const bool complete = self->peer_.ice_gathering_state() == IceGatheringState::complete;
    if (complete || self->now() >= deadline) co_return *std::move(description);
    self->arm_timer();
    co_await self->wait();
  }
}

}  // namespace petrel::inline v0::detail
