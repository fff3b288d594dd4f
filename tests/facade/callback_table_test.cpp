// Every call of the facade from inside every callback of the facade, from a table that is made here and
// compared with the public headers: whoever adds a method or a callback adds a row, or a test fails.

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "facade/meeting.hpp"
#include "support/source_directory.hpp"

namespace petrel::inline v0 {
namespace {

using testing::Attendant;
using testing::Meeting;

/// What a trial does to the attendant whose callback runs, and what it counts.
struct Trial {
  Meeting& meeting;
  Attendant& self;
  Attendant& other;
};

// ---- The callbacks ------------------------------------------------------------------------

struct Callback {
  std::string name;
  bool of_callee;  ///< Whose it is in this meeting.
  /// Sets the callback, which calls `fire`. Called once its object is there.
  std::function<void(Attendant& self, std::function<void()> fire)> set;
  enum class Object : std::uint8_t { peer, video, channel, lost_channel } object = Object::peer;
};

std::vector<Callback> callbacks() {
  using Fire = std::function<void()>;
  using Object = Callback::Object;
  std::vector<Callback> all;
  for (const bool callee : {false, true}) {
    const auto add = [&](std::string name, auto set, Object object) {
      all.push_back({std::move(name), callee, std::move(set), object});
    };
    const auto of_peer = [&](std::string name, auto set) {
      add(
          "PeerConnection::" + std::move(name),
          [set](Attendant& self, Fire fire) { set(*self.peer, std::move(fire)); }, Object::peer);
    };
    of_peer("on_connection_state_change", [](PeerConnection& peer, Fire fire) {
      peer.on_connection_state_change([fire](ConnectionState) { fire(); });
    });
    of_peer("on_ice_connection_state_change", [](PeerConnection& peer, Fire fire) {
      peer.on_ice_connection_state_change([fire](IceConnectionState) { fire(); });
    });
    of_peer("on_ice_gathering_state_change", [](PeerConnection& peer, Fire fire) {
      peer.on_ice_gathering_state_change([fire](IceGatheringState) { fire(); });
    });
    of_peer("on_signaling_state_change", [](PeerConnection& peer, Fire fire) {
      peer.on_signaling_state_change([fire](SignalingState) { fire(); });
    });
    of_peer("on_ice_candidate", [](PeerConnection& peer, Fire fire) {
      peer.on_ice_candidate([fire](const LocalCandidate&) { fire(); });
    });
    if (!callee) {
      of_peer("on_negotiation_needed",
              [](PeerConnection& peer, Fire fire) { peer.on_negotiation_needed([fire] { fire(); }); });
    } else {
      of_peer("on_track",
              [](PeerConnection& peer, Fire fire) { peer.on_track([fire](Transceiver) { fire(); }); });
      of_peer("on_data_channel",
              [](PeerConnection& peer, Fire fire) { peer.on_data_channel([fire](DataChannel) { fire(); }); });
    }
    const auto of_channel = [&](std::string name, auto set, bool lost = false) {
      add(
          "DataChannel::" + std::move(name),
          [set, lost](Attendant& self, Fire fire) {
            set(lost ? *self.lost_channel : *self.channel, std::move(fire));
          },
          lost ? Object::lost_channel : Object::channel);
    };
    of_channel("on_open", [](DataChannel& each, Fire fire) { each.on_open([fire] { fire(); }); });
    of_channel("on_message",
               [](DataChannel& each, Fire fire) { each.on_message([fire](Message) { fire(); }); });
    of_channel("on_close", [](DataChannel& each, Fire fire) { each.on_close([fire] { fire(); }); });
    of_channel("on_buffered_amount_low",
               [](DataChannel& each, Fire fire) { each.on_buffered_amount_low([fire] { fire(); }); });
    of_channel("on_writable", [](DataChannel& each, Fire fire) { each.on_writable([fire] { fire(); }); });
    if (!callee) {
      of_channel(
          "on_error",
          [](DataChannel& each, Fire fire) { each.on_error([fire](std::error_code) { fire(); }); }, true);
    }
    const auto of_video = [&](std::string name, auto set) {
      add(
          std::move(name), [set](Attendant& self, Fire fire) { set(*self.video, std::move(fire)); },
          Object::video);
    };
    of_video("Sender::on_key_frame_request",
             [](Transceiver& each, Fire fire) { each.sender().on_key_frame_request([fire] { fire(); }); });
    of_video("Sender::on_target_bitrate", [](Transceiver& each, Fire fire) {
      each.sender().on_target_bitrate([fire](Bitrate) { fire(); });
    });
    of_video("Receiver::on_frame", [](Transceiver& each, Fire fire) {
      each.receiver().on_frame([fire](const std::shared_ptr<const EncodedFrame>&) { fire(); });
    });
    of_video("Receiver::on_packet",
             [](Transceiver& each, Fire fire) { each.receiver().on_packet([fire](Bytes) { fire(); }); });
  }
  return all;
}

// ---- The calls ----------------------------------------------------------------------------

struct Call {
  std::string name;
  std::function<void(Trial&)> make;
  /// Those that do not get in each other's way are made one after the other, in one meeting.
  enum class Effect : std::uint8_t { reads, passes, sets_callback, upsets } effect = Effect::upsets;
};

// A peer that has none of these has been closed or destroyed by the programme: the call is then left out.
template <class Make>
Call on_peer(std::string name, Make make, Call::Effect effect = Call::Effect::upsets) {
  return {"PeerConnection::" + std::move(name),
          [make](Trial& trial) {
            if (trial.self.peer) make(*trial.self.peer, trial);
          },
          effect};
}
template <class Make>
Call on_channel(std::string name, Make make, Call::Effect effect = Call::Effect::upsets) {
  return {"DataChannel::" + std::move(name),
          [make](Trial& trial) {
            // The handle is copied, as a program would that keeps its own elsewhere.
            for (auto channel : {trial.self.channel, trial.self.lost_channel}) {
              if (channel) make(*channel, trial);
            }
          },
          effect};
}
template <class Make>
Call on_video(std::string name, Make make, Call::Effect effect = Call::Effect::upsets) {
  return {std::move(name),
          [make](Trial& trial) {
            if (auto video = trial.self.video) make(*video, trial);
          },
          effect};
}

// Starts `wait`, whose end nobody waits for: it completes, or throws what the header says.
template <class Wait>
void start(Trial& trial, Wait wait) {
  asio::co_spawn(
      trial.meeting.executor(),
      [](Wait waits) -> asio::awaitable<void> {
        try {
          co_await waits();
        } catch (const std::system_error&) {
        }
      }(std::move(wait)),
      asio::detached);
}

void add_calls_that_read(std::vector<Call>& all) {
  const auto peer = [&](std::string name, auto make) {
    all.push_back(on_peer(std::move(name), make, Call::Effect::reads));
  };
  peer("transceivers", [](PeerConnection& each, Trial&) { EXPECT_LE(each.transceivers().size(), 2u); });
  peer("data_channels", [](PeerConnection& each, Trial&) { EXPECT_LE(each.data_channels().size(), 2u); });
  peer("local_description",
       [](PeerConnection& each, Trial&) { static_cast<void>(each.local_description()); });
  peer("remote_description",
       [](PeerConnection& each, Trial&) { static_cast<void>(each.remote_description()); });
  peer("error_detail", [](PeerConnection& each, Trial&) { static_cast<void>(each.error_detail()); });
  peer("rejected_media", [](PeerConnection& each, Trial&) { EXPECT_TRUE(each.rejected_media().empty()); });
  peer("connection_state", [](PeerConnection& each, Trial&) { static_cast<void>(each.connection_state()); });
  peer("ice_connection_state",
       [](PeerConnection& each, Trial&) { static_cast<void>(each.ice_connection_state()); });
  peer("ice_gathering_state",
       [](PeerConnection& each, Trial&) { static_cast<void>(each.ice_gathering_state()); });
  peer("signaling_state", [](PeerConnection& each, Trial&) { static_cast<void>(each.signaling_state()); });
  peer("stats", [](PeerConnection& each, Trial&) { static_cast<void>(each.stats()); });
  peer("report", [](PeerConnection& each, Trial&) { static_cast<void>(each.report()); });
  peer("why", [](PeerConnection& each, Trial&) { EXPECT_FALSE(each.why().empty()); });

  const auto channel = [&](std::string name, auto make) {
    all.push_back(on_channel(std::move(name), make, Call::Effect::reads));
  };
  channel("label", [](DataChannel& each, Trial&) { EXPECT_FALSE(each.label().empty()); });
  channel("protocol", [](DataChannel& each, Trial&) { EXPECT_EQ(each.protocol(), ""); });
  channel("init", [](DataChannel& each, Trial&) { EXPECT_TRUE(each.init().ordered); });
  channel("id", [](DataChannel& each, Trial&) { static_cast<void>(each.id()); });
  channel("state", [](DataChannel& each, Trial&) { static_cast<void>(each.state()); });
  channel("buffered_amount", [](DataChannel& each, Trial&) { static_cast<void>(each.buffered_amount()); });
  channel("stats", [](DataChannel& each, Trial&) { static_cast<void>(each.stats()); });

  const auto video = [&](std::string name, auto make) {
    all.push_back(on_video(std::move(name), make, Call::Effect::reads));
  };
  video("Transceiver::id", [](Transceiver& each, Trial&) { EXPECT_EQ(each.id(), each.id()); });
  video("Transceiver::mid", [](Transceiver& each, Trial&) { static_cast<void>(each.mid()); });
  video("Transceiver::kind", [](Transceiver& each, Trial&) { static_cast<void>(each.kind()); });
  video("Transceiver::direction", [](Transceiver& each, Trial&) { static_cast<void>(each.direction()); });
  video("Transceiver::current_direction",
        [](Transceiver& each, Trial&) { static_cast<void>(each.current_direction()); });
  video("Transceiver::codec", [](Transceiver& each, Trial&) { static_cast<void>(each.codec()); });
  video("Transceiver::sender", [](Transceiver& each, Trial&) { static_cast<void>(each.sender()); });
  video("Transceiver::receiver", [](Transceiver& each, Trial&) { static_cast<void>(each.receiver()); });
}

void add_calls_of_peer(std::vector<Call>& all) {
  const auto add = [&](std::string name, auto make) { all.push_back(on_peer(std::move(name), make)); };
  const auto pass = [&](std::string name, auto make) {
    all.push_back(on_peer(std::move(name), make, Call::Effect::passes));
  };
  add("close", [](PeerConnection& each, Trial&) { each.close(); });
  add("~PeerConnection", [](PeerConnection&, Trial& trial) { trial.self.peer.reset(); });
  add("operator=", [](PeerConnection& each, Trial& trial) {
    each = PeerConnection(trial.self.network, Meeting::config());
  });
  add("add_transceiver",
      [](PeerConnection& each, Trial&) { static_cast<void>(each.add_transceiver(Kind::audio)); });
  add("add_track", [](PeerConnection& each, Trial&) { static_cast<void>(each.add_track(Kind::video)); });
  add("create_data_channel",
      [](PeerConnection& each, Trial&) { static_cast<void>(each.create_data_channel("another")); });
  add("restart_ice", [](PeerConnection& each, Trial&) { each.restart_ice(); });
  pass("create_offer", [](PeerConnection& each, Trial&) { static_cast<void>(each.create_offer()); });
  pass("create_answer", [](PeerConnection& each, Trial&) { static_cast<void>(each.create_answer()); });
  add("set_local_description", [](PeerConnection& each, Trial&) {
    static_cast<void>(each.set_local_description());
    static_cast<void>(each.set_local_description({SdpType::rollback, ""}));
  });
  add("set_remote_description", [](PeerConnection& each, Trial& trial) {
    static_cast<void>(each.set_remote_description({SdpType::offer, "v=0\r\nnonsense"}));
    if (!trial.other.peer) return;
    if (const auto offer = trial.other.peer->create_offer())
      static_cast<void>(each.set_remote_description(*offer));
  });
  pass("add_ice_candidate", [](PeerConnection& each, Trial&) {
    static_cast<void>(each.add_ice_candidate("candidate:1 1 udp 2130706431 192.0.2.77 5000 typ host"));
    static_cast<void>(each.add_ice_candidate("nonsense"));
    static_cast<void>(each.add_ice_candidate(""));
  });
  pass("set_ice_servers", [](PeerConnection& each, Trial&) {
    static_cast<void>(each.set_ice_servers({{.url = "stun:192.0.2.99"}}));
    static_cast<void>(each.set_ice_servers({{.url = "nonsense"}}));
    static_cast<void>(each.set_ice_servers({}));
  });
  pass("next_event",
       [](PeerConnection& each, Trial& trial) { start(trial, [&each] { return each.next_event(); }); });
  pass("gathered_description", [](PeerConnection& each, Trial& trial) {
    start(trial, [&each] { return each.gathered_description(std::chrono::milliseconds(100)); });
  });
}

void add_calls_of_channel(std::vector<Call>& all) {
  const auto add = [&](std::string name, auto make) { all.push_back(on_channel(std::move(name), make)); };
  const auto pass = [&](std::string name, auto make) {
    all.push_back(on_channel(std::move(name), make, Call::Effect::passes));
  };
  pass("try_send", [](DataChannel& each, Trial&) {
    static_cast<void>(each.try_send("from inside"));
    static_cast<void>(each.try_send(Bytes{}));
    static_cast<void>(each.try_send(Message{.data = std::vector<std::byte>(1000)}));
  });
  pass("send", [](DataChannel& each, Trial& trial) {
    start(trial, [each]() mutable { return each.send("from inside"); });
  });
  pass("receive",
       [](DataChannel& each, Trial& trial) { start(trial, [each]() mutable { return each.receive(); }); });
  pass("try_receive", [](DataChannel& each, Trial&) { static_cast<void>(each.try_receive()); });
  pass("set_buffered_amount_low_threshold",
       [](DataChannel& each, Trial&) { static_cast<void>(each.set_buffered_amount_low_threshold(1)); });
  add("close", [](DataChannel& each, Trial&) { each.close(); });
  // Not a method, but what a handle invites to: none is left while its callback runs.
  add("~DataChannel", [](DataChannel&, Trial& trial) {
    trial.self.channel.reset();
    trial.self.lost_channel.reset();
  });
}

void add_calls_of_video(std::vector<Call>& all) {
  const auto add = [&](std::string name, auto make) { all.push_back(on_video(std::move(name), make)); };
  const auto pass = [&](std::string name, auto make) {
    all.push_back(on_video(std::move(name), make, Call::Effect::passes));
  };
  add("Transceiver::set_direction", [](Transceiver& each, Trial&) {
    static_cast<void>(each.set_direction(Direction::inactive));
    static_cast<void>(each.set_direction(Direction::send_recv));
  });
  add("Transceiver::stop", [](Transceiver& each, Trial&) { static_cast<void>(each.stop()); });
  pass("Sender::send_frame", [](Transceiver& each, Trial& trial) {
    static_cast<void>(each.sender().send_frame(testing::key_frame(trial.self.network.now())));
  });
  pass("Sender::send_packet", [](Transceiver& each, Trial&) {
    static_cast<void>(each.sender().send_packet(std::vector<std::byte>(3)));
  });
  pass("Receiver::request_key_frame", [](Transceiver& each, Trial&) { each.receiver().request_key_frame(); });
}

std::vector<Call> calls() {
  std::vector<Call> all;
  add_calls_that_read(all);
  add_calls_of_peer(all);
  add_calls_of_channel(all);
  add_calls_of_video(all);
  // Setting a callback is a call too, in itself above all.
  std::set<std::string> known;
  for (const Callback& each : callbacks()) {
    if (!known.insert(each.name).second) continue;
    all.push_back({each.name,
                   [each](Trial& trial) {
                     using Object = Callback::Object;
                     const Attendant& self = trial.self;
                     const bool there = each.object == Object::peer      ? self.peer.has_value()
                                        : each.object == Object::video   ? self.video.has_value()
                                        : each.object == Object::channel ? self.channel.has_value()
                                                                         : self.lost_channel.has_value();
                     if (there) each.set(trial.self, [] {});
                   },
                   Call::Effect::sets_callback});
  }
  return all;
}

// ---- A trial --------------------------------------------------------------------------------

// Makes `made` when the callback comes for the first time. False: it did not come.
bool try_out(const Callback& callback, const std::vector<Call>& made) {
  Meeting meeting;
  Attendant& self = callback.of_callee ? meeting.callee : meeting.caller;
  Attendant& other = callback.of_callee ? meeting.caller : meeting.callee;
  Trial trial{meeting, self, other};
  if (callback.name.ends_with("on_writable") || callback.name.ends_with("_low")) {
    meeting.fills_buffers = true;
    meeting.length = std::chrono::seconds(2);
  }
  bool fired = false;
  const auto fire = [&] {
    if (std::exchange(fired, true)) return;
    for (const Call& call : made) call.make(trial);
  };
  const auto set = [&] { callback.set(self, fire); };
  using Object = Callback::Object;
  meeting.on_caller_ready = [&] {
    if (callback.object != Object::peer && !callback.of_callee) set();
  };
  meeting.on_accepted = [&](DataChannel& channel) {
    if (!callback.of_callee || callback.object != Object::channel || channel.label() != "chat") return;
    // The handle has to be in its place when the callback asks for it.
    self.channel = channel;
    set();
  };
  meeting.on_tracked = [&] {
    if (callback.of_callee && callback.object == Object::video) set();
  };
  meeting.run([&] {
    if (callback.object == Object::peer) set();
  });
  return fired;
}

class CallbackTable : public ::testing::TestWithParam<Callback> {};

void PrintTo(const Callback& callback, std::ostream* out) { *out << callback.name; }

TEST_P(CallbackTable, MayMakeEveryCall) {
  std::map<Call::Effect, std::vector<Call>> together;
  for (const Call& call : calls()) {
    if (call.effect != Call::Effect::upsets) {
      together[call.effect].push_back(call);
      continue;
    }
    SCOPED_TRACE(call.name);
    EXPECT_TRUE(try_out(GetParam(), {call})) << "the callback never came";
  }
  for (const auto& [effect, made] : together) {
    SCOPED_TRACE(made.front().name + " and its like");
    EXPECT_TRUE(try_out(GetParam(), made)) << "the callback never came";
  }
}

std::string name_of(const ::testing::TestParamInfo<Callback>& info) {
  std::string name = (info.param.of_callee ? "Callees_" : "Callers_") + info.param.name;
  return std::regex_replace(name, std::regex("::"), "_");
}
INSTANTIATE_TEST_SUITE_P(Facade, CallbackTable, ::testing::ValuesIn(callbacks()), name_of);

// ---- The table is whole -------------------------------------------------------------------

// "Class::method" of everything public in a header; constructors and operators left out.
std::set<std::string> methods_of(const std::string& header) {
  std::ifstream file(source_directory() + "/include/petrel/" + header);
  EXPECT_TRUE(file.is_open());
  std::set<std::string> found;
  std::string line, in_class;
  const std::regex begins(R"(^class PETREL_API (\w+) \{)");
  const std::regex method(R"((?:^|[\s&*>])([a-z]\w*)\()");
  for (std::smatch match; std::getline(file, line);) {
    if (std::regex_search(line, match, begins)) in_class = match[1];
    if (line.starts_with(" private:") || line.starts_with("}")) in_class.clear();
    if (in_class.empty() || line.find("///") != std::string::npos || line.find("  // ") == 0 ||
        line.find("friend") != std::string::npos)
      continue;
    if (std::regex_search(line, match, method)) found.insert(in_class + "::" + match[1].str());
  }
  return found;
}

TEST(CallbackTableItself, HasEveryMethodAndEveryCallbackOfTheHeaders) {
  std::set<std::string> in_table, callbacks_in_table;
  for (const Call& call : calls()) in_table.insert(call.name);
  for (const Callback& callback : callbacks()) callbacks_in_table.insert(callback.name);
  std::size_t known = 0;
  for (const char* header : {"peer_connection.hpp", "data_channel.hpp"}) {
    for (const std::string& method : methods_of(header)) {
      ++known;
      EXPECT_TRUE(in_table.contains(method)) << method << " is not in the table";
      if (method.find("::on_") != std::string::npos) {
        EXPECT_TRUE(callbacks_in_table.contains(method)) << method << " is never called";
      }
    }
  }
  EXPECT_GE(known, 70u) << "the headers were not understood";
}

}  // namespace
}  // namespace petrel::inline v0
