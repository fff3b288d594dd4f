#include "turn_server/dtls_sessions.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

const tls::ServerIdentity& identity() {
  static const auto made = tls::ServerIdentity::self_signed({"turn.example"}, 1'700'000'000).value();
  return made;
}

ServerConfig dtls_config() {
  ServerConfig config = test_config();
  config.listeners[0].protocol = TransportProtocol::dtls;
  config.identity = identity();
  config.limits.connections = 3;
  config.limits.connections_per_source = 2;
  return config;
}

struct DtlsTest : ::testing::Test {
  // One who speaks DTLS from an address.
  struct Talker {
    explicit Talker(DtlsTest& its_test, Endpoint its_address = client_address)
        : test(its_test), at(its_address), dtls(tls::Connection::client(test.bench.now, config()).value()) {}
    static tls::ClientConfig config() {
      tls::ClientConfig config;
      config.transport = tls::Transport::datagram;
      config.dangerously_skip_verification = true;
      config.alpn = {"stun.turn"};
      return config;
    }

    // Carries packets both ways until nothing moves; the messages that came out.
    std::vector<std::vector<std::byte>> carry() {
      std::vector<std::vector<std::byte>> messages;
      bool moved = true;
      while (std::exchange(moved, false)) {
        while (const auto packet = dtls.poll_packet()) {
          test.bench.receive(first_listener, at, packet->bytes());
          moved = true;
        }
        while (const auto sent = test.bench.take()) {
          if (sent->destination != at) {
            elsewhere.push_back(*sent);
            continue;
          }
          dtls.handle_bytes(test.bench.now, sent->bytes);
          moved = true;
        }
        while (auto event = dtls.poll_event()) {
          if (auto* data = std::get_if<tls::Data>(&*event)) {
            messages.push_back(testing::to_vector(data->payload.bytes()));
          }
          if (const auto* connected = std::get_if<tls::Connected>(&*event)) alpn = connected->alpn;
          closed = closed || std::holds_alternative<tls::Closed>(*event);
        }
      }
      return messages;
    }
    std::optional<Reply> exchange(const PacketBuffer& request) {
      EXPECT_TRUE(dtls.send(test.bench.now, request.bytes()));
      auto messages = carry();
      if (messages.empty()) return std::nullopt;
      return Reply(messages[0]);
    }

    DtlsTest& test;
    Endpoint at;
    tls::Connection dtls;
    std::string alpn;
    bool closed = false;
    std::vector<Sent> elsewhere;
  };
  std::size_t sessions() const { return bench.server.stats().connections; }

  ServerBench bench{dtls_config()};
  ScriptedClient script{bench};
};

TEST_F(DtlsTest, CarriesRequestsAndData) {
  Talker talker(*this);
  const Reply challenge = talker.exchange(script.plain(Method::allocate)).value();
  EXPECT_TRUE(talker.dtls.connected());
  EXPECT_EQ(talker.alpn, "stun.turn");
  EXPECT_EQ(challenge.code(), 401);
  script.nonce = challenge->nonce().value();
  const Reply allocated =
      talker.exchange(script.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); }))
          .value();
  ASSERT_EQ(allocated.code(), 0);
  EXPECT_EQ(allocated->xor_mapped_address(), client_address);
  const auto bind = script.signed_request(
      Method::channel_bind, [](auto& b) { b.channel_number(0x4000).xor_peer_address(peer_address); });
  EXPECT_EQ(talker.exchange(bind).value().code(), 0);

  PacketBuffer channel = PacketBuffer::copy_of(as_bytes("hello")).value();
  turn::prepend_channel_data(channel, 0x4000, false);
  ASSERT_TRUE(talker.dtls.send(bench.now, channel.bytes()));
  talker.carry();
  ASSERT_EQ(talker.elsewhere.size(), 1u);
  EXPECT_EQ(talker.elsewhere[0].destination, peer_address);
  EXPECT_EQ(as_text(talker.elsewhere[0].bytes), "hello");

  bench.receive(talker.elsewhere[0].flow, peer_address, as_bytes("answer"));
  const auto messages = talker.carry();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], testing::hex("4000 0006 616e73776572")) << "not padded, RFC 8656 12.5";
}

TEST_F(DtlsTest, AnswersBindingRequests) {
  Talker talker(*this);
  EXPECT_EQ(talker.exchange(script.plain(Method::binding)).value()->xor_mapped_address(), client_address);
}

TEST_F(DtlsTest, KeepsNothingOfWhoDoesNotSendItsCookieBack) {
  for (std::uint8_t spoofed = 1; spoofed < 50; ++spoofed) {
    Talker talker(*this, Endpoint::v4(203, 0, 113, spoofed, 5000));
    const auto hello = talker.dtls.poll_packet();
    bench.receive(first_listener, talker.at, hello->bytes());
    const auto answer = bench.take();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->destination, talker.at);
    EXPECT_LT(answer->bytes.size(), hello->size()) << "nobody is sent more than he asked for";
    EXPECT_FALSE(bench.take());
  }
  EXPECT_EQ(sessions(), 0u);
  EXPECT_FALSE(bench.server.next_timeout());
}

TEST_F(DtlsTest, TakesACookieFromNobodyElse) {
  Talker talker(*this);
  bench.receive(first_listener, talker.at, talker.dtls.poll_packet()->bytes());
  talker.dtls.handle_bytes(bench.now, bench.take()->bytes);
  const auto second_hello = talker.dtls.poll_packet();
  ASSERT_TRUE(second_hello);
  bench.receive(first_listener, {talker.at.address, 9}, second_hello->bytes());
  EXPECT_EQ(sessions(), 0u);
  bench.receive(first_listener, talker.at, second_hello->bytes());
  EXPECT_EQ(sessions(), 1u);
}

TEST_F(DtlsTest, AnswersAFloodOfHellosWithinTheAllowance) {
  Talker talker(*this);
  const auto hello = talker.dtls.poll_packet();
  std::size_t answers = 0;
  for (int i = 0; i < 300; ++i) {
    bench.receive(first_listener, talker.at, hello->bytes());
    answers += bench.take() ? 1u : 0u;
  }
  EXPECT_EQ(answers, 100u);
  EXPECT_EQ(bench.server.stats().rate_limited, 200u);
}

TEST_F(DtlsTest, DropsWhatIsNoHello) {
  Talker talker(*this);
  const auto hello = talker.dtls.poll_packet();
  for (std::size_t size = 0; size < hello->size(); ++size) {
    bench.receive(first_listener, client_address, hello->bytes().first(size));
    EXPECT_FALSE(bench.take()) << size;
  }
  bench.receive(first_listener, client_address, script.plain(Method::binding).bytes());
  bench.receive(first_listener, {client_address.address, 0}, hello->bytes());
  EXPECT_FALSE(bench.take());
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(DtlsTest, LimitsSessions) {
  std::vector<std::unique_ptr<Talker>> talkers;
  const auto connects = [&](const Endpoint& at) {
    talkers.push_back(std::make_unique<Talker>(*this, at));
    talkers.back()->carry();
    return talkers.back()->dtls.connected();
  };
  const IpAddress other = IpAddress::v4(198, 51, 100, 8);
  EXPECT_TRUE(connects({client_address.address, 1}));
  EXPECT_TRUE(connects({client_address.address, 2}));
  EXPECT_FALSE(connects({client_address.address, 3})) << "two of one source";
  EXPECT_TRUE(connects({other, 1}));
  EXPECT_FALSE(connects({other, 2})) << "three of all";
  EXPECT_EQ(bench.server.stats().connections_refused, 2u);
  EXPECT_EQ(sessions(), 3u);
}

TEST_F(DtlsTest, EndsASessionThatAllocatesNothing) {
  Talker talker(*this);
  talker.carry();
  bench.advance(30s - 1ns);
  EXPECT_EQ(sessions(), 1u);
  bench.advance(1ns);
  EXPECT_EQ(sessions(), 0u);
  talker.carry();
  EXPECT_TRUE(talker.closed);
  EXPECT_EQ(bench.server.stats().connections_dropped, 1u);
  Talker again(*this);
  again.carry();
  EXPECT_TRUE(again.dtls.connected()) << "from the same port";
}

TEST_F(DtlsTest, ForgetsTheAllocationOfASessionThatEnds) {
  Talker talker(*this);
  script.nonce = talker.exchange(script.plain(Method::allocate)).value()->nonce().value();
  talker.exchange(script.signed_request(Method::allocate, [](auto& b) { b.requested_transport(17); }));
  bench.advance(60s);
  EXPECT_EQ(sessions(), 1u) << "with an allocation it may be quiet";
  EXPECT_EQ(bench.server.stats().allocations, 1u);
  talker.dtls.close(bench.now);
  talker.carry();
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(sessions(), 0u);
  EXPECT_EQ(bench.relay_sockets(), 0u);
}

TEST_F(DtlsTest, SaysGoodbyeWhenTheServerCloses) {
  Talker talker(*this);
  talker.carry();
  bench.server.close(bench.now);
  bench.settle();
  talker.carry();
  EXPECT_TRUE(talker.closed);
  EXPECT_TRUE(bench.bound.empty());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
