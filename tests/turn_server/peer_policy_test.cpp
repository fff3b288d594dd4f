#include "petrel/turn_server/peer_policy.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn_server {
namespace {

using Verdict = PeerPolicy::Verdict;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(PeerPolicy, AllowsThePublicInternetByDefault) {
  const PeerPolicy policy({});
  for (const char* peer :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.0.1", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808"}) {
    EXPECT_EQ(policy.verdict(ip(peer)), Verdict::allowed) << peer;
  }
}

TEST(PeerPolicy, ForbidsEverythingElseByDefault) {
  const PeerPolicy policy({});
  for (const char* peer : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.0.1",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::7f00:1",
                           "::808:808",
                           "::ffff:127.0.0.1",
                           "::ffff:8.8.8.8",
                           "64:ff9b:1::1",
                           "100::1",
                           "2001::1",
                           "2002:7f00:1::",
                           "2002:808:808::1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1"}) {
    EXPECT_EQ(policy.verdict(ip(peer)), Verdict::forbidden) << peer;
  }
}

TEST(PeerPolicy, LooksBehindNat64) {
  const PeerPolicy policy({.own = {ip("192.0.2.77")}, .relays = {ip("192.0.2.1")}});
  EXPECT_EQ(policy.verdict(ip("64:ff9b::7f00:1")), Verdict::forbidden);
  EXPECT_EQ(policy.verdict(ip("64:ff9b::a00:1")), Verdict::forbidden);
  EXPECT_EQ(policy.verdict(ip("64:ff9b::c000:24d")), Verdict::forbidden) << "an address of our own";
  EXPECT_EQ(policy.verdict(ip("64:ff9b::c000:201")), Verdict::forbidden) << "our relay, by a detour";
}

TEST(PeerPolicy, ForbidsThisHostButForItsRelays) {
  const PeerPolicy policy({.own = {ip("198.51.100.1"), ip("2001:db8::1")}, .relays = {ip("198.51.100.2")}});
  EXPECT_EQ(policy.verdict(ip("198.51.100.1")), Verdict::forbidden);
  EXPECT_EQ(policy.verdict(ip("2001:db8::1")), Verdict::forbidden);
  EXPECT_EQ(policy.verdict(IpAddress::v6(ip("2001:db8::1").octets(), 3)), Verdict::forbidden);
  EXPECT_EQ(policy.verdict(ip("198.51.100.2")), Verdict::relays_only);
  EXPECT_TRUE(policy.allowed(ip("198.51.100.2")));
}

TEST(PeerPolicy, IsOpenedByAllowAndClosedByDeny) {
  const PeerPolicy policy({.allow = {*IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("::1")},
                           .deny = {*IpPrefix::parse("10.1.0.0/16"), *IpPrefix::parse("8.8.8.0/24")}});
  EXPECT_TRUE(policy.allowed(ip("10.2.0.1")));
  EXPECT_TRUE(policy.allowed(ip("::1")));
  EXPECT_FALSE(policy.allowed(ip("10.1.0.1")));
  EXPECT_FALSE(policy.allowed(ip("8.8.8.8")));
  EXPECT_FALSE(policy.allowed(ip("192.168.0.1")));
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
