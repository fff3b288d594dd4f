#include "turn_server/relay.hpp"

#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

struct RelayTest : ::testing::Test {
  ServerBench bench;
  ScriptedClient client{bench};
};

TEST_F(RelayTest, LosesAnAllocationWithItsSocket) {
  const FlowId flow = bench.flow_at(client.allocate().port);
  bench.change(flow, FlowFailed{make_error_code(petrel::Errc::closed)});
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
}

TEST_F(RelayTest, LosesAReservationWithItsSocket) {
  client.allocate([](auto& b) { b.even_port(true); });
  FlowId odd;
  for (const auto& [flow, local] : bench.bound) odd = local.port >= 50000 && local.port % 2 == 1 ? flow : odd;
  bench.change(odd, FlowFailed{make_error_code(petrel::Errc::closed)});
  EXPECT_EQ(bench.relay_sockets(), 1u);
  bench.advance(31s);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
}

TEST_F(RelayTest, IgnoresFlowsThatItHasClosed) {
  const FlowId flow = bench.flow_at(client.allocate().port);
  client.code_of(Method::refresh, [](auto& b) { b.lifetime(0); });
  bench.change(flow, FlowOpened{});
  EXPECT_FALSE(bench.receive(flow, peer_address, as_bytes("late")));
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(RelayTest, HasManyAllocationsThatEndEachInItsTime) {
  for (std::uint16_t i = 0; i < 20; ++i) {
    ScriptedClient each(bench, Endpoint::v4(198, 51, 100, 8, static_cast<std::uint16_t>(1 + i)));
    each.allocate([&](auto& b) { b.lifetime(600u + i); });
  }
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(bench.server.stats().allocations, 20 - i);
    EXPECT_EQ(bench.server.next_timeout(), TimePoint{600s + std::chrono::seconds(i)});
    bench.advance(*bench.server.next_timeout() - bench.now);
  }
  EXPECT_EQ(bench.server.stats().allocations, 0u);
}

TEST_F(RelayTest, TellsItsNameToThoseWhoKnowAPassword) {
  ServerConfig config = test_config();
  config.software = "petrel";
  ServerBench named(config);
  ScriptedClient asker(named);
  EXPECT_FALSE(asker.fetch_nonce()->software());
  EXPECT_EQ(asker.ask(Method::allocate, [](auto& b) { b.requested_transport(17); })->software(), "petrel");
}

TEST_F(RelayTest, GivesReasonsWithItsRefusals) {
  client.allocate();
  const Reply refused = client.ask(Method::allocate, [](auto& b) { b.requested_transport(17); });
  EXPECT_EQ(refused->error_code()->reason, "Allocation Mismatch");
  EXPECT_TRUE(refused->integrity_ok(client.key()));
  EXPECT_EQ(bench.server.stats().refused, 1u);
}

class Lines final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
  void write(const LogRecord& record) noexcept override { lines.push_back(to_string(record)); }
  std::vector<std::string> lines;
};

TEST_F(RelayTest, LogsTheLifeOfAnAllocation) {
  Lines log;
  ServerConfig config = test_config();
  config.log = &log;
  ServerBench logged(config);
  ScriptedClient user(logged);
  user.allocate();
  user.code_of(Method::refresh, [](auto& b) { b.lifetime(0); });
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_NE(log.lines[0].find("turn_server.allocated"), std::string::npos);
  EXPECT_NE(log.lines[0].find("alice"), std::string::npos);
  EXPECT_NE(log.lines[1].find("deleted"), std::string::npos);
  for (const std::string& line : log.lines) EXPECT_EQ(line.find("wonderland"), std::string::npos);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
