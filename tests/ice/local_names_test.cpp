#include "ice/local_names.hpp"

#include <gtest/gtest.h>

#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using testing::Lan;
using testing::Network;

TEST(LocalNames, HideHostAddressesFromThePeerAndConnectAllTheSame) {
  for (const bool both : {false, true}) {
    Lan lan(1, {.latency = 1ms}, {.publish_mdns = true}, {.publish_mdns = both});
    lan.couple.exchange_everything();
    ASSERT_TRUE(lan.completes_within(2s));
    ASSERT_EQ(lan.alice.candidates().size(), 1u);
    const Candidate& told = lan.alice.candidates()[0];
    EXPECT_TRUE(told.host_name.ends_with(".local")) << told.host_name;
    EXPECT_EQ(to_attribute(told).find(testing::alice_ip.to_string()), std::string::npos);
    EXPECT_EQ(lan.bob.agent().stats().names_resolved, 1u);
    const SelectedPair pair = lan.bob.agent().selected(lan.bob.stream()).value();
    EXPECT_EQ(pair.remote.endpoint.address, testing::alice_ip);
    EXPECT_EQ(pair.remote.type, CandidateType::host);
  }
}

TEST(LocalNames, OfNobodyAreGivenUpAndConnectivityComesFromTheOtherSide) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
  Candidate unknown = parse_candidate(
                          "candidate:1 1 udp 2130706431 1f1b1d3c-7b1a-4a3e-9c57-0d6f4d6c2b11.local 5000 "
                          "typ host")
                          .value();
  ASSERT_TRUE(lan.bob.agent().add_remote_candidate({}, lan.bob.stream(), unknown));
  lan.bob.trickle_to(lan.alice);
  lan.alice.gather();
  lan.bob.gather();
  EXPECT_TRUE(lan.completes_within(3s)) << "alice's checks teach bob where she is";
  lan.network.run_for(10s);
  EXPECT_EQ(lan.bob.agent().stats().names_unresolved, 1u);
  EXPECT_EQ(lan.bob.agent().stats().names_resolved, 0u);
}

TEST(LocalNames, AreNotAskedForUnlessTheyAreAUuid) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  const Candidate printer =
      parse_candidate("candidate:1 1 udp 2130706431 printer.local 5000 typ host").value();
  const Candidate host = parse_candidate("candidate:1 1 udp 2130706431 example.org 5000 typ host").value();
  EXPECT_TRUE(lan.bob.agent().add_remote_candidate({}, lan.bob.stream(), printer));
  EXPECT_TRUE(lan.bob.agent().add_remote_candidate({}, lan.bob.stream(), host));
  EXPECT_EQ(lan.bob.agent().stats().name_candidates_ignored, 2u);
  EXPECT_FALSE(lan.bob.agent().poll_request());
}

TEST(LocalNames, AreLeftAloneWhereThatIsWanted) {
  Lan lan(1, {.latency = 1ms}, {.publish_mdns = true}, {.resolve_mdns = false});
  lan.couple.exchange_everything();
  EXPECT_TRUE(lan.completes_within(2s));
  EXPECT_EQ(lan.bob.agent().stats().name_candidates_ignored, 1u);
  EXPECT_EQ(lan.bob.agent().selected(lan.bob.stream())->remote.type, CandidateType::peer_reflexive);
}

TEST(LocalNames, SayGoodbyeWhenTheAgentCloses) {
  Lan lan(1, {.latency = 1ms}, {.publish_mdns = true});
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(2s));
  lan.alice.agent().close(lan.network.now());
  EXPECT_TRUE(lan.alice.agent().poll_transmit()) << "the goodbye";
  lan.network.run_for(1s);
}

}  // namespace
}  // namespace petrel::inline v0::ice
