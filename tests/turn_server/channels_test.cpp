#include "turn_server/channels.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using Verdict = Channels::Verdict;

constexpr TimePoint start{};
const Endpoint peer = Endpoint::v4(203, 0, 113, 9, 5000);
const Endpoint other_port = Endpoint::v4(203, 0, 113, 9, 5001);

TEST(Channels, LeadBothWaysForTenMinutes) {
  Channels channels(2);
  channels.bind(start, 0x4000, peer);
  EXPECT_EQ(channels.peer_of(start + 600s - 1ns, 0x4000), peer);
  EXPECT_EQ(channels.number_of(start + 600s - 1ns, peer), 0x4000);
  EXPECT_FALSE(channels.peer_of(start + 600s, 0x4000));
  EXPECT_FALSE(channels.number_of(start + 600s, peer));
  EXPECT_FALSE(channels.number_of(start, other_port)) << "a channel is of one port";
}

TEST(Channels, BindOneNumberToOnePeer) {
  Channels channels(4);
  channels.bind(start, 0x4000, peer);
  EXPECT_EQ(channels.verdict(start, 0x4000, peer), Verdict::fits) << "a refresh";
  EXPECT_EQ(channels.verdict(start, 0x4001, peer), Verdict::taken);
  EXPECT_EQ(channels.verdict(start, 0x4000, other_port), Verdict::taken);
  EXPECT_EQ(channels.verdict(start, 0x4001, other_port), Verdict::fits);
}

TEST(Channels, CanBeBoundAnewOnceTheyHaveExpired) {
  Channels channels(1);
  channels.bind(start, 0x4000, peer);
  EXPECT_EQ(channels.verdict(start + 600s - 1ns, 0x4000, other_port), Verdict::taken);
  EXPECT_EQ(channels.verdict(start + 600s - 1ns, 0x4001, other_port), Verdict::full);
  EXPECT_EQ(channels.verdict(start + 600s, 0x4000, other_port), Verdict::fits);
  channels.bind(start + 600s, 0x4000, other_port);
  EXPECT_EQ(channels.peer_of(start + 600s, 0x4000), other_port);
  EXPECT_EQ(channels.size(), 1u);
}

TEST(Channels, AreRefreshed) {
  Channels channels(1);
  channels.bind(start, 0x4000, peer);
  EXPECT_EQ(channels.verdict(start + 500s, 0x4000, peer), Verdict::fits);
  channels.bind(start + 500s, 0x4000, peer);
  EXPECT_EQ(channels.peer_of(start + 1099s, 0x4000), peer);
}

TEST(Channels, OfOneFamilyCanBeForgotten) {
  Channels channels(2);
  channels.bind(start, 0x4000, peer);
  channels.bind(start, 0x4001, *Endpoint::parse("[2001:db8::1]:5000"));
  channels.forget(IpFamily::v6);
  EXPECT_TRUE(channels.peer_of(start, 0x4000));
  EXPECT_FALSE(channels.peer_of(start, 0x4001));
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
