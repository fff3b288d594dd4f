#include "turn/send_indication.hpp"

#include <gtest/gtest.h>

#include <string>

#include "petrel/stun/message.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn {
namespace {

TEST(SendIndication, ReadsBackAsWhatWasPutIn) {
  testing::SeededRandom random(1);
  for (const std::string_view address : {"198.51.100.3:4000", "[2001:db8::9]:65535"}) {
    const Endpoint peer = *Endpoint::parse(address);
    for (std::size_t size = 0; size <= 9; ++size) {
      const std::string text(size, 'x');
      const auto id = random.bytes<12>();
      auto packet = PacketBuffer::copy_of(as_bytes(text)).value();
      const std::byte* payload = packet.data();
      prepend_send_indication(packet, peer, id);
      EXPECT_EQ(packet.data() + send_indication_overhead(peer.address.family()), payload);

      const auto view = stun::MessageView::parse(packet.bytes());
      ASSERT_TRUE(view);
      EXPECT_EQ(view->message_class(), stun::Class::indication);
      EXPECT_EQ(view->method(), stun::Method::send);
      EXPECT_EQ(view->id(), id);
      EXPECT_EQ(view->xor_peer_address(), peer);
      ASSERT_TRUE(view->data());
      EXPECT_EQ(as_text(*view->data()), text);
    }
  }
}

TEST(SendIndication, IsWrittenByteForByte) {
  auto packet = PacketBuffer::copy_of(as_bytes("hello")).value();
  prepend_send_indication(packet, Endpoint::v4(192, 0, 2, 1, 32'853), {});
  // The address is RFC 5769 2.2's.
  EXPECT_TRUE(equal(packet.bytes(), testing::hex("0016 0018 2112a442 000000000000000000000000"
                                                 "0012 0008 0001a147e112a643"
                                                 "0013 0005 68656c6c6f000000")));
}

TEST(SendIndication, FitsAroundTheLargestPacket) {
  auto packet = PacketBuffer::copy_of(std::vector<std::byte>(PacketBuffer::capacity)).value();
  prepend_send_indication(packet, *Endpoint::parse("[2001:db8::9]:1"), {});
  EXPECT_TRUE(stun::MessageView::parse(packet.bytes()));
}

}  // namespace
}  // namespace petrel::inline v0::turn
