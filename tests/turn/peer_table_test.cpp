#include "turn/peer_table.hpp"

#include <gtest/gtest.h>

#include "petrel/turn/channel_data.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
const Endpoint peer = Endpoint::v4(198, 51, 100, 3, 4000);

Request permission_request() { return {.kind = RequestKind::create_permission, .peer = {peer.address, 0}}; }

TEST(PeerTable, AsksOnceForWhatIsWanted) {
  PeerTable table;
  table.use_permission(start, peer.address);
  const auto request = table.poll_request(start);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, RequestKind::create_permission);
  EXPECT_EQ(request->peer.address, peer.address);
  EXPECT_FALSE(table.poll_request(start));
  EXPECT_EQ(table.next_timeout(), std::nullopt);
}

TEST(PeerTable, GrantsForFiveMinutes) {
  PeerTable table;
  table.use_permission(start, peer.address);
  table.poll_request(start);
  table.handle_answer(start, permission_request(), true);
  const Permission* permission = table.find_permission(peer.address);
  ASSERT_NE(permission, nullptr);
  EXPECT_TRUE(PeerTable::is_granted(*permission, start + 5min - 1ns));
  EXPECT_FALSE(PeerTable::is_granted(*permission, start + 5min));
  EXPECT_EQ(table.next_timeout(), start + 5min);
  table.handle_timeout(start + 5min - 1ns);
  EXPECT_NE(table.find_permission(peer.address), nullptr);
  table.handle_timeout(start + 5min);
  EXPECT_EQ(table.find_permission(peer.address), nullptr);
}

TEST(PeerTable, RenewsFourMinutesAfterTheGrantIfUsed) {
  PeerTable table;
  table.use_permission(start, peer.address);
  table.poll_request(start);
  table.handle_answer(start, permission_request(), true);
  table.use_permission(start + 1ns, peer.address);
  EXPECT_EQ(table.next_timeout(), start + 4min);
  EXPECT_FALSE(table.poll_request(start + 4min - 1ns));
  EXPECT_TRUE(table.poll_request(start + 4min));
}

TEST(PeerTable, GivesBackWhatWaited) {
  PeerTable table;
  table.use_permission(start, peer.address)->waiting.push_back({peer, PacketBuffer::copy_of({}).value()});
  table.poll_request(start);
  EXPECT_EQ(table.handle_answer(start, permission_request(), true).size(), 1U);
  EXPECT_TRUE(table.handle_answer(start, permission_request(), true).empty());
}

TEST(PeerTable, RenewsAPermissionByItsChannel) {
  PeerTable table;
  table.use_permission(start, peer.address);
  table.poll_request(start);
  table.handle_answer(start, permission_request(), true);
  ASSERT_NE(table.use_channel(start, peer, true), nullptr);
  const auto request = table.poll_request(start);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, RequestKind::channel_bind);
  table.handle_answer(start + 100s, *request, true);
  EXPECT_TRUE(PeerTable::is_granted(*table.find_permission(peer.address), start + 100s + 5min - 1ns));
}

TEST(PeerTable, KeepsANumberFromOthersForFiveMinutes) {
  PeerTable table;
  table.use_channel(start, peer, true);
  table.handle_answer(start, *table.poll_request(start), true);
  const Channel* channel = table.find_channel(min_channel);
  ASSERT_NE(channel, nullptr);
  EXPECT_TRUE(PeerTable::is_bound(*channel, start + 10min - 1ns));
  EXPECT_FALSE(PeerTable::is_bound(*channel, start + 10min));
  EXPECT_EQ(table.next_timeout(), start + 15min);
  table.handle_timeout(start + 15min - 1ns);
  EXPECT_NE(table.find_channel(min_channel), nullptr);
  table.handle_timeout(start + 15min);
  EXPECT_EQ(table.find_channel(min_channel), nullptr);
}

TEST(PeerTable, HasNoMoreChannelsThanItsLimit) {
  PeerTable table;
  for (std::size_t i = 0; i < Client::max_channels; ++i) {
    EXPECT_NE(table.use_channel(start, {peer.address, static_cast<std::uint16_t>(i + 1)}, true), nullptr);
  }
  EXPECT_EQ(table.use_channel(start, {peer.address, 9999}, true), nullptr);
  EXPECT_NE(table.use_channel(start, {peer.address, 1}, true), nullptr);
}

TEST(PeerTable, ForgetsARefusalInTime) {
  PeerTable table;
  table.use_permission(start, peer.address);
  table.poll_request(start);
  table.handle_answer(start, permission_request(), false);
  EXPECT_EQ(table.use_permission(start + 5min - 1ns, peer.address)->state, Permission::State::refused);
  EXPECT_EQ(table.use_permission(start + 5min, peer.address)->state, Permission::State::wanted);
}

TEST(PeerTable, TriesARefusedChannelAgainInTime) {
  PeerTable table;
  table.use_channel(start, peer, true);
  table.handle_answer(start, *table.poll_request(start), false);
  table.use_channel(start + 5min - 1ns, peer, true);
  EXPECT_FALSE(table.poll_request(start + 5min - 1ns));
  table.use_channel(start + 5min, peer, true);
  EXPECT_TRUE(table.poll_request(start + 5min));
}

}  // namespace
}  // namespace petrel::inline v0::turn
