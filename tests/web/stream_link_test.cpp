#include "petrel/web/stream_link.hpp"

#include <gtest/gtest.h>

#include "petrel/tls/identity.hpp"
#include "web/wire.hpp"

namespace petrel::inline v0::web {
namespace {

using namespace std::chrono_literals;

const IpAddress first = *IpAddress::parse("192.0.2.1");
const IpAddress second = *IpAddress::parse("2001:db8::2");

struct Bench {
  explicit Bench(LinkTarget target = {"server.example", 80, false}, tls::ClientConfig tls = {})
      : link(TimePoint{}, std::move(target), tls, 10s, numbers) {}

  FlowNumbers numbers;
  StreamLink link;
  Wire<StreamLink> wire{link};
};

TEST(StreamLink, ResolvesConnectsAndCarriesBytes) {
  Bench bench;
  bench.link.send(bench.wire.now, "early");
  bench.wire.resolve({first});
  ASSERT_EQ(bench.wire.connections(), 1U);
  EXPECT_EQ(bench.wire.asked<Connect>()[0].remote, (Endpoint{first, 80}));
  EXPECT_FALSE(bench.link.ready());

  bench.wire.open();

  EXPECT_TRUE(bench.link.ready());
  EXPECT_EQ(bench.wire.sent[bench.wire.last_flow()], "early");
  bench.wire.give("answer");
  EXPECT_EQ(bench.link.take_received(), "answer");
  bench.wire.change(FlowClosed{});
  EXPECT_TRUE(bench.link.ended());
  EXPECT_FALSE(bench.link.failure());
}

TEST(StreamLink, AnAddressNeedsNoResolving) {
  Bench bench({"192.0.2.1", 8080, false});
  EXPECT_TRUE(bench.wire.asked<Resolve>().empty());
  EXPECT_EQ(bench.wire.connections(), 1U);
}

TEST(StreamLink, TriesTheNextAddressWhenOneIsRefusedOrSilent) {
  Bench bench;
  bench.wire.resolve({second, first, first});
  EXPECT_EQ(bench.wire.asked<Connect>()[0].local.address.family(), IpFamily::v6);

  bench.wire.change(FlowFailed{std::make_error_code(std::errc::network_unreachable)});
  EXPECT_EQ(bench.wire.connections(), 2U);
  bench.wire.wait(StreamLink::address_limit);
  EXPECT_EQ(bench.wire.connections(), 3U);
  EXPECT_EQ(bench.wire.asked<CloseFlow>().size(), 1U);
  bench.wire.open();
  EXPECT_TRUE(bench.link.ready());
}

TEST(StreamLink, SaysWhyThereIsNoConnection) {
  Bench unknown;
  unknown.wire.resolve({});
  ASSERT_TRUE(unknown.link.failure());
  EXPECT_EQ(unknown.link.failure()->error, Errc::name_not_found);
  EXPECT_NE(unknown.link.failure()->detail.find("server.example"), std::string::npos);

  Bench refused;
  refused.wire.resolve({first});
  refused.wire.change(FlowFailed{std::make_error_code(std::errc::connection_refused)});
  ASSERT_TRUE(refused.link.failure());
  EXPECT_EQ(refused.link.failure()->error, Errc::connect_failed);
  EXPECT_NE(refused.link.failure()->detail.find("refused"), std::string::npos);

  Bench silent;
  silent.wire.resolve({first});
  silent.wire.wait(10s);
  ASSERT_TRUE(silent.link.failure());
  EXPECT_EQ(silent.link.failure()->error, Errc::timed_out);
  EXPECT_FALSE(silent.link.next_timeout());
  EXPECT_EQ(silent.wire.asked<CloseFlow>().size(), 1U);
}

TEST(StreamLink, BoundsWhatNobodyTakes) {
  Bench bench;
  bench.link.send(bench.wire.now, std::string(StreamLink::max_unsent_bytes, 'x'));
  EXPECT_FALSE(bench.link.failure());
  bench.link.send(bench.wire.now, "y");
  ASSERT_TRUE(bench.link.failure());
  EXPECT_EQ(bench.link.failure()->error, Errc::too_much_unsent);
}

TEST(StreamLink, IgnoresWhatBelongsToOthers) {
  Bench bench;
  bench.wire.resolve({first});
  EXPECT_FALSE(bench.link.handle_bytes(bench.wire.now, FlowId{99}, as_bytes("x")));
  EXPECT_FALSE(bench.link.handle_flow(bench.wire.now, FlowId{99}, FlowOpened{}));
  EXPECT_FALSE(bench.link.handle_resolved(bench.wire.now, 99, {}));
}

TEST(StreamLink, CloseComesBehindWhatWasSent) {
  Bench bench;
  bench.wire.resolve({first});
  bench.wire.open();
  bench.link.send(bench.wire.now, "last");
  bench.link.close(bench.wire.now);
  EXPECT_FALSE(bench.link.drained());
  bench.wire.take();
  EXPECT_EQ(bench.wire.sent[bench.wire.last_flow()], "last");
  EXPECT_EQ(bench.wire.asked<CloseFlow>().size(), 1U);
  EXPECT_TRUE(bench.link.drained());
}

// The bytes of one side, given to the other, until both are quiet.
void exchange(Bench& bench, tls::Connection& server) {
  std::size_t given = 0;
  for (bool moved = true; moved;) {
    moved = false;
    std::string& sent = bench.wire.sent[bench.wire.last_flow()];
    if (sent.size() > given) {
      const std::string bytes = sent.substr(given);
      given = sent.size();
      server.handle_bytes(bench.wire.now, as_bytes(bytes));
      moved = true;
    }
    while (auto packet = server.poll_packet()) {
      bench.wire.give(as_text(packet->bytes()));
      moved = true;
    }
  }
}

TEST(StreamLink, SpeaksTlsWithWhomTheCertificateNames) {
  const auto identity = tls::ServerIdentity::self_signed({"server.example"});
  ASSERT_TRUE(identity);
  auto server = tls::Connection::server(TimePoint{}, tls::Transport::stream, *identity);
  ASSERT_TRUE(server);
  Bench bench({"server.example", 443, true},
              {.ca_pem = identity->certificate_pem(), .use_system_roots = false});
  bench.link.send(bench.wire.now, "question");
  bench.wire.resolve({first});
  bench.wire.open();

  exchange(bench, *server);

  EXPECT_TRUE(bench.link.ready());
  std::string heard;
  while (auto event = server->poll_event()) {
    if (const auto* data = std::get_if<tls::Data>(&*event)) heard += as_text(data->payload.bytes());
  }
  EXPECT_EQ(heard, "question");
  ASSERT_TRUE(server->send(bench.wire.now, as_bytes("answer")));
  server->close(bench.wire.now);
  while (auto packet = server->poll_packet()) bench.wire.give(as_text(packet->bytes()));
  EXPECT_EQ(bench.link.take_received(), "answer");
  EXPECT_TRUE(bench.link.ended());
}

TEST(StreamLink, RefusesSomebodyElsesCertificate) {
  const auto identity = tls::ServerIdentity::self_signed({"other.example"});
  auto server = tls::Connection::server(TimePoint{}, tls::Transport::stream, *identity);
  Bench bench({"server.example", 443, true},
              {.ca_pem = identity->certificate_pem(), .use_system_roots = false});
  bench.wire.resolve({first});
  bench.wire.open();

  exchange(bench, *server);

  ASSERT_TRUE(bench.link.failure());
  EXPECT_EQ(bench.link.failure()->error, tls::Errc::certificate_name_mismatch);
}

}  // namespace
}  // namespace petrel::inline v0::web
