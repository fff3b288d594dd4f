#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/peer_connection.hpp"
#include "petrel/sim/host_network.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "support/key_frame.hpp"

namespace petrel::inline v0::testing {

/// One of the two peers, with a handle of everything that it has.
struct Attendant {
  Attendant(sim::World& world, std::string name, const IpAddress& address, asio::io_context& context)
      : network(world, world.add_host({.name = std::move(name), .addresses = {address}}), context) {}

  sim::HostNetwork network;
  std::optional<PeerConnection> peer;
  std::optional<Transceiver> video;
  std::optional<DataChannel> channel;
  std::optional<DataChannel> lost_channel;  ///< Nobody closes it; it ends with the other peer.
};

/// A call in virtual time in which every callback of the facade is called: two peers meet, video and messages
/// go both ways, one channel is closed, and in the end one peer vanishes.
///
/// Whatever a test does to the peers meanwhile, the rest of the programme goes on with what is left.
class Meeting {
 public:
  Meeting() {
    world_.on_time(sim::set_wall_clock);
    for (Attendant* each : {&caller, &callee}) each->peer.emplace(each->network, config());
  }
  ~Meeting() { sim::reset_wall_clock(); }
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

  /// `prepare` may set callbacks of both peers, to which nothing has happened yet.
  void run(const std::function<void()>& prepare) {
    callee.peer->on_track([this](Transceiver track) {
      callee.video = track;
      on_tracked();
    });
    callee.peer->on_data_channel([this](DataChannel channel) { accept(std::move(channel)); });
    prepare();
    set_up_caller();
    at(std::chrono::milliseconds(1), [this] { offer(); });
    // Only now, as there is somebody who wants to send as well.
    at(std::chrono::milliseconds(20), [this] { answer(); });
    if (fills_buffers) at(std::chrono::milliseconds(200), [this] { fill_buffers(); });
    at(std::chrono::milliseconds(220), [this] {
      if (callee.video) callee.video->receiver().request_key_frame();
    });
    at(std::chrono::milliseconds(fills_buffers ? 1500 : 300), [this] {
      if (caller.channel) caller.channel->close();
    });
    at(length - std::chrono::milliseconds(200), [this] { callee.peer.reset(); });
    send_media();
    world_.run_for(length);
    caller.peer.reset();
    callee.peer.reset();
    world_.run_for(std::chrono::milliseconds(100));
  }

  static PeerConfig config() {
    // Of the world's time, which begins at its epoch.
    static const auto certificate =
        dtls::Certificate::generate(std::chrono::sys_seconds(std::chrono::seconds(sim_today))).value();
    PeerConfig config;
    config.certificate = certificate;
    return config;
  }
  /// What the user would do in this world.
  void at(Duration when, std::function<void()> what) { world_.after(when, std::move(what)); }
  asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  static constexpr std::int64_t sim_today = 1'700'000'000;

  sim::World world_{1, {.latency = std::chrono::milliseconds(5), .mtu_bytes = 1500}};
  asio::io_context context_;

 public:
  // After the world and the context, which they need to the end.
  Attendant caller{world_, "caller", IpAddress::v4(192, 0, 2, 1), context_};
  Attendant callee{world_, "callee", IpAddress::v4(192, 0, 2, 2), context_};
  /// Sends more than fits, for which the meeting takes longer.
  bool fills_buffers = false;
  Duration length = std::chrono::milliseconds(800);
  /// Called for each channel of the callee, before anything else can happen to it.
  std::function<void(DataChannel&)> on_accepted = [](DataChannel&) {};
  /// The caller's transceiver and channels are there, and nothing has happened.
  std::function<void()> on_caller_ready = [] {};
  /// The callee's transceiver is there.
  std::function<void()> on_tracked = [] {};

 private:
  void accept(DataChannel channel) {
    on_accepted(channel);
    (channel.label() == "lost" ? callee.lost_channel : callee.channel) = std::move(channel);
  }

  void set_up_caller() {
    if (!caller.peer) return;
    const auto video =
        caller.peer->add_transceiver(Kind::video, {.direction = Direction::send_recv, .codecs = {h264()}});
    if (video) caller.video = *video;
    if (!caller.peer) return;
    if (auto channel = caller.peer->create_data_channel("chat")) caller.channel = *std::move(channel);
    if (auto channel = caller.peer->create_data_channel("lost")) caller.lost_channel = *std::move(channel);
    on_caller_ready();
  }

  static bool tell(Attendant& to, const std::optional<SessionDescription>& description) {
    return to.peer && description && to.peer->set_remote_description(*description).has_value();
  }
  void offer() {
    if (caller.peer && caller.peer->set_local_description()) tell(callee, caller.peer->local_description());
  }
  void answer() {
    if (callee.video) static_cast<void>(callee.video->set_direction(Direction::send_recv));
    if (!callee.peer || !callee.peer->set_local_description()) return;
    tell(caller, callee.peer->local_description());
    trickle();
  }

  // By polling, so that on_ice_candidate is the test's.
  void trickle() {
    for (auto [from, to] : {std::pair(&caller, &callee), std::pair(&callee, &caller)}) {
      const auto description = from->peer ? from->peer->local_description() : std::nullopt;
      if (!description || !to->peer) continue;
      for (std::size_t at = 0; (at = description->sdp.find("candidate:", at)) != std::string::npos; ++at) {
        static_cast<void>(to->peer->add_ice_candidate(
            description->sdp.substr(at, description->sdp.find('\r', at) - at), ""));
      }
    }
    if (++trickles_ < 10) at(std::chrono::milliseconds(10), [this] { trickle(); });
  }

  void fill_buffers() {
    const std::vector<std::byte> message(200'000);
    for (Attendant* each : {&caller, &callee}) {
      if (!each->channel) continue;
      static_cast<void>(each->channel->set_buffered_amount_low_threshold(100'000));
      for (int i = 0; i < 100; ++i) {
        const auto taken = each->channel->try_send(Bytes(message));
        if (!taken || !*taken) break;
      }
    }
  }

  void send_media() {
    for (Attendant* each : {&caller, &callee}) {
      if (each->video) static_cast<void>(each->video->sender().send_frame(key_frame(each->network.now())));
      if (each->channel && each->channel->state() == DataChannelState::open)
        static_cast<void>(each->channel->try_send("hello"));
    }
    at(std::chrono::milliseconds(50), [this] { send_media(); });
  }

  int trickles_ = 0;
};

}  // namespace petrel::inline v0::testing
