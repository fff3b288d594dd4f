#include "petrel/rtp/recovery/rtx.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using petrel::testing::hex;
using petrel::testing::to_vector;

SentPacket sent_packet() {
  SentPacket packet;
  packet.header = {true, PayloadType{96}, 0xfffe, 0x01020304, Ssrc{0x11223344}};
  packet.payload = *PacketBuffer::copy_of(hex("aabbcc"));
  return packet;
}

TEST(Rtx, ARetransmissionHasItsOwnNumberAndCarriesTheOriginal) {
  const SentPacket packet = sent_packet();

  const auto original = write_original(packet, ExtensionBlock());
  const auto again = write_retransmission(packet, {PayloadType{97}, 5, Ssrc{0x55667788}}, ExtensionBlock());

  EXPECT_EQ(to_vector(original->bytes()), hex("80e0fffe 01020304 11223344 aabbcc"));
  EXPECT_EQ(to_vector(again->bytes()), hex("80e10005 01020304 55667788 fffe aabbcc"));
}

TEST(Rtx, WhatIsWrittenIsRestored) {
  const auto again = write_retransmission(sent_packet(), {PayloadType{97}, 5, Ssrc{2}}, ExtensionBlock());
  const auto view = PacketView::parse(again->bytes());
  const auto restored = parse_rtx_payload(view->payload());

  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->original_sequence, 0xfffe);
  EXPECT_EQ(to_vector(restored->payload), hex("aabbcc"));
}

TEST(Rtx, APayloadWithoutAnOriginalNumberIsTruncated) {
  EXPECT_EQ(parse_rtx_payload({}).error(), make_error_code(Errc::truncated));
  EXPECT_EQ(parse_rtx_payload(hex("00")).error(), make_error_code(Errc::truncated));
  EXPECT_TRUE(parse_rtx_payload(hex("0001")));  // An empty packet was lost.
}

}  // namespace
}  // namespace petrel::inline v0::rtp
