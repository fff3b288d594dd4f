#include "petrel/srtp/session.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include "petrel/base/errc.hpp"
#include "srtp/reference.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::srtp {
namespace {

using testing::hex;
using testing::to_vector;

constexpr Profile profiles[] = {Profile::aes128_cm_sha1_80, Profile::aead_aes_128_gcm,
                                Profile::aead_aes_256_gcm};

// Keys that begin with `first` and count up.
Keys keys_of(Profile profile, std::uint8_t first) {
  std::vector<std::byte> key(key_size(profile)), salt(salt_size(profile));
  for (auto* bytes : {&key, &salt}) {
    for (std::byte& b : *bytes) b = static_cast<std::byte>(first++);
  }
  return {crypto::Secret(key), crypto::Secret(salt)};
}

struct Pair {
  Session a;
  Session b;
};
Pair pair_of(Profile profile) {
  const Keys of_a = keys_of(profile, 1), of_b = keys_of(profile, 101);
  return {Session::create(profile, of_a, of_b).value(), Session::create(profile, of_b, of_a).value()};
}

PacketBuffer buffer(Bytes bytes) { return *PacketBuffer::copy_of(bytes); }

PacketBuffer rtp(std::uint16_t sequence, std::uint32_t ssrc = 0xcafebabe, std::size_t payload = 20) {
  std::vector<std::byte> packet(12 + payload, std::byte{0x55});
  ByteWriter writer(packet);
  writer.u16(0x8060);
  writer.u16(sequence);
  writer.u32(0x12345678);
  writer.u32(ssrc);
  return buffer(packet);
}

const auto receiver_report = hex("80c90001 cafebabe");

// --- Against the RFCs -------------------------------------------------------

TEST(Session, SealsWithGcmAsTheRfcSays) {
  for (const Profile profile : {Profile::aead_aes_128_gcm, Profile::aead_aes_256_gcm}) {
    Pair pair = pair_of(profile);
    const Keys master = keys_of(profile, 1);
    const auto derive = [&](std::uint8_t label, std::size_t size) {
      return reference::derive(master.key.bytes(), master.salt.bytes(), label, size);
    };
    PacketBuffer packet = rtp(7);
    const auto expected =
        reference::protect_rtp_gcm(derive(0, key_size(profile)), derive(2, 12), packet.bytes(), 0);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    EXPECT_EQ(to_vector(packet.bytes()), expected);

    PacketBuffer control = buffer(hex("81c9000100000001 0102030405060708"));
    const auto expected_control =
        reference::protect_rtcp_gcm(derive(3, key_size(profile)), derive(5, 12), control.bytes(), 1);
    ASSERT_TRUE(pair.a.protect_rtcp(control));
    EXPECT_EQ(to_vector(control.bytes()), expected_control);
  }
}

// With the keys of RFC 3711 B.3, whose session keys are in the RFC.
TEST(Session, EncryptsAndAuthenticatesWithCounterModeAsTheRfcSays) {
  const Keys master{crypto::Secret(hex("E1F97A0D3E018BE0D64FA32C06DE4139")),
                    crypto::Secret(hex("0EC675AD498AFEEBB6960B3AABE6"))};
  auto session = Session::create(Profile::aes128_cm_sha1_80, master, master);
  ASSERT_TRUE(session);
  PacketBuffer packet = rtp(0x1234);
  const auto expected =
      reference::protect_rtp_cm(hex("C61E7A93744F39EE10734AFE3FF7A087"), hex("30CBBC08863D8C85D49DB34A9AE1"),
                                hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"), packet.bytes(), 0);
  ASSERT_TRUE(session->protect_rtp(packet));
  EXPECT_EQ(to_vector(packet.bytes()), expected);
}

// --- Round trips ------------------------------------------------------------

TEST(Session, BringsBackWhatWasProtected) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    for (const std::size_t payload : {0u, 1u, 160u, 1188u}) {
      PacketBuffer packet = rtp(static_cast<std::uint16_t>(payload), 1, payload);
      const auto plain = to_vector(packet.bytes());
      ASSERT_TRUE(pair.a.protect_rtp(packet));
      EXPECT_EQ(packet.size(), plain.size() + rtp_overhead(profile));
      ASSERT_TRUE(pair.b.unprotect_rtp(packet));
      EXPECT_EQ(to_vector(packet.bytes()), plain);
    }
    PacketBuffer control = buffer(receiver_report);
    ASSERT_TRUE(pair.b.protect_rtcp(control));
    EXPECT_EQ(control.size(), receiver_report.size() + rtcp_overhead(profile));
    ASSERT_TRUE(pair.a.unprotect_rtcp(control));
    EXPECT_EQ(to_vector(control.bytes()), receiver_report);
  }
}

TEST(Session, LeavesContributingSourcesAndExtensionsReadable) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    const auto plain = hex("9260 0001 00000000 00000001 0000000a 0000000b bede0001 10ff0000 aabbcc");
    PacketBuffer packet = buffer(plain);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    EXPECT_TRUE(equal(packet.bytes().first(28), Bytes(plain).first(28)));
    ASSERT_TRUE(pair.b.unprotect_rtp(packet));
    EXPECT_EQ(to_vector(packet.bytes()), plain);
  }
}

TEST(Session, KeepsTheRolloverCounterOfEachSource) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    for (std::uint32_t i = 0; i < 65536 + 3000; i += 50) {
      for (const std::uint32_t ssrc : {1u, 2u}) {
        if (ssrc == 2 && i < 60000) continue;  // Starts late, and wraps with a counter of its own.
        PacketBuffer packet = rtp(static_cast<std::uint16_t>(i), ssrc);
        ASSERT_TRUE(pair.a.protect_rtp(packet)) << i;
        ASSERT_TRUE(pair.b.unprotect_rtp(packet)) << i;
      }
    }
    // A packet from before the wrap that comes after it belongs to the old counter.
    PacketBuffer late = rtp(65535, 1), newest = rtp(3100, 1), before = rtp(3050, 1);
    ASSERT_TRUE(pair.a.protect_rtp(newest));
    ASSERT_TRUE(pair.b.unprotect_rtp(newest));
    EXPECT_EQ(pair.a.protect_rtp(late).error(), Errc::too_old);
    ASSERT_TRUE(pair.a.protect_rtp(before));
    EXPECT_TRUE(pair.b.unprotect_rtp(before));
  }
}

TEST(Session, AcceptsPacketsThatCrossTheWrapOutOfOrder) {
  Pair pair = pair_of(Profile::aead_aes_128_gcm);
  std::vector<PacketBuffer> packets;
  for (int i = -300; i < 300; ++i) {
    packets.push_back(rtp(static_cast<std::uint16_t>(i)));
    ASSERT_TRUE(pair.a.protect_rtp(packets.back()));
  }
  ASSERT_TRUE(pair.b.unprotect_rtp(packets.front()));
  for (auto it = packets.rbegin(); it != packets.rend() - 1; ++it) ASSERT_TRUE(pair.b.unprotect_rtp(*it));
}

// --- What must not happen twice ---------------------------------------------

TEST(Session, ProtectsAnIndexOnce) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer first = rtp(7), again = rtp(7, 0xcafebabe, 21), other_source = rtp(7, 1);
    ASSERT_TRUE(pair.a.protect_rtp(first));
    EXPECT_EQ(pair.a.protect_rtp(again).error(), Errc::already_protected);
    EXPECT_TRUE(pair.a.protect_rtp(other_source));
  }
}

TEST(Session, RefusesReplays) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer packet = rtp(7);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    PacketBuffer copy = buffer(packet.bytes());
    ASSERT_TRUE(pair.b.unprotect_rtp(packet));
    EXPECT_EQ(pair.b.unprotect_rtp(copy).error(), Errc::replayed);

    PacketBuffer control = buffer(receiver_report);
    ASSERT_TRUE(pair.a.protect_rtcp(control));
    PacketBuffer control_copy = buffer(control.bytes());
    ASSERT_TRUE(pair.b.unprotect_rtcp(control));
    EXPECT_EQ(pair.b.unprotect_rtcp(control_copy).error(), Errc::replayed);
  }
}

TEST(Session, AcceptsWhatIsInTheReplayWindowAndNothingBehindIt) {
  Pair pair = pair_of(Profile::aead_aes_128_gcm);
  PacketBuffer behind = rtp(99), oldest = rtp(101), newest = rtp(100 + Session::replay_window);
  for (PacketBuffer* packet : {&behind, &oldest, &newest}) ASSERT_TRUE(pair.a.protect_rtp(*packet));
  ASSERT_TRUE(pair.b.unprotect_rtp(newest));
  EXPECT_TRUE(pair.b.unprotect_rtp(oldest));
  EXPECT_EQ(pair.b.unprotect_rtp(behind).error(), Errc::too_old);
}

// --- Bad input --------------------------------------------------------------

TEST(Session, RefusesAPacketWithAnyByteChanged) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer packet = rtp(7);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    PacketBuffer control = buffer(receiver_report);
    ASSERT_TRUE(pair.a.protect_rtcp(control));
    for (std::size_t at = 0; at < packet.size(); ++at) {
      PacketBuffer damaged = buffer(packet.bytes());
      damaged.data()[at] ^= std::byte{0x01};
      EXPECT_FALSE(pair.b.unprotect_rtp(damaged)) << at;
    }
    for (std::size_t at = 0; at < control.size(); ++at) {
      PacketBuffer damaged = buffer(control.bytes());
      damaged.data()[at] ^= std::byte{0x80};
      EXPECT_FALSE(pair.b.unprotect_rtcp(damaged)) << at;
    }
    EXPECT_EQ(pair.b.remote_sources(), 0u);
    EXPECT_TRUE(pair.b.unprotect_rtp(packet));
    EXPECT_TRUE(pair.b.unprotect_rtcp(control));
  }
}

TEST(Session, RefusesEveryTruncation) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer packet = rtp(7), control = buffer(receiver_report);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    ASSERT_TRUE(pair.a.protect_rtcp(control));
    for (std::size_t size = 0; size < packet.size(); ++size) {
      PacketBuffer cut = buffer(packet.bytes().first(size));
      EXPECT_EQ(pair.b.unprotect_rtp(cut).error(),
                size < 12 + rtp_overhead(profile) ? Errc::malformed : Errc::authentication_failed);
    }
    for (std::size_t size = 0; size < control.size(); ++size) {
      PacketBuffer cut = buffer(control.bytes().first(size));
      EXPECT_FALSE(pair.b.unprotect_rtcp(cut)) << size;
    }
  }
}

TEST(Session, RefusesToProtectWhatIsNoPacket) {
  Pair pair = pair_of(Profile::aead_aes_128_gcm);
  for (const auto* digits : {"", "80600001000000000000", "40600001 00000000 00000001",
                             "8f600001 00000000 00000001", "90600001 00000000 00000001 bede0002 00000000"}) {
    PacketBuffer packet = buffer(hex(digits));
    EXPECT_EQ(pair.a.protect_rtp(packet).error(), Errc::malformed) << digits;
  }
  for (const auto* digits : {"", "80c90001000000", "40c90001 00000001"}) {
    PacketBuffer packet = buffer(hex(digits));
    EXPECT_EQ(pair.a.protect_rtcp(packet).error(), Errc::malformed) << digits;
  }
}

TEST(Session, ProtectsTheLongestPacketAndNoneThatHasNoRoomForATag) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer longest = rtp(1, 1, PacketBuffer::capacity - 12);
    EXPECT_TRUE(pair.a.protect_rtp(longest));
    PacketBuffer full = rtp(2, 1);
    full.resize(full.max_size());
    EXPECT_EQ(pair.a.protect_rtp(full).error(), petrel::Errc::too_long);
  }
}

TEST(Session, RefusesPacketsUnderOtherKeys) {
  for (const Profile profile : profiles) {
    Pair pair = pair_of(profile);
    PacketBuffer packet = rtp(7);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    EXPECT_EQ(pair.a.unprotect_rtp(packet).error(), Errc::authentication_failed);
  }
}

// --- Limits -----------------------------------------------------------------

TEST(Session, DoesNotGrowForForgedSources) {
  Pair pair = pair_of(Profile::aead_aes_128_gcm);
  PacketBuffer first = rtp(1, 0);
  first.resize(first.size() + 16);
  EXPECT_FALSE(pair.b.unprotect_rtp(first));
  const std::size_t before = mallinfo2().uordblks;
  for (std::uint32_t ssrc = 1; ssrc < 20'000; ++ssrc) {
    PacketBuffer forged = rtp(1, ssrc);
    forged.resize(forged.size() + 16);
    EXPECT_EQ(pair.b.unprotect_rtp(forged).error(), Errc::authentication_failed);
    PacketBuffer control = buffer(hex("80c90001 00000000 00000000 00000000 00000000 00000000 80000001"));
    control.data()[7] = static_cast<std::byte>(ssrc);
    EXPECT_EQ(pair.b.unprotect_rtcp(control).error(), Errc::authentication_failed);
  }
  EXPECT_EQ(pair.b.remote_sources(), 0u);
  EXPECT_LT(mallinfo2().uordblks, before + 64 * 1024);  // A source costs some 300 bytes.
}

TEST(Session, TakesOnlySoManySources) {
  Pair pair = pair_of(Profile::aead_aes_128_gcm);
  // Two sessions with one key send more than one of them may.
  Session other = Session::create(Profile::aead_aes_128_gcm, keys_of(Profile::aead_aes_128_gcm, 1),
                                  keys_of(Profile::aead_aes_128_gcm, 101))
                      .value();
  for (std::uint32_t ssrc = 0; ssrc < Session::max_sources; ++ssrc) {
    PacketBuffer packet = rtp(1, ssrc);
    ASSERT_TRUE(pair.a.protect_rtp(packet));
    ASSERT_TRUE(pair.b.unprotect_rtp(packet));
  }
  PacketBuffer one_more = rtp(1, 0xffffffff), known = rtp(2, 5);
  EXPECT_EQ(pair.a.protect_rtp(one_more).error(), Errc::too_many_sources);
  ASSERT_TRUE(other.protect_rtp(one_more));
  EXPECT_EQ(pair.b.unprotect_rtp(one_more).error(), Errc::too_many_sources);
  ASSERT_TRUE(pair.a.protect_rtp(known));
  EXPECT_TRUE(pair.b.unprotect_rtp(known));
  EXPECT_EQ(pair.b.remote_sources(), Session::max_sources);
}

TEST(Session, RefusesKeysOfTheWrongSize) {
  const Keys cm = keys_of(Profile::aes128_cm_sha1_80, 1), gcm = keys_of(Profile::aead_aes_128_gcm, 1);
  EXPECT_EQ(Session::create(Profile::aead_aes_128_gcm, cm, gcm).error(), Errc::bad_key);
  EXPECT_EQ(Session::create(Profile::aead_aes_128_gcm, gcm, cm).error(), Errc::bad_key);
  EXPECT_EQ(Session::create(Profile::aead_aes_256_gcm, gcm, gcm).error(), Errc::bad_key);
  EXPECT_EQ(Session::create(static_cast<Profile>(2), cm, cm).error(), petrel::Errc::invalid_argument);
}

}  // namespace
}  // namespace petrel::inline v0::srtp
