#include <gtest/gtest.h>

#include "petrel/base/base64.hpp"
#include "sctp/init_chunk.hpp"
#include "sctp/pipe.hpp"

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mtu = 1163;

// What an SDP said that a libwebrtc of 2026 made: Supported Extensions, no I-DATA difference to ours.
constexpr std::string_view dcsctp_init = "AQAAHGVPFd8AEAAA/////9tAK2qACAAIgsBAwg==";

std::vector<std::byte> dcsctp() {
  const std::string chunk = base64_decode(dcsctp_init).value();
  const Bytes bytes = as_bytes(chunk);
  return {bytes.begin(), bytes.end()};
}

bool connects(Pipe& pipe, std::size_t mtu_bytes = mtu) {
  const auto left = pipe.left.association.announce(pipe.now);
  const auto right = pipe.right.association.announce(pipe.now);
  const bool both = bool(pipe.left.association.connect(pipe.now, right, mtu_bytes)) &&
                    bool(pipe.right.association.connect(pipe.now, left, mtu_bytes));
  pipe.settle();
  return both;
}

TEST(Snap, ConnectsWithoutAPacket) {
  Pipe pipe(1);

  ASSERT_TRUE(connects(pipe));

  EXPECT_EQ(pipe.packets, 0u);
  for (const End* end : {&pipe.left, &pipe.right}) {
    ASSERT_EQ(end->count<Connected>(), 1u);
    const Connected connected = end->all<Connected>().front();
    EXPECT_EQ(connected.outgoing_streams, 300);
    EXPECT_EQ(connected.incoming_streams, 300);
    EXPECT_TRUE(connected.interleaving);
  }
}

TEST(Snap, ThenIsAnAssociationLikeAnyOther) {
  Pipe pipe(1);
  ASSERT_TRUE(connects(pipe));

  const std::vector<std::byte> big(1 << 20, std::byte{7});
  std::size_t sent = 0;
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("hello")}));
  ASSERT_TRUE(pipe.run_until(
      [&] {
        if (sent < big.size()) {
          sent += pipe.right.association.send(pipe.now, {.payload = Bytes(big).subspan(sent)}).value();
          pipe.settle();
        }
        return !pipe.left.messages.empty();
      },
      30s));
  EXPECT_EQ(pipe.left.messages[0].payload, big);
  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].text(), "hello");
  const std::array<std::uint16_t, 1> streams{1};
  ASSERT_TRUE(pipe.left.association.reset(pipe.now, streams));
  EXPECT_TRUE(pipe.run_until([&] { return pipe.left.count<OutgoingReset>() == 1; }, 30s));
  EXPECT_EQ(pipe.right.count<IncomingReset>(), 1u);

  pipe.left.association.shut_down(pipe.now);

  EXPECT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 30s));
  EXPECT_EQ(pipe.left.count<PeerClosed>() + pipe.right.count<PeerClosed>(), 2u);
}

TEST(Snap, HeedsAnMtuThatIsKnownLater) {
  Pipe pipe(1);
  ASSERT_TRUE(connects(pipe, 700));

  const std::vector<std::byte> message(20'000, std::byte{1});
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = message}));
  ASSERT_TRUE(pipe.run_until([&] { return pipe.right.messages.size() == 1; }, 10s));

  EXPECT_LE(pipe.longest_packet, 700u);
  EXPECT_GT(pipe.longest_packet, 600u);
}

TEST(Snap, AnnouncesTheSameEachTimeAndRepeatsNothing) {
  Pipe pipe(1);
  const auto init = pipe.left.association.announce(pipe.now);
  EXPECT_TRUE(is_init_chunk(init));
  EXPECT_LE(base64_encode(init).size(), 160u);

  pipe.run_for(60s);
  EXPECT_EQ(pipe.left.association.announce(pipe.now), init);
  EXPECT_EQ(pipe.packets, 0u);

  // Another's timers, by which usrsctp would have sent it again. The answer may take as long as it likes.
  Pipe other(2);
  ASSERT_TRUE(other.connects());
  ASSERT_TRUE(other.left.association.send(other.now, {.payload = as_bytes("hello")}));
  other.run_for(60s);
  ASSERT_TRUE(connects(pipe));
  EXPECT_EQ(pipe.packets, 0u);
}

TEST(Snap, SurvivesLossRightAtTheBeginning) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pipe pipe(seed, {.jitter = 20ms, .loss = 0.3});
    ASSERT_TRUE(connects(pipe));
    ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("hello")}));
    ASSERT_TRUE(pipe.right.association.send(pipe.now, {.payload = as_bytes("world")}));
    EXPECT_TRUE(pipe.run_until(
        [&] { return pipe.left.messages.size() == 1 && pipe.right.messages.size() == 1; }, 60s))
        << seed;
  }
}

TEST(Snap, ReadsWhatLibwebrtcAnnounces) {
  const auto theirs = dcsctp();
  Pipe pipe(1);
  ASSERT_FALSE(pipe.left.association.announce(pipe.now).empty());

  ASSERT_TRUE(pipe.left.association.connect(pipe.now, theirs, mtu));

  pipe.settle();
  const Connected connected = pipe.left.all<Connected>().front();
  EXPECT_EQ(connected.outgoing_streams, 300);
  EXPECT_EQ(connected.incoming_streams, 1024);
  EXPECT_TRUE(connected.interleaving);
}

TEST(Snap, TakesNeitherItsOwnNorNone) {
  Pipe pipe(1);
  EXPECT_EQ(pipe.left.association.connect(pipe.now, dcsctp(), mtu).error(), Errc::bad_init);
  const auto own = pipe.left.association.announce(pipe.now);
  EXPECT_EQ(pipe.left.association.connect(pipe.now, own, mtu).error(), Errc::bad_init);
  EXPECT_EQ(pipe.left.association.connect(pipe.now, {}, mtu).error(), Errc::bad_init);
  EXPECT_FALSE(pipe.left.association.connected());
}

// Connected or not: one of them, at once, whatever it says; and the adapter for another association lives on.
TEST(Snap, HasAnOutcomeForEveryDamage) {
  testing::SeededRandom random(7);
  const auto theirs = dcsctp();
  std::size_t connected = 0;
  for (int round = 0; round < 2000; ++round) {
    AssociationConfig config;
    Association association(TimePoint{}, config, random);
    ASSERT_FALSE(association.announce(TimePoint{}).empty());
    auto damaged = theirs;
    for (std::uint32_t bytes = random.between(1, 3); bytes > 0; --bytes) {
      damaged[random.between(0, static_cast<std::uint32_t>(damaged.size() - 1))] =
          static_cast<std::byte>(random.between(0, 255));
    }
    if (random.between(0, 3) == 0)
      damaged.resize(random.between(0, static_cast<std::uint32_t>(damaged.size())));
    const bool worked = bool(association.connect(TimePoint{}, damaged, mtu));
    EXPECT_EQ(worked, association.connected());
    connected += worked;
  }
  EXPECT_GT(connected, 100u);
  EXPECT_LT(connected, 1900u);
}

}  // namespace
}  // namespace petrel::inline v0::sctp
