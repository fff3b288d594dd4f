#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "io/loopback_call.hpp"

namespace petrel::inline v0 {
namespace {

using testing::LoopbackCall;

// A call that reaches every callback there is for data: a channel opens, carries a message, is
// flooded, runs dry and is closed; then the connection ends under a second one.
struct Scene : LoopbackCall {
  std::optional<DataChannel> ours;
  std::optional<DataChannel> theirs;
  std::optional<DataChannel> last;
  std::function<void(std::string_view)> hook = [](std::string_view) {};

  void play() {
    caller->on_connection_state_change([this](ConnectionState) { hook("connection_state"); });
    caller->on_ice_connection_state_change([this](IceConnectionState) { hook("ice_connection_state"); });
    caller->on_ice_gathering_state_change([this](IceGatheringState) { hook("ice_gathering_state"); });
    caller->on_signaling_state_change([this](SignalingState) { hook("signaling_state"); });
    caller->on_negotiation_needed([this] { hook("negotiation_needed"); });
    callee->on_data_channel([this](DataChannel channel) { listen_to(std::move(channel)); });
    ours = caller->create_data_channel("chat").value();
    last = caller->create_data_channel("to the end").value();
    ours->on_open([this] {
      hook("open");
      (void)ours->try_send("hello");
    });
    ours->on_message([this](const Message&) {
      hook("message");
      flood(*ours);
    });
    ours->on_buffered_amount_low([this] { hook("buffered_amount_low"); });
    ours->on_writable([this] {
      hook("writable");
      ours->close();
    });
    ours->on_close([this] {
      hook("close");
      flood(*last);  // Of what is under way nobody can take leave in order.
      if (caller) caller->close();
    });
    negotiate();
    if (!caller) return;
    caller->on_ice_candidate([this](const LocalCandidate& each) {
      if (callee) (void)callee->add_ice_candidate(each.candidate, each.mid);
      hook("ice_candidate");
    });
  }

  static constexpr std::string_view callbacks[] = {"connection_state",
                                                   "ice_connection_state",
                                                   "ice_gathering_state",
                                                   "signaling_state",
                                                   "negotiation_needed",
                                                   "ice_candidate",
                                                   "data_channel",
                                                   "open",
                                                   "message",
                                                   "buffered_amount_low",
                                                   "writable",
                                                   "close",
                                                   "error",
                                                   "close_of_the_peer"};

 private:
  void listen_to(DataChannel channel) {
    if (channel.label() == "chat") {
      theirs = channel;
      theirs->on_message([this](const Message& message) {
        if (message.is_text && theirs) (void)theirs->try_send("back");
      });
    } else {
      channel.on_error([this](std::error_code) { hook("error"); });
      channel.on_close([this] { hook("close_of_the_peer"); });
    }
    hook("data_channel");
  }
  static void flood(DataChannel& channel) {
    const std::vector<std::byte> message(200'000);
    for (int i = 0; i < 100; ++i) {
      const auto sent = channel.try_send(Bytes(message));
      if (!sent || !*sent) return;
    }
  }
};

asio::awaitable<void> receive_one(DataChannel channel) {
  try {
    auto receiving = channel.receive();
    (void)co_await std::move(receiving);
  } catch (const std::system_error&) {
  }
}
asio::awaitable<void> send_one(DataChannel channel) {
  try {
    auto sending = channel.send("from within");
    co_await std::move(sending);
  } catch (const std::system_error&) {
  }
}

struct Action {
  const char* name;
  std::function<void(Scene&)> act;
};

// Every call of a peer and of a channel. On what is gone they answer an error, and that is all.
std::vector<Action> actions() {
  std::vector<Action> table = {
      {"close both", [](Scene& scene) { scene.caller->close(), scene.callee->close(); }},
      {"destroy both", [](Scene& scene) { scene.caller.reset(), scene.callee.reset(); }},
      {"destroy the caller", [](Scene& scene) { scene.caller.reset(); }},
      {"destroy the callee", [](Scene& scene) { scene.callee.reset(); }},
  };
  const auto of_peer = [&](const char* name, std::function<void(PeerConnection&)> act) {
    table.push_back({name, [act](Scene& scene) {
                       for (auto* peer : {&scene.caller, &scene.callee}) {
                         if (*peer) act(**peer);
                       }
                     }});
  };
  const auto of_channel = [&](const char* name, std::function<void(DataChannel&, Scene&)> act) {
    table.push_back({name, [act](Scene& scene) {
                       for (auto* channel : {&scene.ours, &scene.theirs}) {
                         if (*channel) act(**channel, scene);
                       }
                     }});
  };
  of_peer("close", [](PeerConnection& peer) { peer.close(); });
  of_peer("move", [](PeerConnection& peer) {
    PeerConnection moved = std::move(peer);
    peer = std::move(moved);
  });
  of_peer("create_data_channel", [](PeerConnection& peer) { (void)peer.create_data_channel("new"); });
  of_peer("create_data_channel, negotiated", [](PeerConnection& peer) {
    (void)peer.create_data_channel("new", {.negotiated = true, .id = 500});
  });
  of_peer("data_channels", [](PeerConnection& peer) {
    for (DataChannel& each : peer.data_channels()) each.close();
  });
  of_peer("add_transceiver", [](PeerConnection& peer) { (void)peer.add_transceiver(Kind::audio); });
  of_peer("add_track", [](PeerConnection& peer) { (void)peer.add_track(Kind::video); });
  of_peer("transceivers", [](PeerConnection& peer) { (void)peer.transceivers(); });
  of_peer("restart_ice", [](PeerConnection& peer) { peer.restart_ice(); });
  of_peer("create_offer", [](PeerConnection& peer) { (void)peer.create_offer(); });
  of_peer("create_answer", [](PeerConnection& peer) { (void)peer.create_answer(); });
  of_peer("set_local_description", [](PeerConnection& peer) { (void)peer.set_local_description(); });
  of_peer("set_remote_description", [](PeerConnection& peer) {
    (void)peer.set_remote_description(
        {SdpType::offer, peer.local_description().value_or(SessionDescription{}).sdp});
  });
  of_peer("rollback",
          [](PeerConnection& peer) { (void)peer.set_local_description({SdpType::rollback, {}}); });
  of_peer("add_ice_candidate", [](PeerConnection& peer) {
    (void)peer.add_ice_candidate("candidate:1 1 udp 1 192.0.2.9 5000 typ host");
  });
  of_peer("descriptions", [](PeerConnection& peer) {
    (void)peer.local_description(), (void)peer.remote_description();
    (void)peer.error_detail(), (void)peer.rejected_media();
  });
  of_peer("states and reports", [](PeerConnection& peer) {
    (void)peer.connection_state(), (void)peer.ice_connection_state(), (void)peer.ice_gathering_state();
    (void)peer.signaling_state(), (void)peer.stats(), (void)peer.report(), (void)peer.why();
  });
  of_peer("on_…", [](PeerConnection& peer) {
    peer.on_connection_state_change(nullptr), peer.on_ice_connection_state_change(nullptr);
    peer.on_ice_gathering_state_change(nullptr), peer.on_signaling_state_change(nullptr);
    peer.on_negotiation_needed(nullptr), peer.on_track(nullptr), peer.on_data_channel(nullptr);
  });
  of_channel("channel: close", [](DataChannel& channel, Scene&) { channel.close(); });
  of_channel("channel: try_send",
             [](DataChannel& channel, Scene&) { (void)channel.try_send("from within"); });
  of_channel("channel: flood", [](DataChannel& channel, Scene&) {
    const std::vector<std::byte> message(200'000);
    for (int i = 0; i < 100; ++i) {
      const auto sent = channel.try_send(Bytes(message));
      if (!sent || !*sent) return;
    }
  });
  of_channel("channel: send", [](DataChannel& channel, Scene& scene) {
    asio::co_spawn(scene.io, send_one(channel), asio::detached);
  });
  of_channel("channel: receive", [](DataChannel& channel, Scene& scene) {
    channel.on_message(nullptr);
    asio::co_spawn(scene.io, receive_one(channel), asio::detached);
  });
  of_channel("channel: try_receive", [](DataChannel& channel, Scene&) { (void)channel.try_receive(); });
  of_channel("channel: threshold", [](DataChannel& channel, Scene&) {
    (void)channel.set_buffered_amount_low_threshold(1'000'000);
  });
  of_channel("channel: what it is", [](DataChannel& channel, Scene&) {
    (void)channel.label(), (void)channel.protocol(), (void)channel.init(), (void)channel.id();
    (void)channel.state(), (void)channel.buffered_amount(), (void)channel.stats();
  });
  of_channel("channel: on_…", [](DataChannel& channel, Scene&) {
    channel.on_open(nullptr), channel.on_message(nullptr), channel.on_error(nullptr);
    channel.on_close(nullptr), channel.on_buffered_amount_low(nullptr), channel.on_writable(nullptr);
  });
  of_channel("channel: replace on_message",
             [](DataChannel& channel, Scene&) { channel.on_message([](const Message&) {}); });
  return table;
}

TEST(PeerChannels, AllowEveryCallInsideEveryCallback) {
  for (const Action& action : actions()) {
    for (const std::string_view callback : Scene::callbacks) {
      Scene scene;
      bool acted = false;
      scene.hook = [&](std::string_view called) {
        if (called != callback || std::exchange(acted, true)) return;
        action.act(scene);
      };
      scene.play();
      EXPECT_TRUE(scene.run_until([&] { return acted; })) << action.name << " in " << callback;
      for (int i = 0; i < 5; ++i) scene.io.poll();  // What it has caused.
    }
  }
}

// Each of the two doors, at once: the peer's events by next_event(), a channel's by callbacks.
asio::awaitable<void> hear(PeerConnection& peer, std::vector<std::string>& heard, bool& ended) {
  for (;;) {
    auto waiting = peer.next_event();
    auto event = co_await std::move(waiting);
    if (!event) break;
    if (const auto* announced = std::get_if<DataChannelAnnounced>(&*event)) {
      heard.push_back("announced " + announced->channel.label());
      if (announced->channel.label() == "by callback") {
        DataChannel channel = announced->channel;
        channel.on_message(
            [&heard](const Message& message) { heard.push_back("callback " + std::string(message.text())); });
        channel.on_close([&heard] { heard.emplace_back("callback closed"); });
      }
    } else if (auto* readable = std::get_if<DataChannelReadable>(&*event)) {
      while (auto message = readable->channel.try_receive())
        heard.push_back("event " + std::string(message->text()));
    } else if (const auto* closed = std::get_if<DataChannelClosed>(&*event)) {
      heard.push_back("closed " + closed->channel.label());
    }
  }
  ended = true;
}

asio::awaitable<void> negotiate_without_trickle(PeerConnection& caller, PeerConnection& callee) {
  caller.set_local_description().value();
  auto offering = caller.gathered_description();
  const SessionDescription offer = co_await std::move(offering);
  callee.set_remote_description(offer).value();
  callee.set_local_description().value();
  auto answering = callee.gathered_description();
  caller.set_remote_description(co_await std::move(answering)).value();
}

TEST(PeerChannels, DeliverToTheDoorThatEachObjectHas) {
  LoopbackCall call;
  std::vector<std::string> heard;
  bool ended = false;
  std::vector<DataChannel> ours;
  for (const char* label : {"by callback", "by event"}) {
    ours.push_back(call.caller->create_data_channel(label).value());
    ours.back().on_open([channel = ours.back()]() mutable { (void)channel.try_send("hello"); });
  }
  asio::co_spawn(call.io, hear(*call.callee, heard, ended), asio::detached);
  asio::co_spawn(call.io, negotiate_without_trickle(*call.caller, *call.callee), asio::detached);
  ASSERT_TRUE(call.run_until([&] { return heard.size() >= 4; }));
  for (DataChannel& each : ours) each.close();
  ASSERT_TRUE(call.run_until([&] { return heard.size() >= 6; }));
  call.caller->close();
  ASSERT_TRUE(call.run_until([&] { return ended; }));

  std::ranges::sort(heard);
  EXPECT_EQ(heard, (std::vector<std::string>{"announced by callback", "announced by event", "callback closed",
                                             "callback hello", "closed by event", "event hello"}));
}

}  // namespace
}  // namespace petrel::inline v0
