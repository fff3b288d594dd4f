#include <algorithm>
#include <string>

#include "petrel/tls/connection.hpp"
#include "petrel/turn/channel_data.hpp"
#include "petrel/turn/stream_deframer.hpp"
#include "turn/scripted_server.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

class ClientOverTcp : public ScriptedServer {
 protected:
  ClientOverTcp() { config.protocol = TransportProtocol::tcp; }
};

TEST_F(ClientOverTcp, SendsARequestOnceAndWaits) {
  config.setup_limit = 60s;
  begin();
  expect_request(Method::allocate);
  run_until(start + 39'500ms - 1ns);
  expect_silence();
  EXPECT_FALSE(client->poll_event());
  run_until(start + 39'500ms);
  EXPECT_EQ(loss(), Errc::timed_out);
}

TEST_F(ClientOverTcp, ReadsAStreamThatIsCutAnywhere) {
  allocate();
  permit(peer);
  bind_channel(peer);
  std::vector<std::byte> stream;
  for (const std::string_view text : {"a", "bc", "def", "ghij", ""}) {
    auto packet = PacketBuffer::copy_of(as_bytes(text)).value();
    prepend_channel_data(packet, 0x4000, true);
    stream.insert(stream.end(), packet.bytes().begin(), packet.bytes().end());
  }
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    EXPECT_TRUE(deliver(Bytes(stream).first(cut)));
    EXPECT_TRUE(deliver(Bytes(stream).subspan(cut)));
    std::string all;
    while (const auto received = take_event<Received>()) {
      all += as_text(received->payload.bytes());
      all += '|';
    }
    EXPECT_EQ(all, "a|bc|def|ghij||") << cut;
  }
}

TEST_F(ClientOverTcp, PadsWhatItSends) {
  allocate();
  permit(peer);
  bind_channel(peer);
  ASSERT_TRUE(send(peer, "abcde"));
  EXPECT_TRUE(equal(take()->bytes(), testing::hex("40000005 6162636465 000000")));
}

TEST_F(ClientOverTcp, TakesTheLargestPacketThereIs) {
  allocate();
  permit(peer);
  EXPECT_EQ(client->max_payload(IpFamily::v4), PacketBuffer::capacity);
  EXPECT_TRUE(send(peer, std::string(PacketBuffer::capacity, 'x')));
  EXPECT_EQ(take()->view().data()->size(), PacketBuffer::capacity);
}

TEST_F(ClientOverTcp, DropsDataWhileTheStreamIsFull) {
  allocate();
  permit(peer);
  client->handle_flow(now, flow, FlowCongested{});
  EXPECT_EQ(send(peer, "x").error(), Errc::congested);
  EXPECT_EQ(client->stats().congested_dropped, 1U);
  client->permit(now, other_peer.address);  // Requests are few, and not dropped.
  expect_request(Method::create_permission);
  client->handle_flow(now, FlowId{8}, FlowWritable{});
  EXPECT_EQ(send(peer, "x").error(), Errc::congested);
  client->handle_flow(now, flow, FlowWritable{});
  EXPECT_TRUE(send(peer, "x"));
}

TEST_F(ClientOverTcp, IsLostWithItsStream) {
  allocate();
  client->handle_flow(now, FlowId{8}, FlowClosed{});
  EXPECT_FALSE(client->poll_event());
  client->handle_flow(now, flow, FlowClosed{});
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::connection_closed);
  EXPECT_EQ(lost->detail, "no connection to 192.0.2.1:3478: the server closed it");
}

TEST_F(ClientOverTcp, IsLostWhenTheStreamCarriesSomethingElse) {
  begin();
  EXPECT_TRUE(deliver(as_bytes("SSH-2.0-OpenSSH\r\n")));
  EXPECT_EQ(loss(), Errc::bad_framing);
}

TEST_F(ClientOverTcp, EndsAtAnAnswerThatIsNotSigned) {
  begin();
  challenge(expect_request(Method::allocate));
  auto forged = success(expect_request(Method::allocate));
  deliver_unsigned(forged.xor_relayed_address(relayed));
  EXPECT_EQ(loss(), Errc::unauthentic_answer);  // RFC 8489 9.2.5
}

TEST_F(ClientOverTcp, SendsNoKeepalive) {
  allocate();
  run_until(start + 100s);
  expect_silence();
}

TEST_F(ClientOverTcp, CountsWhatIsNotForClients) {
  allocate();
  stun::Builder request(stun::Class::request, Method::binding, {});
  EXPECT_TRUE(deliver_unsigned(request));
  EXPECT_EQ(client->stats().unexpected, 1U);
}

// A server behind TLS or DTLS: what the script sees is what was inside.
class ClientOverTls : public ::testing::TestWithParam<TransportProtocol> {
 protected:
  static constexpr FlowId flow{7};
  const Endpoint server_address = Endpoint::v4(192, 0, 2, 1, 5349);

  bool is_datagram() const { return GetParam() == TransportProtocol::dtls; }

  ClientConfig config_of(std::string name) const {
    return {.flow = flow,
            .server = server_address,
            .protocol = GetParam(),
            .server_name = std::move(name),
            .credentials = {"alice", "secret"},
            .tls = {.ca_pem = identity.certificate_pem(), .use_system_roots = false}};
  }

  // Carries everything between the two until nothing moves.
  void exchange(Client& client) {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto transmit = client.poll_transmit()) {
        moved = true;
        server.handle_bytes(now, transmit->payload.bytes());
      }
      while (auto event = server.poll_event()) {
        if (auto* data = std::get_if<tls::Data>(&*event)) hear(data->payload.bytes());
      }
      while (const auto packet = server.poll_packet()) {
        moved = true;
        client.handle_datagram(now, {flow, server_address, {}, packet->bytes()});
      }
    }
  }
  void hear(Bytes bytes) {
    if (is_datagram()) return answer(bytes);
    deframer.feed(bytes);
    while (const auto message = deframer.next()) answer(*message);
  }
  void answer(Bytes message) {
    heard.emplace_back(message);
    if (begins_channel_data(message[0])) return;
    const auto view = stun::MessageView::parse(message).value();
    if (view.message_class() != stun::Class::request) return;
    if (!view.has_integrity()) {
      stun::Builder out(stun::Class::error_response, view.method(), view.id());
      return say(out.error_code(401, "").realm("r").nonce("n").finish().value().bytes());
    }
    crypto::HmacSha1Key key(stun::long_term_key_md5({"alice", "r", "secret"}));
    stun::Builder out(stun::Class::success_response, view.method(), view.id());
    out.xor_relayed_address(Endpoint::v4(192, 0, 2, 1, 49'152))
        .xor_mapped_address(Endpoint::v4(1, 2, 3, 4, 5));
    say(out.lifetime(600).finish({.integrity = &key}).value().bytes());
  }
  void say(Bytes message) { EXPECT_TRUE(server.send(now, message) || !server.open()); }

  TimePoint now{};
  testing::SeededRandom random{1};
  tls::ServerIdentity identity = tls::ServerIdentity::self_signed({"turn.example.org"}).value();
  tls::Connection server =
      tls::Connection::server(
          now, GetParam() == TransportProtocol::dtls ? tls::Transport::datagram : tls::Transport::stream,
          identity)
          .value();
  StreamDeframer deframer;
  std::vector<OwnedMessage> heard;
};

TEST_P(ClientOverTls, AllocatesBehindAHandshake) {
  Client client(now, config_of("turn.example.org"), random);
  EXPECT_EQ(client.stage(), Stage::handshake);
  exchange(client);
  EXPECT_EQ(client.stage(), Stage::allocated);
  const auto event = client.poll_event();
  EXPECT_TRUE(event && std::holds_alternative<Allocated>(*event));
}

TEST_P(ClientOverTls, CarriesDataBothWays) {
  Client client(now, config_of("turn.example.org"), random);
  exchange(client);
  client.poll_event();
  const Endpoint peer = Endpoint::v4(198, 51, 100, 3, 4000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(now, peer, PacketBuffer::copy_of(as_bytes("media")).value()));
    exchange(client);
  }
  const auto view = ChannelDataView::parse(heard.back().bytes());
  ASSERT_TRUE(view);
  EXPECT_EQ(as_text(view->payload), "media");

  auto packet = PacketBuffer::copy_of(as_bytes("back")).value();
  prepend_channel_data(packet, view->channel, true);
  say(packet.bytes());
  exchange(client);
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<Received>(*event));
  EXPECT_EQ(as_text(std::get<Received>(*event).payload.bytes()), "back");
}

TEST_P(ClientOverTls, TakesTheLargestPacketThatItPromises) {
  Client client(now, config_of("turn.example.org"), random);
  exchange(client);
  const Endpoint peer = *Endpoint::parse("198.51.100.3:4000");
  client.permit(now, peer.address);
  exchange(client);
  const std::size_t most = client.max_payload(IpFamily::v4);
  ASSERT_TRUE(client.send(now, peer, PacketBuffer::copy_of(std::vector<std::byte>(most)).value()));
  exchange(client);
  EXPECT_EQ(client.stats().packets_sent, 1U);
  EXPECT_EQ(client.stats().unsent_dropped, 0U);
}

TEST_P(ClientOverTls, TrustsNoOtherServer) {
  Client client(now, config_of("turn.example.com"), random);
  exchange(client);
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<Lost>(*event));
  const Lost& lost = std::get<Lost>(*event);
  EXPECT_EQ(lost.error, tls::Errc::certificate_name_mismatch);
  EXPECT_EQ(lost.detail.substr(0, 30), "no TLS with turn.example.com: ");
  EXPECT_EQ(client.report().reached, Stage::handshake);
  EXPECT_EQ(client.next_timeout(), std::nullopt);
}

TEST_P(ClientOverTls, FailsWithoutAnythingToTrust) {
  ClientConfig config = config_of("turn.example.org");
  config.tls.ca_pem.clear();
  Client client(now, config, random);
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<Lost>(*event));
  EXPECT_EQ(std::get<Lost>(*event).error, tls::Errc::bad_roots);
}

TEST_P(ClientOverTls, GivesTheAllocationBackBeforeItCloses) {
  Client client(now, config_of("turn.example.org"), random);
  exchange(client);
  client.close(now);
  exchange(client);
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back().view().method(), Method::refresh);
  EXPECT_EQ(heard.back().view().lifetime(), 0U);
  EXPECT_FALSE(server.open());
}

TEST_P(ClientOverTls, IsLostWhenTheServerClosesTheConnection) {
  Client client(now, config_of("turn.example.org"), random);
  exchange(client);
  client.poll_event();
  server.close(now);
  exchange(client);
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<Lost>(*event));
  EXPECT_EQ(std::get<Lost>(*event).error, Errc::connection_closed);
}

TEST_P(ClientOverTls, GivesUpAHandshakeThatNobodyAnswers) {
  ClientConfig config = config_of("turn.example.org");
  config.setup_limit = 9s;
  Client client(now, config, random);
  while (client.poll_transmit()) {
  }
  // The retransmissions of DTLS follow a clock of OpenSSL's own; the end does not.
  client.handle_timeout(now + 9s - 1ns);
  EXPECT_FALSE(client.poll_event());
  client.handle_timeout(now + 9s);
  const auto event = client.poll_event();
  EXPECT_TRUE(event && std::holds_alternative<Lost>(*event));
}

INSTANTIATE_TEST_SUITE_P(Protocols, ClientOverTls,
                         ::testing::Values(TransportProtocol::tls, TransportProtocol::dtls),
                         [](const auto& test) {
                           return test.param == TransportProtocol::tls ? "Tls" : "Dtls";
                         });

}  // namespace
}  // namespace petrel::inline v0::turn
