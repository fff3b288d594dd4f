#include "petrel/rtp/recovery/packet_history.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

SentPacket packet(std::uint16_t sequence) {
  SentPacket packet;
  packet.header.sequence = sequence;
  return packet;
}

SentPacket owning_packet(std::uint16_t sequence) {
  SentPacket owning = packet(sequence);
  owning.payload.emplace();
  owning.payload->resize(100);
  return owning;
}

TEST(PacketHistory, FindsPacketsOverTheWrap) {
  PacketHistory history;
  for (std::uint16_t i = 0; i < 10; ++i) history.add(start, packet(static_cast<std::uint16_t>(65'531 + i)));

  EXPECT_EQ(history.find(65'535)->header.sequence, 65'535);
  EXPECT_EQ(history.find(0)->header.sequence, 0);
  EXPECT_EQ(history.find(65'530), nullptr);
  EXPECT_EQ(history.find(5), nullptr);
}

TEST(PacketHistory, LetsGoOfWhatIsTooOldAndOfTheOldestOfTooMany) {
  PacketHistory history;
  history.add(start, packet(0));
  history.add(start + 2s, packet(1));
  EXPECT_NE(history.find(0), nullptr);

  history.add(start + 2s + 1ns, packet(2));
  EXPECT_EQ(history.find(0), nullptr);

  for (std::uint16_t i = 3; i < 5000; ++i) history.add(start + 2s + 1ns, packet(i));
  EXPECT_EQ(history.size(), PacketHistory::max_packets);
  EXPECT_EQ(history.find(4999 - 2048), nullptr);
  EXPECT_NE(history.find(4999 - 2047), nullptr);
}

TEST(PacketHistory, BoundsTheBytesOfItsOwn) {
  PacketHistory history;
  for (std::uint16_t i = 0; i < 1500; ++i) history.add(start, owning_packet(i));

  EXPECT_EQ(history.size(), PacketHistory::max_owned_blocks);
}

TEST(PacketHistory, KeepsCiphertextInsteadOfWhatItWasMadeOf) {
  PacketHistory history;
  const auto frame = EncodedFrame::make(std::vector<std::byte>(10), {});
  SentPacket shared = packet(7);
  shared.frame = frame;
  history.add(start, std::move(shared));
  EXPECT_EQ(frame.use_count(), 2);

  const std::array<std::byte, 3> cipher{std::byte{1}, std::byte{2}, std::byte{3}};
  history.keep_ciphertext(7, *PacketBuffer::copy_of(cipher));
  history.keep_ciphertext(8, *PacketBuffer::copy_of(cipher));  // Not here: ignored.

  EXPECT_EQ(frame.use_count(), 1);
  EXPECT_TRUE(equal(history.find(7)->ciphertext->bytes(), cipher));
}

TEST(PacketHistory, StartsOverAfterALeap) {
  PacketHistory history;
  history.add(start, packet(1));
  history.add(start, packet(5));

  EXPECT_EQ(history.find(1), nullptr);
  EXPECT_NE(history.find(5), nullptr);
}

TEST(RetransmissionBudget, AllowsWhatWasSentAndTheAdvance) {
  RetransmissionBudget budget;
  EXPECT_TRUE(budget.take(RetransmissionBudget::in_advance_bytes));
  EXPECT_FALSE(budget.take(1));

  budget.packet_sent(1000);
  EXPECT_FALSE(budget.take(1001));
  EXPECT_TRUE(budget.take(1000));

  for (int i = 0; i < 10'000; ++i) budget.packet_sent(1000);
  EXPECT_FALSE(budget.take(RetransmissionBudget::most_bytes + 1));
  EXPECT_TRUE(budget.take(RetransmissionBudget::most_bytes));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
