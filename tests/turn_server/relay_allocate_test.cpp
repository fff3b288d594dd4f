#include <gtest/gtest.h>

#include "turn_server/relay.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

const IpAddress server_v6 = *IpAddress::parse("2001:db8::1");

ServerConfig dual_config() {
  ServerConfig config = test_config();
  config.relay_addresses = {{server_address}, {server_v6}};
  return config;
}

struct AllocateTest : ::testing::Test {
  explicit AllocateTest(ServerConfig config = test_config()) : bench(std::move(config)) {}

  Reply allocate(const ScriptedClient::Fill& fill = {}) { return allocate(client, fill); }
  static Reply allocate(ScriptedClient& by, const ScriptedClient::Fill& fill = {}) {
    return by.ask(Method::allocate, [&](stun::Builder& builder) {
      builder.requested_transport(17);
      if (fill) fill(builder);
    });
  }
  ScriptedClient another(std::uint16_t port) {
    return ScriptedClient(bench, Endpoint::v4(198, 51, 100, 8, port));
  }

  ServerBench bench;
  ScriptedClient client{bench};
};

struct DualAllocateTest : AllocateTest {
  DualAllocateTest() : AllocateTest(dual_config()) {}
};

TEST_F(AllocateTest, GivesARelayedAddress) {
  const Reply answer = allocate();
  EXPECT_EQ(answer.code(), 0);
  const Endpoint relayed = answer->xor_relayed_address().value();
  EXPECT_EQ(relayed.address, server_address);
  EXPECT_GE(relayed.port, 50000);
  EXPECT_LE(relayed.port, 50099);
  EXPECT_EQ(answer->xor_mapped_address(), client_address);
  EXPECT_EQ(answer->lifetime(), 600u);
  EXPECT_TRUE(answer->integrity_ok(client.key()));
  EXPECT_NE(bench.flow_at(relayed.port), FlowId{});
  EXPECT_EQ(bench.server.stats().allocations, 1u);
  EXPECT_EQ(bench.server.stats().allocations_made, 1u);
}

TEST_F(AllocateTest, AnswersOnceTheSocketIsOpen) {
  bench.answers_binds = false;
  client.fetch_nonce();
  EXPECT_FALSE(
      client.exchange(client.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); })));
  EXPECT_EQ(client.code_of(Method::refresh), 437) << "there is none yet";
  bench.answer_binds();
  EXPECT_EQ(client.reply()->code(), 0);
}

TEST_F(AllocateTest, GivesTheSameAnswerToTheSameRequest) {
  client.fetch_nonce();
  const PacketBuffer request =
      client.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); });
  bench.receive(first_listener, client_address, request.bytes());
  bench.receive(first_listener, client_address, request.bytes());
  const auto first = bench.take();
  const auto second = bench.take();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->bytes, second->bytes);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
}

TEST_F(AllocateTest, AnswersOnceWhatCameTwiceBeforeTheSocketWasOpen) {
  bench.answers_binds = false;
  client.fetch_nonce();
  const PacketBuffer request =
      client.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); });
  bench.receive(first_listener, client_address, request.bytes());
  bench.receive(first_listener, client_address, request.bytes());
  bench.answer_binds();
  EXPECT_EQ(bench.sent.size(), 1u);
}

TEST_F(AllocateTest, RefusesASecondOneOfOneClient) {
  allocate();
  EXPECT_EQ(allocate().code(), 437);
}

TEST_F(AllocateTest, RefusesOtherTransports) {
  EXPECT_EQ(client.code_of(Method::allocate), 400);
  EXPECT_EQ(client.code_of(Method::allocate, [](auto& b) { b.requested_transport(41); }), 442);
  const auto cut = testing::hex("11 00");
  EXPECT_EQ(client.code_of(Method::allocate,
                           [&](auto& b) { b.attribute(stun::AttributeType::requested_transport, cut); }),
            400);
}

TEST_F(AllocateTest, RefusesWhatItDoesNotUnderstand) {
  const Reply answer =
      allocate([](auto& b) { b.dont_fragment().attribute(stun::AttributeType{0x7abc}, {}); });
  EXPECT_EQ(answer.code(), 420);
  const auto unknown = answer->unknown_attributes().value();
  ASSERT_EQ(unknown.size(), 2u);
  EXPECT_EQ(unknown[0], stun::AttributeType{0x7abc});
  EXPECT_EQ(unknown[1], stun::AttributeType::dont_fragment);
  EXPECT_EQ(bench.relay_sockets(), 0u);
}

// RFC 8656 7.2: what was asked for, between the default and the maximum.
TEST_F(AllocateTest, BoundsTheLifetime) {
  std::uint16_t port = 1;
  const auto granted = [&](std::uint32_t wanted) {
    ScriptedClient each = another(++port);
    return allocate(each, [&](auto& b) { b.lifetime(wanted); })->lifetime().value();
  };
  EXPECT_EQ(granted(0), 600u);
  EXPECT_EQ(granted(599), 600u);
  EXPECT_EQ(granted(601), 601u);
  EXPECT_EQ(granted(3600), 3600u);
  EXPECT_EQ(granted(0xffffffff), 3600u);
}

TEST_F(AllocateTest, EndsWhenItsLifetimeDoes) {
  const Endpoint relayed = client.allocate();
  const FlowId flow = bench.flow_at(relayed.port);
  EXPECT_EQ(bench.server.next_timeout(), bench.now + 600s);
  bench.advance(600s - 1ns);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
  bench.advance(1ns);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_TRUE(bench.closed.contains(flow));
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
}

// ---- Ports ---------------------------------------------------------------------------------

TEST_F(AllocateTest, TriesOtherPortsWhereSomebodyElseHasOne) {
  for (std::uint16_t port = 50000; port < 50100; ++port) bench.refused_ports.insert(port);
  bench.refused_ports.erase(50042);
  // A hundred ports, eight tries each: some attempt finds the free one.
  int successes = 0;
  for (std::uint16_t i = 1; i < 100 && successes == 0; ++i) {
    bench.advance(1s);
    ScriptedClient each = another(i);
    const Reply answer = allocate(each);
    if (answer.code() != 0) {
      EXPECT_EQ(answer.code(), 508);
      continue;
    }
    ++successes;
    EXPECT_EQ(answer->xor_relayed_address()->port, 50042);
  }
  EXPECT_EQ(successes, 1);
  EXPECT_EQ(bench.relay_sockets(), 1u);
}

TEST_F(AllocateTest, KeepsNothingOfAnAttemptThatFailed) {
  for (std::uint16_t port = 50000; port < 50100; ++port) bench.refused_ports.insert(port);
  EXPECT_EQ(allocate().code(), 508);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
  bench.refused_ports.clear();
  EXPECT_EQ(allocate().code(), 0);
}

TEST_F(AllocateTest, GivesAnEvenPortOnRequest) {
  for (std::uint16_t i = 1; i <= 20; ++i) {
    ScriptedClient each = another(i);
    EXPECT_EQ(allocate(each, [](auto& b) { b.even_port(false); })->xor_relayed_address()->port % 2, 0);
  }
  EXPECT_EQ(bench.relay_sockets(), 20u);
}

TEST_F(AllocateTest, ReservesTheNextPortForWhoeverHasTheToken) {
  const Reply answer = allocate([](auto& b) { b.even_port(true); });
  const Endpoint even = answer->xor_relayed_address().value();
  EXPECT_EQ(even.port % 2, 0);
  const auto token = answer->reservation_token().value();
  EXPECT_EQ(bench.relay_sockets(), 2u);

  ScriptedClient second = another(1);
  const Reply claimed = allocate(second, [&](auto& b) { b.reservation_token(token); });
  EXPECT_EQ(claimed.code(), 0);
  EXPECT_EQ(claimed->xor_relayed_address(),
            (Endpoint{server_address, static_cast<std::uint16_t>(even.port + 1)}));
  ScriptedClient third = another(2);
  EXPECT_EQ(allocate(third, [&](auto& b) { b.reservation_token(token); }).code(), 508) << "it is used up";
}

TEST_F(AllocateTest, KeepsAReservationForThirtySecondsAndForItsUser) {
  const auto token = allocate([](auto& b) { b.even_port(true); })->reservation_token().value();
  ScriptedClient bob = another(1);
  bob.username = "bob";
  bob.password = "builder";
  EXPECT_EQ(allocate(bob, [&](auto& b) { b.reservation_token(token); }).code(), 508);
  EXPECT_EQ(bench.server.next_timeout(), bench.now + Relay::reservation_lifetime);
  bench.advance(30s - 1ns);
  EXPECT_EQ(bench.relay_sockets(), 2u);
  bench.advance(1ns);
  EXPECT_EQ(bench.relay_sockets(), 1u);
  ScriptedClient late = another(2);
  EXPECT_EQ(allocate(late, [&](auto& b) { b.reservation_token(token); }).code(), 508);
}

TEST_F(AllocateTest, TriesAnotherPairWhenOneHalfIsTaken) {
  // All odd ports but one are somebody else's.
  for (std::uint16_t port = 50001; port < 50100; port = static_cast<std::uint16_t>(port + 2)) {
    if (port != 50051) bench.refused_ports.insert(port);
  }
  bool found = false;
  for (std::uint16_t i = 1; i < 100 && !found; ++i) {
    bench.advance(1s);
    ScriptedClient each = another(i);
    const Reply answer = allocate(each, [](auto& b) { b.even_port(true); });
    found = answer.code() == 0;
    EXPECT_TRUE(!found || answer->xor_relayed_address()->port == 50050);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(bench.relay_sockets(), 2u);
}

TEST_F(AllocateTest, RefusesRequestsThatContradictThemselves) {
  const stun::ReservationToken token{};
  EXPECT_EQ(allocate([&](auto& b) { b.reservation_token(token).even_port(true); }).code(), 400);
  EXPECT_EQ(
      allocate([&](auto& b) { b.reservation_token(token).requested_address_family(IpFamily::v4); }).code(),
      400);
  EXPECT_EQ(
      allocate([&](auto& b) { b.reservation_token(token).additional_address_family(IpFamily::v6); }).code(),
      400);
  EXPECT_EQ(allocate([](auto& b) {
              b.requested_address_family(IpFamily::v4).additional_address_family(IpFamily::v6);
            }).code(),
            400);
  EXPECT_EQ(allocate([](auto& b) { b.even_port(true).additional_address_family(IpFamily::v6); }).code(), 400);
  EXPECT_EQ(allocate([](auto& b) { b.additional_address_family(IpFamily::v4); }).code(), 400);
  EXPECT_EQ(allocate([](auto& b) { b.attribute(stun::AttributeType::even_port, {}); }).code(), 400);
  EXPECT_EQ(allocate([](auto& b) { b.attribute(stun::AttributeType::reservation_token, {}); }).code(), 400);
  EXPECT_EQ(allocate([&](auto& b) { b.reservation_token(token); }).code(), 508);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
}

// ---- Families ------------------------------------------------------------------------------

TEST_F(AllocateTest, RefusesAFamilyThatItDoesNotHave) {
  EXPECT_EQ(allocate([](auto& b) { b.requested_address_family(IpFamily::v6); }).code(), 440);
  const auto nonsense = testing::hex("09000000");
  EXPECT_EQ(
      allocate([&](auto& b) { b.attribute(stun::AttributeType::requested_address_family, nonsense); }).code(),
      440);
}

TEST_F(DualAllocateTest, GivesTheFamilyThatWasAskedFor) {
  const Reply answer = allocate([](auto& b) { b.requested_address_family(IpFamily::v6); });
  EXPECT_EQ(answer->xor_relayed_address()->address, server_v6);
}

std::vector<IpFamily> relayed_families(const Reply& answer) {
  // A getter gives the first only.
  std::vector<IpFamily> families;
  for (const stun::Attribute& each : answer->attributes()) {
    if (each.type != stun::AttributeType::xor_relayed_address) continue;
    families.push_back(each.value.size() == 8 ? IpFamily::v4 : IpFamily::v6);
  }
  return families;
}

TEST_F(DualAllocateTest, GivesBothFamiliesAtOnce) {
  const Reply answer = allocate([](auto& b) { b.additional_address_family(IpFamily::v6); });
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(relayed_families(answer), (std::vector{IpFamily::v4, IpFamily::v6}));
  EXPECT_FALSE(answer->address_error_code());
}

TEST_F(AllocateTest, GivesOneOfTwoFamiliesAndSaysWhy) {
  const Reply answer = allocate([](auto& b) { b.additional_address_family(IpFamily::v6); });
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(relayed_families(answer), std::vector{IpFamily::v4});
  const auto error = answer->address_error_code().value();
  EXPECT_EQ(error.family, IpFamily::v6);
  EXPECT_EQ(error.error.code, 440);
}

// ---- Quotas --------------------------------------------------------------------------------

ServerConfig small_config() {
  ServerConfig config = dual_config();
  config.limits.allocations = 3;
  config.limits.allocations_per_user = 2;
  return config;
}

struct QuotaTest : AllocateTest {
  QuotaTest() : AllocateTest(small_config()) {}
};

TEST_F(QuotaTest, HoldsEachUserToHisOwn) {
  for (std::uint16_t i = 1; i <= 2; ++i) {
    ScriptedClient each = another(i);
    EXPECT_EQ(allocate(each).code(), 0);
  }
  EXPECT_EQ(allocate().code(), 486);
  ScriptedClient bob = another(3);
  bob.username = "bob";
  bob.password = "builder";
  EXPECT_EQ(allocate(bob).code(), 0);
  ScriptedClient bob_again = another(4);
  bob_again.username = "bob";
  bob_again.password = "builder";
  EXPECT_EQ(allocate(bob_again).code(), 508) << "the server is full";
}

TEST_F(QuotaTest, CountsAddressesAndNotRequests) {
  EXPECT_EQ(allocate([](auto& b) { b.additional_address_family(IpFamily::v6); }).code(), 0);
  ScriptedClient second = another(1);
  EXPECT_EQ(allocate(second).code(), 486);
}

TEST_F(QuotaTest, CountsReservations) {
  EXPECT_EQ(allocate([](auto& b) { b.even_port(true); }).code(), 0);
  ScriptedClient second = another(1);
  EXPECT_EQ(allocate(second).code(), 486);
  bench.advance(30s);
  EXPECT_EQ(allocate(second).code(), 0);
}

TEST_F(QuotaTest, CountsWhatIsStillOpening) {
  bench.answers_binds = false;
  for (std::uint16_t i = 1; i <= 2; ++i) {
    ScriptedClient each = another(i);
    each.fetch_nonce();
    EXPECT_FALSE(
        each.exchange(each.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); })));
  }
  EXPECT_EQ(allocate().code(), 486);
}

TEST_F(QuotaTest, IsGivenBack) {
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(allocate([](auto& b) { b.additional_address_family(IpFamily::v6); }).code(), 0);
    EXPECT_EQ(client.code_of(Method::refresh, [](auto& b) { b.lifetime(0); }), 0);
  }
  EXPECT_EQ(bench.relay_sockets(), 0u);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
