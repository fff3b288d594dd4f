#include "support/stun_server.hpp"

#include <gtest/gtest.h>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "support/network.hpp"
#include "support/prober.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

static_assert(FlowCore<StunServer>);

struct Bench {
  Network network{1};
  SiteId home = network.add_nat(NatConfig::symmetric(), {*IpAddress::parse("203.0.113.1")});
  HostId client_host =
      network.add_host({.name = "client", .addresses = {*IpAddress::parse("10.0.0.2")}, .site = home});
  HostId server_host = network.add_host({.name = "stun", .addresses = {*IpAddress::parse("192.0.2.10")}});
  StunServer server{Endpoint::v4(192, 0, 2, 10, 3478)};
  Prober client{Endpoint::v4(10, 0, 0, 2, 1000)};
  std::vector<std::byte> answer;

  Bench() {
    network.attach(server_host, server);
    network.attach(client_host, client, [this](Prober::Heard& heard) { answer = heard.payload; });
  }
};

TEST(StunServer, TellsAClientItsEndpointOutsideTheNat) {
  Bench bench;
  auto random = bench.network.fork_random();
  const stun::TransactionId id = random.bytes<12>();
  const auto request = stun::Builder(stun::Class::request, stun::Method::binding, id).finish({});
  ASSERT_TRUE(request);
  bench.client.send(bench.server.local(), request->bytes());
  bench.network.run_for(1s);

  const auto answer = stun::MessageView::parse(bench.answer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message_class(), stun::Class::success_response);
  EXPECT_EQ(answer->id(), id);
  ASSERT_TRUE(answer->xor_mapped_address());
  EXPECT_EQ(answer->xor_mapped_address()->address, *IpAddress::parse("203.0.113.1"));
  EXPECT_EQ(bench.server.requests(), 1u);
}

TEST(StunServer, IsSilentToEverythingElseAndWhenTold) {
  Bench bench;
  bench.client.send(bench.server.local(), as_bytes("hello"));
  bench.server.set_silent(true);
  const stun::TransactionId id{};
  const auto request = stun::Builder(stun::Class::request, stun::Method::binding, id).finish({});
  bench.client.send(bench.server.local(), request.value().bytes());
  bench.network.run_for(1s);
  EXPECT_TRUE(bench.answer.empty());
  EXPECT_EQ(bench.server.requests(), 1u);
}

}  // namespace
}  // namespace petrel::inline v0::testing
