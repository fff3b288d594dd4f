#include "peer/transport.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "petrel/peer/peer_errc.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds today{std::chrono::seconds(1'700'000'000)};

struct CountingTap final : PacketTap {
  int incoming = 0;
  int outgoing = 0;
  void on_packet(TimePoint, Direction direction, Bytes) noexcept override {
    ++(direction == Direction::incoming ? incoming : outgoing);
  }
};

struct Side {
  explicit Side(std::uint64_t seed, PacketTap* tap = nullptr, bool srtp = true) : random(seed) {
    config.certificate = dtls::Certificate::generate(today).value();
    config.packet_tap = tap;
    if (!srtp) config.srtp_profiles.clear();
    transport = std::make_unique<Transport>(TimePoint{}, config, rtp::SessionConfig{}, random);
  }
  std::vector<dtls::Fingerprint> fingerprints() const { return {config.certificate->fingerprint()}; }

  testing::SeededRandom random;
  PeerConfig config;
  std::unique_ptr<Transport> transport;
};

rtp::MediaConfig opus_media(bool sending) {
  rtp::MediaConfig media;
  media.kind = rtp::MediaKind::audio;
  media.mid = "a";
  media.sending = sending;
  media.receiving = !sending;
  rtp::PayloadConfig payload;
  payload.payload_type = rtp::PayloadType{111};
  payload.format = rtp::PayloadFormat::opus;
  payload.clock_rate = 48000;
  media.payloads = {payload};
  return media;
}

// Moves packets both ways until none is left, in no time.
void exchange(Side& a, Side& b) {
  for (bool moved = true; std::exchange(moved, false);) {
    while (auto packet = a.transport->poll_packet(TimePoint{})) {
      b.transport->handle_packet(TimePoint{}, packet->payload.bytes());
      b.transport->hand_over(TimePoint{});
      moved = true;
    }
    while (auto packet = b.transport->poll_packet(TimePoint{})) {
      a.transport->handle_packet(TimePoint{}, packet->payload.bytes());
      a.transport->hand_over(TimePoint{});
      moved = true;
    }
  }
}

bool said_connected(Side& side) {
  const auto event = side.transport->poll_event();
  return event && std::holds_alternative<Transport::Connected>(*event);
}

TEST(Transport, CarriesMediaOnceDtlsIsThrough) {
  CountingTap tap;
  Side alice(1, &tap);
  Side bob(2);
  alice.transport->start(TimePoint{}, dtls::Role::client, bob.fingerprints(), true);
  bob.transport->start(TimePoint{}, dtls::Role::server, alice.fingerprints(), true);
  exchange(alice, bob);
  ASSERT_TRUE(said_connected(alice));
  ASSERT_TRUE(said_connected(bob));

  const auto media = alice.transport->rtp().add_media(TimePoint{}, opus_media(true)).value();
  (void)bob.transport->rtp().add_media(TimePoint{}, opus_media(false)).value();
  const std::array<std::byte, 4> sound{std::byte{0xf8}, std::byte{1}, std::byte{2}, std::byte{3}};
  const auto frame = EncodedFrame::make(Bytes(sound), {.key_frame = true});
  ASSERT_TRUE(alice.transport->rtp().send_frame(TimePoint{}, media, frame));
  exchange(alice, bob);

  bool received = false;
  while (auto event = bob.transport->rtp().poll_event()) {
    if (const auto* arrived = std::get_if<rtp::FrameReceived>(&*event)) {
      received = equal(arrived->frame->bytes(), sound);
    }
  }
  EXPECT_TRUE(received);
  EXPECT_TRUE(alice.transport->first_sent());
  EXPECT_TRUE(bob.transport->first_received());
  EXPECT_GE(tap.outgoing, 1);
}

// The answerer's ClientHello overtakes its answer.
TEST(Transport, KeepsDtlsThatComesBeforeTheRoleIsKnown) {
  Side alice(1);
  Side bob(2);
  bob.transport->start(TimePoint{}, dtls::Role::client, alice.fingerprints(), true);
  exchange(alice, bob);
  alice.transport->start(TimePoint{}, dtls::Role::server, bob.fingerprints(), true);
  exchange(alice, bob);
  EXPECT_TRUE(said_connected(alice));
  EXPECT_TRUE(said_connected(bob));
}

TEST(Transport, EndsWithTheErrorOfDtls) {
  Side alice(1);
  Side bob(2);
  Side mallory(3);
  alice.transport->start(TimePoint{}, dtls::Role::client, mallory.fingerprints(), true);
  bob.transport->start(TimePoint{}, dtls::Role::server, alice.fingerprints(), true);
  exchange(alice, bob);

  const auto event = alice.transport->poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Transport::Ended>(*event).error, dtls::Errc::fingerprint_mismatch);
  EXPECT_FALSE(alice.transport->connected());
}

TEST(Transport, EndsWhenThePeerCloses) {
  Side alice(1);
  Side bob(2);
  alice.transport->start(TimePoint{}, dtls::Role::client, bob.fingerprints(), true);
  bob.transport->start(TimePoint{}, dtls::Role::server, alice.fingerprints(), true);
  exchange(alice, bob);
  ASSERT_TRUE(said_connected(bob));

  alice.transport->close(TimePoint{});
  exchange(alice, bob);

  const auto event = bob.transport->poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Transport::Ended>(*event).error, PeerErrc::peer_closed);
}

TEST(Transport, CountsWhatItCannotUse) {
  Side alice(1);
  const std::vector<std::byte> media(100, std::byte{0x80});
  for (int i = 0; i < 100; ++i) alice.transport->handle_packet(TimePoint{}, media);
  EXPECT_EQ(alice.transport->dropped().early_packets, 36u);  // 64 are kept.

  const std::vector<std::byte> channel(10, std::byte{0x40});
  alice.transport->handle_packet(TimePoint{}, channel);
  EXPECT_EQ(alice.transport->dropped().unknown_kind, 1u);

  const std::vector<std::byte> huge(2000, std::byte{0x16});
  alice.transport->handle_packet(TimePoint{}, huge);
  EXPECT_EQ(alice.transport->dropped().early_packets, 37u);
}

// A peer that has no SRTP at all, and needs none.
struct DataOnly {
  Side alice{1, nullptr, false};
  Side bob{2};
  ChannelId channel;

  DataOnly() {
    alice.transport->start(TimePoint{}, dtls::Role::client, bob.fingerprints(), false);
    bob.transport->start(TimePoint{}, dtls::Role::server, alice.fingerprints(), false);
    exchange(alice, bob);
    EXPECT_TRUE(said_connected(alice));
    EXPECT_TRUE(said_connected(bob));
    for (Side* each : {&alice, &bob}) each->transport->channels().negotiate(TimePoint{}, {5000, 65536});
    channel = alice.transport->channels().create(TimePoint{}, "chat", {}).value();
    exchange(alice, bob);
  }
  std::optional<ChannelId> announced() {
    while (const auto event = bob.transport->channels().poll_event()) {
      if (const auto* found = std::get_if<ChannelAnnounced>(&*event)) return found->channel;
    }
    return std::nullopt;
  }
};

TEST(Transport, CarriesDataChannelsWithoutKeysForMedia) {
  DataOnly call;
  EXPECT_TRUE(call.alice.transport->connected());
  EXPECT_FALSE(call.alice.transport->carries_media());

  const std::vector<std::byte> message(30'000, std::byte{7});
  ASSERT_TRUE(call.alice.transport->channels().try_send(TimePoint{}, call.channel, message, false).value());
  exchange(call.alice, call.bob);

  const auto received = call.bob.transport->channels().receive(TimePoint{}, call.announced().value());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->data, message);
  EXPECT_EQ(call.alice.transport->dropped().data_unsendable, 0u);
}

TEST(Transport, EndsWhereMediaIsAgreedOnAndThePeerHasNoKeysForIt) {
  Side alice(1, nullptr, false);
  Side bob(2);
  alice.transport->start(TimePoint{}, dtls::Role::client, bob.fingerprints(), false);
  bob.transport->start(TimePoint{}, dtls::Role::server, alice.fingerprints(), true);
  exchange(alice, bob);

  const auto event = bob.transport->poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Transport::Ended>(*event).error, dtls::Errc::no_srtp_profile);
}

TEST(Transport, LeavesDataWithTheChannelsWhileThereIsNoRoom) {
  DataOnly call;
  ASSERT_TRUE(call.alice.transport->channels().try_send(TimePoint{}, call.channel, as_bytes("later"), true));

  EXPECT_FALSE(call.alice.transport->poll_packet(TimePoint{}, false));
  EXPECT_TRUE(call.alice.transport->poll_packet(TimePoint{}, true));
}

TEST(Transport, ClosesItsChannelsBeforeItSaysGoodbye) {
  DataOnly call;
  const ChannelId theirs = call.announced().value();
  call.alice.transport->close(TimePoint{});
  bool closed = false;
  while (const auto event = call.alice.transport->channels().poll_event()) {
    closed = closed || std::holds_alternative<ChannelClosed>(*event);
  }
  EXPECT_TRUE(closed);
  exchange(call.alice, call.bob);

  EXPECT_EQ(std::get<Transport::Ended>(*call.bob.transport->poll_event()).error, PeerErrc::peer_closed);
  std::error_code why;
  while (const auto event = call.bob.transport->channels().poll_event()) {
    const auto* ended = std::get_if<ChannelClosed>(&*event);
    if (ended != nullptr && ended->channel == theirs) why = ended->error;
  }
  EXPECT_EQ(why, datachannel::Errc::transport_closed);
}

}  // namespace
}  // namespace petrel::inline v0::detail
