#include "turn_server/core.hpp"

#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

void add_udp(stun::Builder& builder) { builder.requested_transport(17); }

struct CoreTest : ::testing::Test {
  ServerBench bench;
  ScriptedClient client{bench};
};

// ---- Binding -------------------------------------------------------------------------------

TEST_F(CoreTest, AnswersBindingRequests) {
  const Reply answer = client.exchange(client.plain(Method::binding)).value();
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(answer->xor_mapped_address(), client_address);
  EXPECT_FALSE(answer->has_fingerprint());
  EXPECT_EQ(answer.size(), 32u);
}

TEST_F(CoreTest, AnswersAFingerprintWithOne) {
  client.fingerprint = true;
  EXPECT_TRUE(client.exchange(client.plain(Method::binding)).value()->fingerprint_ok());
}

TEST_F(CoreTest, NamesAttributesOfABindingRequestThatItDoesNotKnow) {
  const PacketBuffer request =
      client.plain(Method::binding, [](auto& b) { b.attribute(stun::AttributeType{0x0003}, {}); });
  const Reply answer = client.exchange(request).value();
  EXPECT_EQ(answer.code(), 420);
  EXPECT_EQ((*answer->unknown_attributes())[0], stun::AttributeType{0x0003});
  EXPECT_LE(answer.size() * 2, request.size() * 3) << "no more than half as much again";
}

TEST_F(CoreTest, IgnoresWhatIsNoRequestOfAKnownMethod) {
  const auto send = [&](stun::Class message_class, Method method) {
    stun::Builder builder(message_class, method, client.next_id());
    bench.receive(first_listener, client_address, builder.finish({.fingerprint = false}).value().bytes());
  };
  send(stun::Class::indication, Method::binding);
  send(stun::Class::indication, Method::allocate);
  send(stun::Class::indication, Method::data);
  send(stun::Class::success_response, Method::binding);
  send(stun::Class::error_response, Method::allocate);
  send(stun::Class::request, Method{0x00d});
  send(stun::Class::request, Method{0xfff});
  send(stun::Class::request, Method::data);
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.server.stats().unexpected, 7u);
}

TEST_F(CoreTest, IgnoresEveryTruncationOfARequest) {
  const PacketBuffer request = client.plain(Method::allocate, add_udp);
  for (std::size_t size = 0; size < request.size(); ++size) {
    bench.receive(first_listener, client_address, request.bytes().first(size));
  }
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.server.stats().malformed, request.size());
}

TEST_F(CoreTest, IgnoresAWrongFingerprintAndPortZero) {
  client.fingerprint = true;
  PacketBuffer request = client.plain(Method::binding);
  request.data()[request.size() - 1] ^= std::byte{1};
  EXPECT_FALSE(client.exchange(request));
  client.fingerprint = false;
  bench.receive(first_listener, {client_address.address, 0}, client.plain(Method::binding).bytes());
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(CoreTest, IsAStunServerAloneIfToldSo) {
  ServerConfig config;
  config.listeners = {{{server_address, 3478}}};
  config.stun_only = true;
  ServerBench stun_only(config);
  ScriptedClient asker(stun_only);
  EXPECT_EQ(asker.exchange(asker.plain(Method::binding))->code(), 0);
  EXPECT_FALSE(asker.exchange(asker.plain(Method::allocate, add_udp)));
  EXPECT_FALSE(asker.exchange(asker.signed_request(Method::allocate, add_udp)));
}

// ---- Floods --------------------------------------------------------------------------------

TEST_F(CoreTest, AnswersAFloodOfBindingRequestsAtItsRate) {
  for (int i = 0; i < 10'000; ++i) client.exchange(client.plain(Method::binding));
  EXPECT_EQ(bench.server.stats().bindings_answered, 100u);
  EXPECT_EQ(bench.server.stats().rate_limited, 9'900u);
  bench.advance(1s);
  for (int i = 0; i < 1'000; ++i) client.exchange(client.plain(Method::binding));
  EXPECT_EQ(bench.server.stats().bindings_answered, 200u);
}

TEST_F(CoreTest, KeepsNothingOfAFloodOfAllocateRequests) {
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const Endpoint forged =
        Endpoint::v4(static_cast<std::uint8_t>(1 + i % 200), static_cast<std::uint8_t>(i >> 16),
                     static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i),
                     static_cast<std::uint16_t>(1 + i % 60'000));
    bench.receive(first_listener, forged, client.plain(Method::allocate, add_udp).bytes());
    bench.sent.clear();
  }
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt) << "nothing waits for anything";
  EXPECT_EQ(bench.relay_sockets(), 0u);
}

TEST_F(CoreTest, LeavesARunningCallAloneInAFlood) {
  client.allocate();
  client.bind(0x4000, peer_address);
  // Somebody asks in the client's own name, from other ports of the same address, and in masses.
  ScriptedClient forger(bench, {client_address.address, 9});
  forger.password = "guessed";
  forger.nonce = client.nonce;
  for (int i = 0; i < 1'000; ++i) {
    forger.exchange(forger.signed_request(Method::allocate, add_udp));
    forger.exchange(forger.plain(Method::binding));
    bench.receive(first_listener, {client_address.address, 9}, as_bytes("garbage"));
  }
  bench.sent.clear();
  EXPECT_GT(bench.server.stats().rate_limited, 0u);
  client.send_channel(0x4000, "hello");
  EXPECT_EQ(as_text(bench.take()->bytes), "hello");
  EXPECT_EQ(client.code_of(Method::refresh), 0);
  EXPECT_EQ(client.permit(peer_address), 0);
}

TEST_F(CoreTest, ChecksNoPasswordsForAFlood) {
  client.fetch_nonce();
  client.password = "guessed";
  for (int i = 0; i < 10'000; ++i) client.exchange(client.signed_request(Method::allocate, add_udp));
  EXPECT_EQ(bench.server.stats().wrong_passwords, 99u) << "a hundred answers, and the first was the nonce";
}

TEST_F(CoreTest, SendsNothingBiggerThanARequestButTheChallenge) {
  client.fetch_nonce();
  const auto request = client.signed_request(Method::allocate, add_udp);
  stun::Builder half(stun::Class::request, Method::allocate, client.next_id());
  crypto::HmacSha1Key key(client.key());
  const auto unnamed = half.finish({.integrity = &key, .fingerprint = false}).value();
  const Reply refused = client.exchange(unnamed).value();
  EXPECT_EQ(refused.code(), 400);
  EXPECT_LE(refused.size(), unnamed.size());
}

// ---- Flows ---------------------------------------------------------------------------------

TEST(Core, TellsWhichListenersOpened) {
  ServerConfig config = test_config();
  config.listeners.push_back({{server_address, 3478}, TransportProtocol::tcp});
  testing::SeededRandom random(1);
  Server server = Server::create(TimePoint{}, config, random).value();
  EXPECT_EQ(std::get<BindUdp>(*server.poll_request()).local, config.listeners[0].local);
  EXPECT_EQ(std::get<Listen>(*server.poll_request()).local, config.listeners[1].local);
  EXPECT_FALSE(server.poll_request());
  server.handle_flow({}, FlowId{2}, FlowOpened{{server_address, 3478}});
  server.handle_flow({}, FlowId{1}, FlowFailed{make_error_code(petrel::Errc::busy)});
  const auto opened = std::get<ListenerOpened>(*server.poll_event());
  EXPECT_EQ(opened.index, 1u);
  EXPECT_EQ(opened.local.port, 3478);
  const auto failed = std::get<ListenerFailed>(*server.poll_event());
  EXPECT_EQ(failed.index, 0u);
  EXPECT_EQ(failed.error, petrel::Errc::busy);
  EXPECT_FALSE(server.poll_event());
}

TEST_F(CoreTest, LeavesFlowsOfOthersAlone) {
  EXPECT_FALSE(bench.receive(FlowId{99}, client_address, client.plain(Method::binding).bytes()));
  EXPECT_FALSE(bench.receive(first_accepted_flow, client_address, client.plain(Method::binding).bytes()));
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(CoreTest, IsSilentOnceItIsClosed) {
  const FlowId flow = bench.flow_at(client.allocate([](auto& b) { b.even_port(true); }).port);
  bench.server.close(bench.now);
  bench.settle();
  EXPECT_TRUE(bench.closed.contains(flow));
  EXPECT_TRUE(bench.closed.contains(first_listener));
  EXPECT_EQ(bench.relay_sockets(), 0u);
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
  EXPECT_FALSE(bench.receive(first_listener, client_address, client.plain(Method::binding).bytes()));
  bench.server.close(bench.now);
  EXPECT_FALSE(bench.server.poll_request());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
