#include "petrel/peer_connection.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/udp.hpp>

#include "io/loopback_call.hpp"
#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::LoopbackCall;

TEST(PeerConnection, ConnectsAndCarriesAFrame) {
  LoopbackCall call;
  Sender sender = call.add_video().sender();
  std::shared_ptr<const EncodedFrame> received;
  const auto sent = testing::key_frame(call.network.now());
  call.callee->on_track([&](Transceiver track) {
    EXPECT_EQ(track.kind(), Kind::video);
    EXPECT_EQ(track.direction(), Direction::recv_only);
    track.receiver().on_frame([&](const auto& frame) { received = frame; });
  });
  sender.on_key_frame_request([&] { EXPECT_TRUE(sender.send_frame(sent)); });
  call.negotiate();

  ASSERT_TRUE(call.run_until([&] { return received != nullptr; })) << call.caller->why();

  EXPECT_TRUE(equal(received->bytes(), sent->bytes()));
  EXPECT_TRUE(received->key_frame());
  EXPECT_EQ(call.caller->transceivers()[0].codec()->name, "H264");
  EXPECT_NE(call.caller->why().find("Connected"), std::string::npos);
}

TEST(PeerConnection, DeliversRawPacketsWhereTheyAreAskedFor) {
  LoopbackCall call;
  Sender sender = call.add_video().sender();
  std::size_t packets = 0;
  call.callee->on_track([&](Transceiver track) { track.receiver().on_packet([&](Bytes) { ++packets; }); });
  sender.on_key_frame_request([&] { (void)sender.send_frame(testing::key_frame(call.network.now())); });
  call.negotiate();
  EXPECT_TRUE(call.run_until([&] { return packets >= 3; }));
}

TEST(PeerConnection, LetsTheReceiverAskForAKeyFrame) {
  LoopbackCall call;
  Sender sender = call.add_video().sender();
  int requests = 0;
  sender.on_key_frame_request([&] {
    ++requests;
    (void)sender.send_frame(testing::key_frame(call.network.now()));
  });
  std::optional<Receiver> receiver;
  int frames = 0;
  call.callee->on_track([&](Transceiver track) {
    receiver = track.receiver();
    receiver->on_frame([&](const auto&) {
      if (++frames == 1) receiver->request_key_frame();
    });
  });
  call.negotiate();
  EXPECT_TRUE(call.run_until([&] { return requests >= 2 && frames >= 2; }));
}

// A coroutine needs no callback: the second door.
asio::awaitable<void> watch(PeerConnection& peer, std::vector<ConnectionState>& states, bool& ended) {
  for (;;) {
    auto next = peer.next_event();
    const auto event = co_await std::move(next);
    if (!event) break;
    if (const auto* changed = std::get_if<ConnectionStateChanged>(&*event)) states.push_back(changed->state);
  }
  ended = true;
}

asio::awaitable<void> call_without_trickle(PeerConnection& caller, PeerConnection& callee) {
  caller.set_local_description().value();
  auto offering = caller.gathered_description();
  const SessionDescription offer = co_await std::move(offering);
  callee.set_remote_description(offer).value();
  callee.set_local_description().value();
  auto answering = callee.gathered_description();
  const SessionDescription answer = co_await std::move(answering);
  caller.set_remote_description(answer).value();
}

TEST(PeerConnection, IsUsableByCoroutines) {
  LoopbackCall call;
  (void)call.add_video();
  std::vector<ConnectionState> states;
  bool ended = false;
  asio::co_spawn(call.io, watch(*call.caller, states, ended), asio::detached);
  asio::co_spawn(call.io, call_without_trickle(*call.caller, *call.callee), asio::detached);

  ASSERT_TRUE(call.connect());
  call.callee->close();
  ASSERT_TRUE(call.run_until([&] { return ended; }));

  EXPECT_EQ(states.back(), ConnectionState::closed);
}

asio::awaitable<void> describe(PeerConnection& peer, Duration limit, std::string& sdp) {
  auto describing = peer.gathered_description(limit);
  sdp = (co_await std::move(describing)).sdp;
}

// Its time is up long before the server is given up, and nothing else happens meanwhile.
TEST(PeerConnection, DescribesItselfInTimeWhenAServerIsSilent) {
  asio::io_context io(1);
  asio::ip::udp::socket silent(io, {asio::ip::address_v4::loopback(), 0});
  Network network(io.get_executor(), {.include_loopback = true});
  PeerConfig config;
  config.ice_servers = {{"stun:127.0.0.1:" + std::to_string(silent.local_endpoint().port())}};
  PeerConnection peer(network, std::move(config));
  peer.add_transceiver(Kind::audio).value();
  peer.set_local_description().value();
  std::string sdp;
  asio::co_spawn(io, describe(peer, 100ms, sdp), asio::detached);

  while (sdp.empty()) io.run_one();

  EXPECT_NE(sdp.find(" typ host"), std::string::npos) << sdp;
  EXPECT_EQ(peer.ice_gathering_state(), IceGatheringState::gathering);
}

asio::awaitable<void> expect_error(asio::awaitable<std::optional<Event>> waiting, std::error_code expected,
                                   bool& done) {
  try {
    (void)co_await std::move(waiting);
    ADD_FAILURE() << "no error";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), expected);
  }
  done = true;
}

TEST(PeerConnection, RefusesASecondWaiterAndMixingTheTwoDoors) {
  LoopbackCall call;
  std::vector<ConnectionState> states;
  bool ended = false;
  bool refused = false;
  asio::co_spawn(call.io, watch(*call.caller, states, ended), asio::detached);
  asio::co_spawn(call.io, expect_error(call.caller->next_event(), Errc::busy, refused), asio::detached);
  EXPECT_TRUE(call.run_until([&] { return refused; }));

  bool mixed = false;
  call.callee->on_track([](Transceiver) {});
  asio::co_spawn(call.io, expect_error(call.callee->next_event(), Errc::wrong_state, mixed), asio::detached);
  EXPECT_TRUE(call.run_until([&] { return mixed; }));
}

TEST(PeerConnection, CompletesWaitsWhenItIsDestroyed) {
  LoopbackCall call;
  std::vector<ConnectionState> states;
  bool ended = false;
  asio::co_spawn(call.io, watch(*call.caller, states, ended), asio::detached);
  call.io.poll();
  EXPECT_FALSE(ended);
  // `watch` refers to the peer; it is awaiting inside it now, and ends without touching it.
  call.caller->close();
  EXPECT_TRUE(call.run_until([&] { return ended; }));
}

TEST(PeerConnection, DeliversNothingFromInsideTheCallThatCausedIt) {
  LoopbackCall call;
  bool inside = false;
  int delivered = 0;
  const auto note = [&] {
    EXPECT_FALSE(inside);
    ++delivered;
  };
  call.caller->on_signaling_state_change([&](SignalingState) { note(); });
  call.caller->on_ice_gathering_state_change([&](IceGatheringState) { note(); });
  call.caller->on_negotiation_needed([&] { note(); });
  inside = true;
  (void)call.add_video();
  call.caller->set_local_description().value();
  inside = false;
  EXPECT_TRUE(call.run_until([&] { return delivered >= 3; }));
}

// Everything that can be called, on a peer in any state: errors are fine, crashes and
// deadlocks are not.
void use_everything(PeerConnection& peer) {
  (void)peer.add_transceiver(Kind::audio);
  (void)peer.add_track(Kind::video);
  (void)peer.create_offer();
  (void)peer.create_answer();
  (void)peer.local_description();
  (void)peer.remote_description();
  (void)peer.add_ice_candidate("candidate:1 1 udp 1 192.0.2.9 5000 typ host");
  (void)peer.add_ice_candidate("nonsense");
  (void)peer.stats();
  (void)peer.report();
  (void)peer.why();
  (void)peer.error_detail();
  (void)peer.rejected_media();
  (void)peer.create_data_channel("another");
  for (DataChannel& each : peer.data_channels()) (void)each.try_send("hello");
  for (Transceiver& each : peer.transceivers()) {
    (void)each.mid();
    (void)each.codec();
    (void)each.current_direction();
    (void)each.set_direction(each.direction());
    (void)each.sender().send_frame(testing::key_frame(TimePoint{}));
    (void)each.sender().send_packet({});
    each.receiver().request_key_frame();
  }
}

// One action for each callback in turn, in a call that reaches them all.
void in_every_callback(const std::function<void(LoopbackCall&)>& act) {
  constexpr int callbacks = 9;
  for (int which = 0; which < callbacks; ++which) {
    LoopbackCall call;
    bool acted = false;
    const auto hook = [&](int index) {
      if (index != which || acted) return;
      acted = true;
      act(call);
    };
    Transceiver video = call.add_video();
    call.caller->on_connection_state_change([&](ConnectionState) { hook(0); });
    call.caller->on_ice_connection_state_change([&](IceConnectionState) { hook(1); });
    call.caller->on_ice_gathering_state_change([&](IceGatheringState) { hook(2); });
    call.caller->on_signaling_state_change([&](SignalingState) { hook(3); });
    call.caller->on_negotiation_needed([&] { hook(4); });
    video.sender().on_key_frame_request([&, sender = video.sender()]() mutable {
      (void)sender.send_frame(testing::key_frame(call.network.now()));
      hook(5);
    });
    call.callee->on_track([&](Transceiver track) {
      track.receiver().on_frame([&](const auto&) { hook(7); });
      hook(6);
    });
    call.negotiate();
    call.caller->on_ice_candidate([&](const LocalCandidate& each) {
      if (call.callee) (void)call.callee->add_ice_candidate(each.candidate, each.mid);
      hook(8);
    });
    EXPECT_TRUE(call.run_until([&] { return acted; })) << "callback " << which;
    call.io.poll();
  }
}

TEST(PeerConnection, AllowsEveryCallInsideEveryCallback) {
  in_every_callback([](LoopbackCall& call) {
    use_everything(*call.caller);
    use_everything(*call.callee);
  });
}

TEST(PeerConnection, MayBeClosedInsideEveryCallback) {
  in_every_callback([](LoopbackCall& call) {
    call.caller->close();
    call.callee->close();
    use_everything(*call.caller);
  });
}

TEST(PeerConnection, MayBeDestroyedInsideEveryCallback) {
  in_every_callback([](LoopbackCall& call) {
    call.caller.reset();
    call.callee.reset();
  });
}

TEST(PeerConnection, MayReplaceACallbackInsideItself) {
  LoopbackCall call;
  std::vector<int> order;
  call.caller->on_negotiation_needed([&, keep = std::vector<int>(100, 1)] {
    call.caller->on_negotiation_needed([&] { order.push_back(2); });
    order.push_back(keep[99]);  // What was captured is still there.
  });
  (void)call.add_video();
  EXPECT_TRUE(call.run_until([&] { return !order.empty(); }));
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST(PeerConnection, MayBeDestroyedInEveryState) {
  for (int steps = 0; steps < 60; ++steps) {
    LoopbackCall call;
    (void)call.add_video();
    call.negotiate();
    for (int i = 0; i < steps; ++i) call.io.run_one_for(5ms);
    call.caller.reset();
    call.io.poll();
    call.callee.reset();
    call.io.poll();
  }
}

TEST(PeerConnection, IsClosedWhenItsNetworkGoes) {
  asio::io_context io(1);
  std::optional<Network> network(std::in_place, io.get_executor());
  PeerConnection peer(*network, LoopbackCall::with_certificate());
  network.reset();
  EXPECT_EQ(peer.connection_state(), ConnectionState::closed);
  EXPECT_EQ(peer.create_offer().error(), Errc::closed);
}

TEST(PeerConnection, MayOutliveItsContext) {
  std::optional<PeerConnection> peer;
  {
    asio::io_context io(1);
    peer.emplace(io.get_executor(), LoopbackCall::with_certificate());
    (void)peer->add_transceiver(Kind::video);
    peer->set_local_description().value();
    io.poll();
  }
  use_everything(*peer);
  peer.reset();
}

TEST(PeerConnection, HandlesOutliveIt) {
  LoopbackCall call;
  Transceiver video = call.add_video();
  Sender sender = video.sender();
  Receiver receiver = video.receiver();
  call.caller.reset();
  EXPECT_EQ(sender.send_frame(testing::key_frame(TimePoint{})).error(), Errc::closed);
  EXPECT_EQ(video.set_direction(Direction::inactive).error(), Errc::closed);
  receiver.request_key_frame();
  receiver.on_frame([](const auto&) {});
  EXPECT_EQ(video.mid(), std::nullopt);
}

TEST(PeerConnection, MovesWithEverythingItHas) {
  LoopbackCall call;
  (void)call.add_video();
  PeerConnection moved = std::move(*call.caller);
  call.caller.emplace(std::move(moved));
  call.negotiate();
  EXPECT_TRUE(call.connect()) << call.caller->why();
}

TEST(PeerConnection, ReusesATransceiverThatOnlyReceivesForATrack) {
  LoopbackCall call;
  (void)call.caller->add_transceiver(Kind::video, {.direction = Direction::recv_only}).value();
  ASSERT_TRUE(call.caller->add_track(Kind::video));
  ASSERT_EQ(call.caller->transceivers().size(), 1u);
  EXPECT_EQ(call.caller->transceivers()[0].direction(), Direction::send_recv);
  ASSERT_TRUE(call.caller->add_track(Kind::video));
  EXPECT_EQ(call.caller->transceivers().size(), 2u);
}

TEST(PeerConnection, ThrowsForAConfigurationThatCannotWork) {
  asio::io_context io(1);
  PeerConfig config = LoopbackCall::with_certificate();
  config.ice_servers = {{.url = "turn:example.org"}};
  EXPECT_THROW(PeerConnection(io.get_executor(), config), std::system_error);
}

}  // namespace
}  // namespace petrel::inline v0
