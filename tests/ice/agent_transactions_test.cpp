// How an agent paces its checks.

#include <gtest/gtest.h>

#include <vector>

#include "ice/party.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::Fate;
using petrel::testing::Packet;
using testing::alice_ip;
using testing::Lan;

TEST(Agent, PacesOrdinaryChecksByTa) {
  Lan lan(1);
  lan.bob.introduce_to(lan.alice);
  lan.alice.gather();
  lan.network.run_for(1ms);
  Candidate candidate = parse_candidate("candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host").value();
  for (std::uint16_t i = 0; i < 10; ++i) {
    candidate.foundation = std::to_string(i);
    candidate.endpoint.port = static_cast<std::uint16_t>(5000 + i);
    lan.alice.agent().add_remote_candidate(lan.network.now(), lan.alice.stream(), candidate).value();
  }
  EXPECT_EQ(lan.alice.agent().stats().checks_sent, 1u);
  lan.network.run_for(50ms - 1ns);
  EXPECT_EQ(lan.alice.agent().stats().checks_sent, 1u);
  lan.network.run_for(1ns);
  EXPECT_EQ(lan.alice.agent().stats().checks_sent, 2u);
  lan.network.run_for(400ms);
  EXPECT_EQ(lan.alice.agent().stats().checks_sent, 10u);
}

// Triggered checks follow the peer's packets, and keep the distance that RFC 8445 14.2 asks for.
TEST(Agent, StartsNoTwoTransactionsWithinFiveMilliseconds) {
  Lan lan(1);
  std::vector<TimePoint> requests;
  lan.network.set_tap([&](std::uint64_t, const Packet& packet) {
    const auto message = stun::MessageView::parse(packet.payload.bytes());
    if (packet.source.address == alice_ip && message && message->message_class() == stun::Class::request)
      requests.push_back(lan.network.now());
    return Fate{};
  });
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  ASSERT_GE(requests.size(), 2u) << "a check and the nomination";
  for (std::size_t i = 1; i < requests.size(); ++i) EXPECT_GE(requests[i] - requests[i - 1], 5ms);
}

}  // namespace
}  // namespace petrel::inline v0::ice
