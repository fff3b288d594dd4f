#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>

#include "petrel/datachannel/errc.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "petrel/sctp/errc.hpp"
#include "simulation/call.hpp"
#include "simulation/film.hpp"
#include "simulation/seeds.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::CallConfig;
using testing::Film;

using Bytevector = std::vector<std::byte>;

// Every byte depends on its place, the length and the number of the message.
Bytevector numbered(std::size_t number, std::size_t size) {
  Bytevector bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + (i >> 8) + size + number);
  return bytes;
}

// An application on one side: it sends what it was told to as there is room, keeps what arrives,
// and sends that back where it is an echo.
class Application {
 public:
  Application(Call& call, Call::Side& side) : call_(call), side_(side) {
    side.on_channel_event = [this](const PeerEvent& event) { on_event(event); };
  }
  ~Application() { side_.on_channel_event = nullptr; }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  struct Channel {
    std::deque<Message> to_send;
    std::vector<Message> received;
    bool open = false;
    bool closed = false;
    std::error_code error;
  };

  ChannelId create(DataChannelInit init = {}) {
    const ChannelId id = side_.peer->create_data_channel(call_.network.now(), "chat", init).value();
    channels[id];
    return id;
  }
  void send(ChannelId id, Message message) {
    channels[id].to_send.push_back(std::move(message));
    pump(id);
  }

  bool echoes = false;
  bool reads = true;
  std::map<ChannelId, Channel> channels;

  void read_all(ChannelId id) {
    Channel& channel = channels[id];
    while (auto message = side_.peer->receive(call_.network.now(), id)) {
      if (echoes) channel.to_send.push_back(*message);
      channel.received.push_back(*std::move(message));
    }
    pump(id);
  }

 private:
  void on_event(const PeerEvent& event) {
    if (const auto* announced = std::get_if<ChannelAnnounced>(&event)) {
      channels[announced->channel];
    } else if (const auto* opened = std::get_if<ChannelOpened>(&event)) {
      channels[opened->channel].open = true;
      pump(opened->channel);
    } else if (const auto* writable = std::get_if<ChannelWritable>(&event)) {
      pump(writable->channel);
    } else if (const auto* readable = std::get_if<ChannelReadable>(&event)) {
      if (reads) read_all(readable->channel);
    } else if (const auto* closed = std::get_if<ChannelClosed>(&event)) {
      channels[closed->channel].closed = true;
      channels[closed->channel].error = closed->error;
    }
  }

  void pump(ChannelId id) {
    Channel& channel = channels[id];
    while (channel.open && !channel.closed && !channel.to_send.empty()) {
      const Message& next = channel.to_send.front();
      const auto sent = side_.peer->try_send(call_.network.now(), id, next.bytes(), next.is_text);
      if (!sent || !*sent) return;
      channel.to_send.pop_front();
    }
  }

  Call& call_;
  Call::Side& side_;
};

struct DataCall {
  explicit DataCall(std::uint64_t seed, CallConfig config = {}) : call(seed, data_only(std::move(config))) {}

  static CallConfig data_only(CallConfig config) {
    config.video = false;
    return config;
  }
  bool until(const std::function<bool()>& done, Duration limit = 60s) {
    return call.network.run_until(done, limit);
  }
  // Alice's channel, open on both sides.
  ChannelId open(DataChannelInit init = {}) {
    const ChannelId id = alice.create(init);
    call.start();
    EXPECT_TRUE(until([&] { return alice.channels[id].open && !bob.channels.empty(); }));
    return id;
  }
  ChannelId bobs() const { return bob.channels.begin()->first; }

  Call call;
  Application alice{call, call.alice};
  Application bob{call, call.bob};
};

bool same(const std::vector<Message>& a, const std::vector<Message>& b) {
  return std::ranges::equal(
      a, b, [](const Message& x, const Message& y) { return x.is_text == y.is_text && x.data == y.data; });
}

TEST(Channels, OpenWithoutAnyMediaAndEchoEverySize) {
  DataCall run(1);
  run.bob.echoes = true;
  const ChannelId id = run.open();
  std::vector<Message> sent;
  for (const std::size_t size : {0U, 1U, 2U, 1000U, 1150U, 1163U, 1164U, 5000U, 65536U, 200'000U, 262'144U}) {
    for (const bool text : {false, true}) sent.push_back({text, numbered(sent.size(), size)});
  }
  for (const Message& message : sent) run.alice.send(id, message);

  ASSERT_TRUE(run.until([&] { return run.alice.channels[id].received.size() == sent.size(); }));

  EXPECT_TRUE(same(run.alice.channels[id].received, sent));
  EXPECT_TRUE(run.call.alice.connected());
  EXPECT_TRUE(run.call.alice.peer->report(run.call.network.now()).stages.data_channels_connected);
  const PeerStats stats = run.call.alice.peer->stats();
  EXPECT_EQ(stats.dropped.data_unsendable, 0U);
  ASSERT_TRUE(stats.sctp);
  EXPECT_GT(stats.sctp->bytes_sent, 1'000'000U);
  EXPECT_GT(stats.sctp->bytes_received, 1'000'000U);
  EXPECT_EQ(stats.sctp->packets_bad_checksum, 0U);
  // With SNAP there is no handshake, so that none but a last SHUTDOWN COMPLETE has a checksum (RFC 9653).
  EXPECT_EQ(stats.sctp->packets_sent_zero_checksum, stats.sctp->packets_sent);
}

TEST(Channels, KeepTheirChecksumsWhereASideWantsThem) {
  for (const bool snap : {true, false}) {
    DataCall run(1, {.alice = {.sctp_snap = snap}, .bob = {.sctp_snap = snap, .sctp_zero_checksum = false}});
    run.bob.echoes = true;
    const ChannelId id = run.open();
    run.alice.send(id, {true, numbered(1, 10'000)});
    ASSERT_TRUE(run.until([&] { return run.alice.channels[id].received.size() == 1; }));
    for (const Call::Side* side : {&run.call.alice, &run.call.bob}) {
      const PeerStats stats = side->peer->stats();
      EXPECT_EQ(stats.sctp->packets_sent_zero_checksum, 0U);
      EXPECT_EQ(stats.sctp->packets_received_zero_checksum, 0U);
      EXPECT_EQ(stats.sctp->packets_bad_checksum, 0U);
    }
  }
}

// With SNAP the association is up as soon as DTLS is: two round trips earlier than with a handshake.
TEST(Channels, OpenTwoRoundTripsEarlierWithSnap) {
  static constexpr Duration one_way = 50ms;
  const auto open_after = [](PeerConfig alice, PeerConfig bob, auto tamper) {
    CallConfig config{.link = {.latency = one_way}, .alice = std::move(alice), .bob = std::move(bob)};
    config.tamper_with_answer = tamper;
    DataCall run(1, std::move(config));
    const ChannelId id = run.open();
    const TimePoint opened = run.call.network.now();
    run.alice.send(id, {true, numbered(1, 10'000)});
    EXPECT_TRUE(run.until([&] { return run.bob.channels[run.bobs()].received.size() == 1; }));
    return opened;
  };
  const auto nothing = [](SessionDescription&) {};
  const TimePoint with = open_after({}, {}, nothing);
  const TimePoint refused = open_after({}, {.sctp_snap = false}, nothing);
  EXPECT_EQ(open_after({.sctp_snap = false}, {}, nothing), refused);
  EXPECT_EQ(open_after({.sctp_snap = false}, {.sctp_snap = false}, nothing), refused);
  EXPECT_GE(refused - with, 2 * one_way);
  EXPECT_LE(refused - with, 4 * one_way + 10ms);
}

// Signalling that takes the line away from an answer: Bob believes in SNAP, and Alice does not. Her INIT
// reaches an association that is up, and can be nothing but a restart, which WebRTC has not.
TEST(Channels, EndWithAnErrorWhereOneSideAloneBelievesInSnap) {
  CallConfig config;
  config.tamper_with_answer = [](SessionDescription& answer) {
    const std::size_t line = answer.sdp.find("a=sctp-init:");
    ASSERT_NE(line, std::string::npos);
    answer.sdp.erase(line, answer.sdp.find('\n', line) + 1 - line);
  };
  DataCall run(1, std::move(config));
  const ChannelId id = run.alice.create();
  run.bob.create();
  run.call.start();

  EXPECT_TRUE(
      run.until([&] { return run.alice.channels[id].closed && run.bob.channels[run.bobs()].closed; }));
  EXPECT_EQ(run.alice.channels[id].error, sctp::Errc::aborted);
  EXPECT_EQ(run.bob.channels[run.bobs()].error, sctp::Errc::aborted);
}

TEST(Channels, OfBothSidesAndAgreedOnBeforehandOpen) {
  DataCall run(1);
  const DataChannelInit agreed{.negotiated = true, .id = 7};
  const ChannelId alices = run.alice.create(agreed);
  const ChannelId bobs = run.bob.create(agreed);
  const ChannelId own = run.bob.create();
  run.call.start();
  ASSERT_TRUE(run.until([&] {
    return run.alice.channels[alices].open && run.bob.channels[bobs].open && run.bob.channels[own].open &&
           run.alice.channels.size() == 2;
  }));

  run.alice.send(alices, {true, numbered(1, 10)});
  EXPECT_TRUE(run.until([&] { return run.bob.channels[bobs].received.size() == 1; }));
  EXPECT_EQ(run.call.alice.peer->channel(alices)->init.id, 7);
}

// The limit that the other side announced, not ours.
TEST(Channels, RefuseAMessageThatThePeerDoesNotTake) {
  DataCall run(1, {.bob = {.max_message_size = 1000}});
  const ChannelId id = run.open();

  const auto refused = run.call.alice.peer->try_send(run.call.network.now(), id, numbered(1, 1001), false);
  EXPECT_EQ(refused.error(), datachannel::Errc::message_too_long);
  EXPECT_NE(run.call.alice.peer->error_detail().find("1000"), std::string::npos)
      << run.call.alice.peer->error_detail();
  run.alice.send(id, {false, numbered(1, 1000)});
  EXPECT_TRUE(run.until([&] { return run.bob.channels[run.bobs()].received.size() == 1; }));
}

TEST(Channels, DeliverAllInOrderOverALineThatLosesAndReorders) {
  for (std::uint64_t seed = 0; seed < testing::seeds(20); ++seed) {
    DataCall run(
        seed, {.link = {.jitter = 10ms, .loss_percent = 10, .duplicate_percent = 5, .reorder_percent = 10}});
    run.bob.echoes = true;
    const ChannelId id = run.open();
    std::vector<Message> sent;
    for (std::size_t i = 0; i < 100; ++i) sent.push_back({i % 2 == 0, numbered(i, i * 997 % 20'000)});
    for (const Message& message : sent) run.alice.send(id, message);

    EXPECT_TRUE(run.until([&] { return run.alice.channels[id].received.size() == sent.size(); }, 300s))
        << "seed " << seed;
    EXPECT_TRUE(same(run.alice.channels[id].received, sent)) << "seed " << seed;
  }
}

TEST(Channels, ThatDoNotRetransmitLoseWhatTheLineLosesAndNothingElse) {
  DataCall run(3, {.link = {.loss_percent = 20}});
  const ChannelId id = run.open({.ordered = false, .max_retransmits = 0});
  constexpr std::size_t messages = 200;
  for (std::size_t i = 0; i < messages; ++i) {
    run.alice.send(id, {false, numbered(i, 100)});
    run.call.network.run_for(5ms);
  }
  run.call.network.run_for(10s);

  const auto& received = run.bob.channels[run.bobs()].received;
  EXPECT_LT(received.size(), messages);
  EXPECT_GT(received.size(), messages / 2);
  for (const Message& message : received) {
    bool known = false;
    for (std::size_t i = 0; i < messages && !known; ++i) known = message.data == numbered(i, 100);
    EXPECT_TRUE(known);
  }
}

// Nobody reads: the sender is told to wait, and nothing grows without end; then everything arrives.
TEST(Channels, WaitForAnApplicationThatDoesNotRead) {
  DataCall run(1);
  run.bob.reads = false;
  const ChannelId id = run.open();
  constexpr std::size_t size = 50'000;
  constexpr std::size_t messages = 200;  // 10 MB, where 4 MiB and the buffers on the way are all there is.
  for (std::size_t i = 0; i < messages; ++i) run.alice.send(id, {false, numbered(i, size)});
  run.call.network.run_for(60s);

  const std::size_t waiting = run.alice.channels[id].to_send.size();
  EXPECT_GT(waiting, 20U) << "of " << messages << " messages that were to be sent";
  EXPECT_TRUE(run.call.bob.connected());

  run.bob.reads = true;
  run.bob.read_all(run.bobs());
  ASSERT_TRUE(run.until([&] { return run.bob.channels[run.bobs()].received.size() == messages; }, 120s));
  for (std::size_t i = 0; i < messages; ++i)
    EXPECT_EQ(run.bob.channels[run.bobs()].received[i].data, numbered(i, size));
}

TEST(Channels, CloseFromEitherSideOverALineThatLoses) {
  for (std::uint64_t seed = 0; seed < testing::seeds(20); ++seed) {
    DataCall run(seed, {.link = {.loss_percent = 20}});
    const ChannelId id = run.open();
    const bool alice_closes = seed % 2 == 0;
    for (std::size_t i = 0; i < 20; ++i) run.alice.send(id, {true, numbered(i, 1000)});
    if (!alice_closes) run.until([&] { return run.bob.channels[run.bobs()].received.size() == 20; }, 300s);
    if (alice_closes) {
      run.call.alice.peer->close_channel(run.call.network.now(), id);
    } else {
      run.call.bob.peer->close_channel(run.call.network.now(), run.bobs());
    }

    EXPECT_TRUE(
        run.until([&] { return run.alice.channels[id].closed && run.bob.channels[run.bobs()].closed; }, 300s))
        << "seed " << seed;
    EXPECT_FALSE(run.alice.channels[id].error) << run.alice.channels[id].error.message();
    EXPECT_FALSE(run.bob.channels[run.bobs()].error) << run.bob.channels[run.bobs()].error.message();
    EXPECT_EQ(run.bob.channels[run.bobs()].received.size(), 20U) << "what was sent before comes first";
    EXPECT_TRUE(run.call.alice.connected() && run.call.bob.connected());
  }
}

TEST(Channels, EndWithTheConnectionAndWhatCameCanStillBeRead) {
  DataCall run(1);
  run.bob.reads = false;
  const ChannelId id = run.open();
  run.alice.send(id, {true, numbered(1, 100)});
  run.call.network.run_for(1s);

  run.call.alice.peer->close(run.call.network.now());
  run.call.network.run_for(1s);

  EXPECT_EQ(run.call.bob.state(), ConnectionState::closed);
  EXPECT_EQ(run.call.bob.states.back().reason, PeerErrc::peer_closed);
  EXPECT_TRUE(run.bob.channels[run.bobs()].closed);
  const auto message = run.call.bob.peer->receive(run.call.network.now(), run.bobs());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->data, numbered(1, 100));
}

// The camera goes on while a file is sent as fast as it goes.
TEST(Channels, ShareTheTransportWithMedia) {
  CallConfig config;
  config.link = {.latency = 10ms};
  Call call(1, config);
  Application alice(call, call.alice);
  Application bob(call, call.bob);
  Film film(call);
  const ChannelId id = alice.create();
  call.start();
  ASSERT_TRUE(call.connects_within(5s));
  ASSERT_TRUE(call.network.run_until([&] { return alice.channels[id].open; }, 5s));
  constexpr std::size_t messages = 100;
  for (std::size_t i = 0; i < messages; ++i) alice.send(id, {false, numbered(i, 50'000)});
  film.start(60);
  call.network.run_for(30s);

  ASSERT_EQ(bob.channels.size(), 1U);
  EXPECT_EQ(bob.channels.begin()->second.received.size(), messages);
  EXPECT_EQ(call.bob.frames.size(), 60U);
}

// Channels came first, and use_srtp with them, so that there are keys when media joins.
TEST(Channels, LetMediaJoinLater) {
  DataCall run(1);
  run.open();
  Call& call = run.call;
  call.video =
      call.alice.peer->add_transceiver(call.network.now(), Kind::video, {.direction = Direction::send_only})
          .value();
  call.alice.peer->set_local_description(call.network.now()).value();
  call.bob.peer->set_remote_description(call.network.now(), *call.alice.peer->local_description()).value();
  call.bob.peer->set_local_description(call.network.now()).value();
  call.alice.peer->set_remote_description(call.network.now(), *call.bob.peer->local_description()).value();
  Film film(call);
  film.start(30);
  call.network.run_for(5s);
  EXPECT_GT(call.bob.frames.size(), 25U);
}

TEST(Channels, JoinACallLater) {
  Call call(1);
  Application alice(call, call.alice);
  Application bob(call, call.bob);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));
  const ChannelId id = bob.create();
  call.bob.peer->set_local_description(call.network.now()).value();
  call.alice.peer->set_remote_description(call.network.now(), *call.bob.peer->local_description()).value();
  call.alice.peer->set_local_description(call.network.now()).value();
  call.network.run_for(100ms);  // The association of the one side begins before the other has the answer.
  call.bob.peer->set_remote_description(call.network.now(), *call.alice.peer->local_description()).value();
  EXPECT_TRUE(
      call.network.run_until([&] { return bob.channels[id].open && alice.channels.size() == 1; }, 10s));
}

}  // namespace
}  // namespace petrel::inline v0
