#include "petrel/io/tcp_relay.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/base/errc.hpp"
#include "petrel/io/turn_server.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

const Endpoint loopback = Endpoint::v4(127, 0, 0, 1, 0);

turn_server::ServerConfig server_config() {
  turn_server::ServerConfig config;
  config.listeners = {{loopback, TransportProtocol::tcp}};
  config.realm = "example.org";
  config.users = {{"alice", "wonderland"}};
  config.allow_peers = {*IpPrefix::parse("127.0.0.0/8")};
  return config;
}

// A peer that echoes, and connects where it is told.
class Peer final : public io::NetworkUser {
 public:
  explicit Peer(Network& network) : network_(network), id_(network.attach(*this)) {
    network_.request(id_, Listen{{1}, loopback});
  }
  ~Peer() { network_.detach(id_); }

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) {
      received += as_text(each.payload);
      if (each.flow >= first_accepted_flow) write(each.flow, each.payload);
    }
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      if (flow == FlowId{1}) at = opened->local;
      if (flow == FlowId{2}) write(flow, as_bytes("from outside"));
    }
    if (std::holds_alternative<FlowClosed>(change)) ++closed;
    if (std::holds_alternative<FlowFailed>(change)) ++failed;
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {}
  void on_writable() override {}
  void on_network_gone() override {}

  void connect(const Endpoint& remote) { network_.request(id_, Connect{{2}, {}, remote}); }
  void write(FlowId flow, Bytes bytes) {
    std::vector<Transmit> transmits;
    while (!bytes.empty()) {
      const Bytes piece = bytes.first(std::min(bytes.size(), PacketBuffer::capacity));
      transmits.push_back({flow, {}, PacketBuffer::copy_of(piece).value()});
      bytes = bytes.subspan(piece.size());
    }
    network_.send(id_, transmits);
  }

  std::optional<Endpoint> at;
  std::string received;
  int closed = 0;
  int failed = 0;

 private:
  Network& network_;
  io::NetworkUserId id_;
};

struct TcpRelays : testing::Test {
  asio::io_context io{1};
  Network network{io.get_executor(), {.include_loopback = true}};
  TurnServer server{network, server_config()};
  Peer peer{network};

  bool run_until(const std::function<bool()>& done) {
    io.restart();
    while (!done() && io.run_one_for(10s) != 0) continue;
    return done();
  }
  /// Runs a coroutine to its end; what it throws is thrown.
  void run(std::function<asio::awaitable<void>()> coroutine) {
    bool done = false;
    std::exception_ptr error;
    asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr thrown) {
      done = true;
      error = thrown;
    });
    ASSERT_TRUE(run_until([&] { return done; }));
    if (error) std::rethrow_exception(error);
  }
  TcpRelayConfig config() {
    EXPECT_TRUE(run_until([&] { return server.local_endpoints().size() == 1 && peer.at; }));
    const std::string port = std::to_string(server.local_endpoints()[0].port);
    return {
        .url = "turn:127.0.0.1:" + port + "?transport=tcp", .username = "alice", .password = "wonderland"};
  }
};

TEST_F(TcpRelays, CarryMegabytesToAPeerAndBack) {
  TcpRelay relay(network, config());
  std::string text(20'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 2654435761U >> 13);
  std::string echoed;
  run([&]() -> asio::awaitable<void> {
    RelayedStream stream = co_await relay.connect(*peer.at);
    EXPECT_EQ(stream.peer(), *peer.at);
    bool sent = false;
    // In pieces, of which none has to wait by itself.
    const auto send = [&]() -> asio::awaitable<void> {
      for (std::size_t at = 0; at < text.size(); at += 10'000) {
        co_await stream.send(as_bytes(std::string_view(text).substr(at, 10'000)));
      }
    };
    asio::co_spawn(io, send, [&](std::exception_ptr error) { sent = !error; });
    while (echoed.size() < text.size()) {
      const auto bytes = co_await stream.receive();
      if (!bytes) break;
      echoed += as_text(bytes->bytes());
    }
    EXPECT_TRUE(sent);
    stream.close();
  });
  EXPECT_EQ(echoed, text);
  EXPECT_TRUE(run_until([&] { return peer.closed == 1 && server.stats().peer_connections == 0; }));
  relay.close();
  EXPECT_TRUE(run_until([&] { return server.stats().allocations == 0; }));
}

// One coroutine that does one thing at a time: nobody but it wakes it.
TEST_F(TcpRelays, EchoMegabytesOfAPeer) {
  TcpRelay relay(network, config());
  ASSERT_TRUE(relay.permit(loopback.address));
  const std::string text(3'000'000, 'x');
  std::size_t size = 0;
  run([&]() -> asio::awaitable<void> {
    peer.connect(co_await relay.allocated());
    RelayedStream stream = co_await relay.accept();
    peer.write(FlowId{2}, as_bytes(text));
    while (size < text.size()) {
      const auto bytes = co_await stream.receive();
      if (!bytes) break;
      size += bytes->size();
      co_await stream.send(bytes->bytes());
    }
  });
  // And the greeting, of which the rest may still be on its way.
  EXPECT_TRUE(run_until([&] { return peer.received.size() >= text.size(); }));
}

TEST_F(TcpRelays, AcceptPeersThatArePermitted) {
  TcpRelay relay(network, config());
  ASSERT_TRUE(relay.permit(loopback.address));
  std::string received;
  run([&]() -> asio::awaitable<void> {
    const Endpoint where = co_await relay.allocated();
    peer.connect(where);
    RelayedStream stream = co_await relay.accept();
    while (received.size() < 12) received += as_text((co_await stream.receive()).value().bytes());
    co_await stream.send(as_bytes("welcome"));
    stream.close();
    EXPECT_THROW(co_await stream.send(as_bytes("more")), std::system_error);
    EXPECT_THROW((void)co_await stream.receive(), std::system_error);
  });
  EXPECT_EQ(received, "from outside");
  ASSERT_TRUE(run_until([&] { return peer.closed == 1; }));
  EXPECT_EQ(peer.received, "welcome");
}

TEST_F(TcpRelays, SayWhatWentWrong) {
  TcpRelayConfig wrong = config();
  wrong.password = "looking-glass";
  TcpRelay relay(network, wrong);
  std::error_code error;
  run([&]() -> asio::awaitable<void> {
    try {
      co_await relay.allocated();
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
  });
  EXPECT_EQ(error, turn::Errc::wrong_credentials);
  EXPECT_NE(relay.report().text.find("wrong username or password"), std::string::npos) << relay.report().text;

  TcpRelay good(network, config());
  run([&]() -> asio::awaitable<void> {
    try {
      co_await good.connect(Endpoint::v4(127, 0, 0, 1, 1));
    } catch (const std::system_error& thrown) {
      error = thrown.code();
    }
  });
  EXPECT_EQ(error, turn::Errc::connection_failed);
  EXPECT_THROW(TcpRelay(network, {.url = "turn:127.0.0.1"}), std::system_error);
  EXPECT_THROW(TcpRelay(network, {.url = "stun:127.0.0.1"}), std::system_error);
}

TEST_F(TcpRelays, WakeWhoeverWaitsWhenTheyAreClosed) {
  TcpRelay relay(network, config());
  std::error_code error;
  bool done = false;
  const auto wait = [&]() -> asio::awaitable<void> {
    try {
      co_await relay.accept();
    } catch (const std::system_error& caught) {
      error = caught.code();
    }
    done = true;
  };
  asio::co_spawn(io, wait, [](std::exception_ptr) {});
  ASSERT_TRUE(run_until([&] { return server.stats().allocations == 1; }));
  relay.close();
  ASSERT_TRUE(run_until([&] { return done; }));
  EXPECT_EQ(error, make_error_code(Errc::closed));
}

}  // namespace
}  // namespace petrel::inline v0
