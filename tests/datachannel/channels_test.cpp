#include "petrel/datachannel/channels.hpp"

#include <gtest/gtest.h>

#include "datachannel/pair.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

TEST(Channels, OpenInBandAndCarryMessagesBothWays) {
  Pair pair(1);
  const ChannelId ours = pair.create(pair.left, "chat", {.protocol = "v1", .priority = Priority::high});
  ASSERT_TRUE(pair.connects());
  EXPECT_EQ(pair.left.count<Opened>(ours), 1U);
  EXPECT_TRUE(pair.send(pair.left, ours, "before the ACK").value());
  pair.run_for(100ms);

  ASSERT_EQ(pair.right.announced.size(), 1U);
  const ChannelId theirs = pair.right.announced[0];
  EXPECT_EQ(pair.right.count<Opened>(theirs), 1U);
  const auto info = pair.right.channels.info(theirs);
  EXPECT_EQ(info->label, "chat");
  EXPECT_EQ(info->init.protocol, "v1");
  EXPECT_EQ(info->init.priority, Priority::high);
  EXPECT_EQ(info->init.id, 0);
  EXPECT_EQ(pair.right.text(theirs, 0), "before the ACK");

  EXPECT_TRUE(pair.send(pair.right, theirs, "and back").value());
  EXPECT_TRUE(pair.right.channels.try_send(pair.now, theirs, {}, false).value());
  pair.run_for(100ms);
  EXPECT_EQ(pair.left.text(ours, 0), "and back");
  ASSERT_EQ(pair.left.messages[ours].size(), 2U);
  EXPECT_FALSE(pair.left.messages[ours][1].is_text);
  EXPECT_TRUE(pair.left.messages[ours][1].data.empty());
}

TEST(Channels, NeedNoOpenWhereBothSidesCreateThem) {
  Pair pair(1);
  const ChannelInit init{.ordered = false, .max_retransmits = 2, .negotiated = true, .id = 7};
  const ChannelId left = pair.create(pair.left, "", init);
  const ChannelId right = pair.create(pair.right, "", init);
  ASSERT_TRUE(pair.connects());
  EXPECT_TRUE(pair.send(pair.left, left, "hello").value());
  EXPECT_TRUE(pair.send(pair.right, right, "hello too").value());
  pair.run_for(100ms);
  EXPECT_EQ(pair.right.text(right, 0), "hello");
  EXPECT_EQ(pair.left.text(left, 0), "hello too");
  EXPECT_EQ(pair.left.count<Announced>() + pair.right.count<Announced>(), 0U);
}

TEST(Channels, CloseFromEitherSide) {
  for (const bool opener_closes : {true, false}) {
    Pair pair(1);
    const ChannelId left = pair.create(pair.left);
    ASSERT_TRUE(pair.connects());
    pair.run_for(100ms);
    const ChannelId right = pair.right.announced.at(0);
    End& closing = opener_closes ? pair.left : pair.right;
    End& other = opener_closes ? pair.right : pair.left;
    const ChannelId closes = opener_closes ? left : right;
    const ChannelId closed = opener_closes ? right : left;
    EXPECT_TRUE(pair.send(closing, closes, "last words").value());
    closing.channels.close(pair.now, closes);
    pair.run_for(1s);
    EXPECT_EQ(other.text(closed, 0), "last words");
    EXPECT_EQ(other.count<Closing>(closed), 1U);
    EXPECT_EQ(closing.count<Closing>(closes), 0U);
    EXPECT_EQ(other.count<Closed>(closed), 1U);
    EXPECT_EQ(closing.count<Closed>(closes), 1U);
    EXPECT_FALSE(closing.end_of(closes));
    EXPECT_FALSE(other.end_of(closed));
    EXPECT_TRUE(closing.channels.channels().empty());
    EXPECT_TRUE(other.channels.channels().empty());
  }
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
