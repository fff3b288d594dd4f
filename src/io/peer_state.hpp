#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/send_queue.hpp"
#include "io/waiters.hpp"
#include "petrel/io/network.hpp"
#include "petrel/peer/peer.hpp"
#include "petrel/peer_connection.hpp"

namespace petrel::inline v0::detail {

/// A callback of the user. It may replace or remove itself, or destroy all it belongs to,
/// while it runs.
template <class... Arguments>
class Callback {
 public:
  void set(std::function<void(Arguments...)> function) {
    function_ = function ? std::make_shared<std::function<void(Arguments...)>>(std::move(function)) : nullptr;
  }
  void clear() { function_.reset(); }
  explicit operator bool() const { return function_ != nullptr; }
  void operator()(Arguments... arguments) const {
    if (const auto kept = function_) (*kept)(std::forward<Arguments>(arguments)...);
  }

 private:
  std::shared_ptr<std::function<void(Arguments...)>> function_;
};

struct TransceiverCallbacks {
  Callback<const std::shared_ptr<const EncodedFrame>&> frame;
  Callback<Bytes> packet;
  Callback<> key_frame_request;
  Callback<Bitrate> target_bitrate;
};

struct PeerCallbacks {
  Callback<ConnectionState> connection_state;
  Callback<IceConnectionState> ice_connection_state;
  Callback<IceGatheringState> ice_gathering_state;
  Callback<SignalingState> signaling_state;
  Callback<> negotiation_needed;
  Callback<const LocalCandidate&> ice_candidate;
  Callback<Transceiver> track;
  Callback<DataChannel> data_channel;
  std::map<TransceiverId, TransceiverCallbacks> transceivers;
};

/// What a data channel is, and stays when it is gone.
struct ChannelSetup {
  ChannelId id;
  std::string label;
  DataChannelInit init;
};

/// Who hears of one data channel.
struct ChannelListener {
  explicit ChannelListener(std::shared_ptr<const ChannelSetup> its_setup) : setup(std::move(its_setup)) {}

  std::shared_ptr<const ChannelSetup> setup;
  bool callback_mode = false;
  bool receiving = false;  ///< A receive() waits.
  bool readable = false;   ///< There may be messages for on_message().
  Callback<> open;
  Callback<Message> message;
  Callback<std::error_code> error;
  Callback<> close;
  Callback<> buffered_amount_low;
  Callback<> writable;

  void silence() {
    for (Callback<>* each : {&open, &close, &buffered_amount_low, &writable}) each->clear();
    message.clear();
    error.clear();
  }
};

class PeerState;
/// The peer that a handle belongs to; nullptr once it is closed.
std::shared_ptr<PeerState> open(const std::weak_ptr<PeerState>& peer);

// Fairness between peers of one executor: after this many events the others get a turn.
inline constexpr int events_per_turn = 64;

/// Runs one Peer on a network and delivers its events: what PeerConnection and its handles
/// share. Everything on the network's executor.
class PeerState final : public io::NetworkUser, public std::enable_shared_from_this<PeerState> {
 public:
  PeerState(io::Network& network, PeerConfig config);

  void attach();
  /// Closes and lets go of the network. Nothing is delivered after it.
  void close();
  bool closed() const { return network_ == nullptr; }

  Peer& peer() { return peer_; }
  const Peer& peer() const { return peer_; }
  TimePoint now() const { return network_ != nullptr ? network_->now() : closed_at_; }

  /// To be called after every call into peer(): carries out what it asks for, and sees to
  /// it that events are delivered, but not from inside this call.
  void after_call();
  /// The interfaces, before something is gathered.
  void list_interfaces();

  /// Any callback that is set puts the peer into callback mode for good.
  PeerCallbacks& callbacks() {
    callback_mode_ = true;
    return callbacks_;
  }
  Transceiver handle(TransceiverId id);
  DataChannel handle(ChannelId id);
  /// Puts a channel into callback mode; nullptr: it is closed and done with.
  ChannelListener* listen(const std::shared_ptr<const ChannelSetup>& setup);
  Result<bool> try_send(ChannelId id, Bytes message, bool is_text);

  // They hold the state that they wait on: a coroutine may first run after its peer is gone.
  static asio::awaitable<std::optional<Event>> next_event(std::shared_ptr<PeerState> self);
  static asio::awaitable<SessionDescription> gathered_description(std::shared_ptr<PeerState> self,
                                                                  Duration limit);
  static asio::awaitable<std::optional<Message>> receive(std::shared_ptr<PeerState> self, ChannelId id);
  static asio::awaitable<void> send(std::shared_ptr<PeerState> self, ChannelId id, Bytes message,
                                    bool is_text);

  void on_datagrams(std::span<const Datagram> datagrams) override;
  void on_flow(FlowId flow, const FlowChange& change) override;
  void on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) override;
  void on_timeout() override;
  void on_writable() override;
  void on_interfaces_changed() override;
  void on_network_gone() override;

 private:
  void run_peer();
  void arm_timer();
  void deliver();
  void dispatch(const PeerEvent& event);
  void schedule_delivery();
  std::optional<Event> take_event();
  asio::awaitable<void> wait() { return waiters_.wait(shared_from_this()); }
  void let_go();

  // peer_channels.cpp
  std::shared_ptr<ChannelListener> listener(ChannelId id);
  void dispatch_of_channel(const PeerEvent& event);
  void dispatch_to(ChannelListener& listener, const ChannelOpened&);
  void dispatch_to(ChannelListener& listener, const ChannelReadable&);
  void dispatch_to(ChannelListener& listener, const ChannelWritable&);
  void dispatch_to(ChannelListener& listener, const ChannelBufferedAmountLow&);
  void dispatch_to(ChannelListener& listener, const ChannelClosing&);
  void dispatch_to(ChannelListener& listener, const ChannelClosed& closed_event);
  Event event_of(const ChannelAnnounced& event);
  Event event_of(const ChannelOpened& event);
  Event event_of(const ChannelReadable& event);
  Event event_of(const ChannelWritable& event);
  Event event_of(const ChannelBufferedAmountLow& event);
  Event event_of(const ChannelClosing& event);
  Event event_of(const ChannelClosed& event);
  /// To those in callback mode. False: the peer was closed, or there is more to deliver.
  bool deliver_to_channels();
  /// Answers what is left of `limit`; nullopt: all there is.
  int deliver_messages(ChannelListener& listener, std::optional<int> limit);

  io::Network* network_;
  io::NetworkUserId id_{};
  TimePoint closed_at_{};
  Peer peer_;
  PeerCallbacks callbacks_;
  /// Of the channels that somebody has a handle of, until they are closed.
  std::map<ChannelId, std::shared_ptr<ChannelListener>> channels_;
  bool callback_mode_ = false;
  bool delivery_scheduled_ = false;
  bool event_awaited_ = false;

  bool interfaces_listed_ = false;
  io::SendQueue sending_;

  io::Waiters waiters_;
  std::multiset<TimePoint> wait_deadlines_;
};

}  // namespace petrel::inline v0::detail
