#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/seeded_openssl.hpp"
#include "support/seeded_random.hpp"
#include "support/virtual_wall_clock.hpp"

namespace {

using namespace petrel;
using turn_server::Server;

constexpr FlowId udp_listener{1};
constexpr FlowId tcp_listener{2};
constexpr FlowId dtls_listener{3};
constexpr std::size_t other_sockets = 3;  // Of NAT behaviour discovery.
const Endpoint dtls_client_at = Endpoint::v4(198, 51, 100, 9, 3000);
constexpr std::size_t max_allocations = 6;
constexpr std::size_t max_connections = 6;
constexpr std::size_t max_peer_connections = 5;

const tls::ServerIdentity& identity() {
  static const auto* made = [] {
    const testing::SeededOpenSsl openssl(1);
    return new tls::ServerIdentity(
        tls::ServerIdentity::self_signed({"a.example"}, testing::wall_clock_epoch).value());
  }();
  return *made;
}

turn_server::ServerConfig config() {
  turn_server::ServerConfig config;
  config.listeners = {{Endpoint::v4(192, 0, 2, 1, 3478)},
                      {Endpoint::v4(192, 0, 2, 1, 3478), TransportProtocol::tcp},
                      {Endpoint::v4(192, 0, 2, 1, 5349), TransportProtocol::dtls}};
  config.identity = identity();
  config.alternate = Endpoint::v4(192, 0, 2, 2, 3479);
  config.realm = "r";
  config.users = {{"a", "1"}, {"b", "2"}};
  config.relay_addresses = {{IpAddress::v4(192, 0, 2, 1)}, {IpAddress::parse("2001:db8::1").value()}};
  config.relay_ports = {50000, 50007};
  config.limits.allocations = max_allocations;
  config.limits.allocations_per_user = 4;
  config.limits.permissions = 3;
  config.limits.channels = 3;
  config.limits.connections = max_connections;
  config.limits.connections_per_source = 5;
  config.limits.peer_connections = max_peer_connections;
  config.limits.peer_connections_per_allocation = 3;
  return config;
}

// Plays the network, some clients, their peers and strangers, as the input says. It knows the
// passwords and signs what it makes, so that the inner parts are reached.
class Machine {
 public:
  explicit Machine(Bytes input)
      : in_(input), random_(1), server_(Server::create(now_, config(), random_).value()) {
    settle();
  }

  void run() {
    while (in_.remaining() > 0) {
      step(in_.u8());
      settle();
    }
    server_.close(now_);
    settle();
    PETREL_ASSERT(open_.empty() && !server_.next_timeout() && !server_.poll_transmit());
  }

 private:
  void step(std::uint8_t operation) {
    testing::set_wall_clock(now_);
    switch (operation % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        return request();
      case 4:
        return receive(client(), in_.bytes(std::min<std::size_t>(in_.u8(), in_.remaining())));
      case 5:
        return channel_data();
      case 6:
        return indication();
      case 7:
        return from_peer();
      case 8:
        now_ += std::chrono::milliseconds(in_.u16()) * 16;
        return server_.handle_timeout(now_);
      case 9:
        if (const auto due = server_.next_timeout()) {
          now_ = *due;
          server_.handle_timeout(now_);
          PETREL_ASSERT(!server_.next_timeout() || *server_.next_timeout() > now_);
        }
        return;
      case 10:
        return accept();
      case 11:
        return change_flow();
      case 12:
        return peer_connects();
      case 13:
        return from_peer_stream();
      case 14:
        return begin_dtls();
      case 15:
        return discover();
      default:
        return;
    }
  }

  struct Client {
    FlowId flow;
    Endpoint at;
  };
  Client client() {
    const std::uint8_t pick = in_.u8();
    const Endpoint at = Endpoint::v4(198, 51, 100, 1, static_cast<std::uint16_t>(1000 + pick % 4));
    if (pick % 8 == 7 && dtls_ && dtls_->connected()) return {dtls_listener, dtls_client_at};
    if (pick < 160 || streams_.empty()) return {udp_listener, at};
    const auto it = std::next(streams_.begin(), pick % static_cast<std::ptrdiff_t>(streams_.size()));
    return {it->first, it->second};
  }
  Endpoint peer() {
    static const std::array<const char*, 8> hosts = {"203.0.113.1", "203.0.113.2",   "192.0.2.1",
                                                     "127.0.0.1",   "10.0.0.1",      "2606:4700::1",
                                                     "2001:db8::1", "64:ff9b::a00:1"};
    const std::uint8_t pick = in_.u8();
    return {IpAddress::parse(hosts[pick % hosts.size()]).value(),
            static_cast<std::uint16_t>(50000 + pick / 32)};
  }
  void receive(const Client& from, Bytes bytes) {
    if (from.flow == dtls_listener && dtls_) {
      (void)dtls_->send(now_, bytes);
      return pump_dtls();
    }
    server_.handle_datagram(now_, {from.flow, from.at, Endpoint::v4(192, 0, 2, 1, 3478), bytes});
  }

  void request() {
    static constexpr std::array methods = {stun::Method::allocate,     stun::Method::allocate,
                                           stun::Method::refresh,      stun::Method::create_permission,
                                           stun::Method::channel_bind, stun::Method::binding,
                                           stun::Method::connect,      stun::Method::connection_bind};
    const Client from = client();
    const std::uint8_t flags = in_.u8();
    const std::uint8_t more = in_.u8();
    const std::string user = (flags & 1) != 0 ? "b" : "a";
    if ((flags & 2) == 0) id_ = random_.bytes<12>();  // Else a retransmission, or something like it.
    stun::Builder builder(stun::Class::request, methods[more % methods.size()], id_);
    if ((flags & 4) == 0) builder.requested_transport((more & 16) != 0 ? 6 : 17);
    if (methods[more % methods.size()] == stun::Method::connection_bind)
      builder.connection_id(connection_id_);
    if ((flags & 8) != 0) builder.lifetime(more);
    if ((flags & 16) != 0) builder.xor_peer_address(peer());
    if ((flags & 32) != 0) builder.channel_number(static_cast<std::uint16_t>(0x4000 + more % 4));
    if ((flags & 64) != 0) attribute(builder);
    if ((more & 64) != 0) attribute(builder);
    if ((more & 128) != 0) return finish(from, builder.finish({.fingerprint = false}));

    const std::string nonce = nonces_[{from.flow, from.at}];
    builder.username(user).realm("r").nonce(nonce);
    const std::string password = (flags & 128) != 0 ? "wrong" : user == "a" ? "1" : "2";
    crypto::HmacSha1Key key(stun::long_term_key_md5({user, "r", password}));
    finish(from, builder.finish({.integrity = &key, .fingerprint = (more & 32) != 0}));
  }
  void finish(const Client& from, const Result<PacketBuffer>& packet) {
    asking_ = from;
    if (packet) receive(from, packet->bytes());
  }
  void attribute(stun::Builder& builder) {
    const std::uint8_t kind = in_.u8();
    if (kind < 32) builder.even_port(kind % 2 == 0);
    if (kind >= 32 && kind < 64) builder.reservation_token(token_);
    if (kind >= 64 && kind < 96)
      builder.requested_address_family(kind % 2 == 0 ? IpFamily::v4 : IpFamily::v6);
    if (kind >= 96 && kind < 128) builder.additional_address_family(IpFamily::v6);
    if (kind >= 128 && kind < 144) builder.xor_peer_address(peer());
    if (kind >= 144 && kind < 152) builder.change_request({.address = kind % 2 == 0, .port = kind % 3 == 0});
    if (kind >= 152 && kind < 160) builder.response_port(static_cast<std::uint16_t>(kind * 10));
    if (kind >= 160) {
      const auto type = stun::AttributeType{in_.u16()};
      builder.attribute(type, in_.bytes(std::min<std::size_t>(kind - 160U, in_.remaining())));
    }
  }
  void channel_data() {
    const Client from = client();
    std::array<std::byte, 64> bytes{};
    ByteWriter writer(bytes);
    writer.u16(static_cast<std::uint16_t>(0x4000 + in_.u8() % 4));
    const std::uint8_t size = in_.u8() % 60;
    writer.u16(size);
    receive(from, Bytes(bytes).first(4u + (in_.u8() % 2 == 0 ? size : (size + 3u) / 4 * 4)));
  }
  void indication() {
    const Client from = client();
    stun::Builder builder(stun::Class::indication, stun::Method::send, random_.bytes<12>());
    builder.xor_peer_address(peer()).data(in_.bytes(std::min<std::size_t>(in_.u8(), in_.remaining())));
    if (const auto packet = builder.finish({.fingerprint = false})) receive(from, packet->bytes());
  }
  void from_peer() {
    const FlowId flow{4u + in_.u8() % 32u};
    if (peer_streams_.contains(flow)) return;
    const std::vector<std::byte> payload(in_.u8() * 7u);
    const Endpoint from = peer();
    receive({flow, from}, payload);
  }
  // TCP to a relayed address.
  void peer_connects() {
    const std::uint8_t pick = in_.u8();
    if (listening_.empty()) return;
    const auto& [listener, local] =
        *std::next(listening_.begin(), pick % static_cast<std::ptrdiff_t>(listening_.size()));
    const FlowId flow{first_accepted_flow.value + accepted_++};
    open_.insert(flow);
    peer_streams_.insert(flow);
    server_.handle_flow(now_, flow, FlowAccepted{listener, local, peer()});
  }
  // Some of it may have been under way when the flow was paused.
  void from_peer_stream() {
    const std::uint8_t pick = in_.u8();
    const std::vector<std::byte> bytes(in_.u8() * 64u + 1u);
    if (peer_streams_.empty()) return;
    const FlowId flow =
        *std::next(peer_streams_.begin(), pick % static_cast<std::ptrdiff_t>(peer_streams_.size()));
    if (const auto waiting = connecting_.extract(flow)) {
      if (pick < 128) return server_.handle_flow(now_, flow, FlowOpened{{}, waiting.mapped()});
      gone(flow);
      return server_.handle_flow(now_, flow, FlowFailed{make_error_code(Errc::closed)});
    }
    receive({flow, peer()}, bytes);
  }
  void begin_dtls() {
    if ((dtls_ && dtls_->open()) || dtls_begun_ == 3) return pump_dtls();
    ++dtls_begun_;
    dtls_inbox_.clear();
    testing::set_wall_clock(now_);
    dtls_.emplace(tls::Connection::client(now_, {.transport = tls::Transport::datagram,
                                                 .server_name = "a.example",
                                                 .use_system_roots = false,
                                                 .dangerously_skip_verification = true})
                      .value());
    pump_dtls();
  }
  void pump_dtls() {
    if (!dtls_) return;
    for (int round = 0; round < 8; ++round) {
      bool moved = false;
      while (auto packet = dtls_->poll_packet()) {
        server_.handle_datagram(
            now_, {dtls_listener, dtls_client_at, Endpoint::v4(192, 0, 2, 1, 5349), packet->bytes()});
        settle();
        moved = true;
      }
      for (const auto& datagram : std::exchange(dtls_inbox_, {})) dtls_->handle_bytes(now_, datagram);
      while (auto event = dtls_->poll_event()) {
        if (auto* data = std::get_if<tls::Data>(&*event)) look_at(data->payload.bytes());
      }
      if (!moved) return;
    }
  }
  // A question that any of the four sockets answers (RFC 5780).
  void discover() {
    const std::uint8_t how = in_.u8();
    stun::Builder builder(stun::Class::request, stun::Method::binding, random_.bytes<12>());
    builder.change_request({.address = (how & 1) != 0, .port = (how & 2) != 0});
    if ((how & 4) != 0) builder.response_port(static_cast<std::uint16_t>(how * 100));
    const auto socket =
        discovery_.empty() || how < 128
            ? udp_listener
            : *std::next(discovery_.begin(), how % static_cast<std::ptrdiff_t>(discovery_.size()));
    receive({socket, Endpoint::v4(198, 51, 100, 1, 1000)}, builder.finish().value().bytes());
  }
  void accept() {
    const FlowId flow{first_accepted_flow.value + accepted_++};
    const Endpoint at = Endpoint::v4(198, 51, 100, static_cast<std::uint8_t>(in_.u8() % 3), 2000);
    open_.insert(flow);
    streams_[flow] = at;
    server_.handle_flow(now_, flow, accepted_from(at));
  }
  static FlowChange accepted_from(const Endpoint& at) {
    return FlowAccepted{tcp_listener, Endpoint::v4(192, 0, 2, 1, 3478), at};
  }
  void change_flow() {
    if (open_.empty()) return;
    const FlowId flow = *std::next(open_.begin(), in_.u8() % static_cast<std::ptrdiff_t>(open_.size()));
    const std::uint8_t kind = in_.u8() % 5;
    if (kind == 0) return server_.handle_flow(now_, flow, FlowCongested{});
    if (kind == 1) return server_.handle_flow(now_, flow, FlowWritable{});
    if (kind == 2) {
      refuses_binds_ = !refuses_binds_;
      return;
    }
    if (flow <= dtls_listener || discovery_.contains(flow)) return;
    connecting_.erase(flow);
    const bool is_stream = flow >= first_accepted_flow || peer_streams_.contains(flow);
    gone(flow);
    server_.handle_flow(
        now_, flow,
        kind == 3 ? FlowChange(FlowClosed{}) : FlowChange(FlowFailed{make_error_code(Errc::closed)}));
    // Only streams are closed by the other side.
    if (kind == 3 && !is_stream) open_.insert(flow);
  }
  void gone(FlowId flow) {
    open_.erase(flow);
    streams_.erase(flow);
    listening_.erase(flow);
    peer_streams_.erase(flow);
    connecting_.erase(flow);
    raw_.erase(flow);
    discovery_.erase(flow);
  }

  // Takes everything out, as a driver does, and looks at it.
  void settle() {
    std::size_t outputs = 0;
    // What is performed may be answered, and so on.
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto transmit = server_.poll_transmit()) {
        PETREL_ASSERT(++outputs < 5000);
        PETREL_ASSERT(open_.contains(transmit->flow));
        look_at(*transmit);
        moved = true;
      }
      while (const auto request = server_.poll_request()) {
        PETREL_ASSERT(++outputs < 5000);
        perform(*request);
        moved = true;
      }
    }
    while (server_.poll_event()) PETREL_ASSERT(++outputs < 5000);
    const auto stats = server_.stats();
    PETREL_ASSERT(stats.allocations <= max_allocations && stats.connections <= max_connections);
    PETREL_ASSERT(stats.peer_connections <= max_peer_connections);
    PETREL_ASSERT(open_.size() <=
                  3 + other_sockets + max_allocations + max_connections + max_peer_connections);
    PETREL_ASSERT(!server_.next_timeout() || *server_.next_timeout() >= now_);
  }
  void perform(const IoRequest& request) {
    if (const auto* listen = std::get_if<Listen>(&request)) return listen_at(*listen);
    if (const auto* connect = std::get_if<Connect>(&request)) {
      const IpAddress& to = connect->remote.address;
      PETREL_ASSERT(!to.is_loopback() && !to.is_private() && connect->remote.port != 0);
      PETREL_ASSERT(connect->from_listener && connect->local.port != 0);
      open_.insert(connect->flow);
      peer_streams_.insert(connect->flow);
      connecting_.emplace(connect->flow, connect->remote);
    }
    if (const auto* pause = std::get_if<PauseFlow>(&request)) PETREL_ASSERT(open_.contains(pause->flow));
    if (const auto* resume = std::get_if<ResumeFlow>(&request)) PETREL_ASSERT(open_.contains(resume->flow));
    if (const auto* close = std::get_if<CloseFlow>(&request)) gone(close->flow);
    const auto* bind = std::get_if<BindUdp>(&request);
    if (bind == nullptr) return;
    if (refuses_binds_ && bind->flow > dtls_listener) {
      server_.handle_flow(now_, bind->flow, FlowFailed{make_error_code(Errc::busy)});
    } else {
      open_.insert(bind->flow);
      if (bind->local.port < 50000 && bind->flow > dtls_listener) discovery_.insert(bind->flow);
      server_.handle_flow(now_, bind->flow, FlowOpened{bind->local});
    }
  }
  void listen_at(const Listen& listen) {
    if (refuses_binds_ && listen.flow != tcp_listener) {
      return server_.handle_flow(now_, listen.flow, FlowFailed{make_error_code(Errc::busy)});
    }
    open_.insert(listen.flow);
    if (listen.flow == tcp_listener) return;
    listening_.emplace(listen.flow, listen.local);
    server_.handle_flow(now_, listen.flow, FlowOpened{listen.local});
  }
  void look_at(const Transmit& transmit) {
    if (peer_streams_.contains(transmit.flow) || raw_.contains(transmit.flow)) return;
    if (transmit.flow == dtls_listener) {
      if (transmit.destination == dtls_client_at && dtls_inbox_.size() < 64) {
        dtls_inbox_.emplace_back(transmit.payload.bytes().begin(), transmit.payload.bytes().end());
      }
      return;
    }
    const bool to_client = transmit.flow == udp_listener || transmit.flow >= first_accepted_flow ||
                           discovery_.contains(transmit.flow);
    const IpAddress& address = transmit.destination.address;
    if (!to_client) {
      PETREL_ASSERT(!address.is_loopback() && !address.is_private() && transmit.destination.port != 0);
      return;
    }
    look_at(transmit.payload.bytes());
    const auto message = stun::MessageView::parse(transmit.payload.bytes());
    // From here on it carries a peer's bytes.
    if (message && message->method() == stun::Method::connection_bind &&
        message->message_class() == stun::Class::success_response) {
      raw_.insert(transmit.flow);
    }
  }
  void look_at(Bytes bytes) {
    const auto message = stun::MessageView::parse(bytes);
    if (!message) return;
    if (const auto id = message->connection_id()) connection_id_ = *id;
    if (message->message_class() == stun::Class::indication) return;
    PETREL_ASSERT(message->has_integrity() || bytes.size() <= Server::max_challenge_bytes);
    if (const auto nonce = message->nonce()) nonces_[{asking_.flow, asking_.at}] = *nonce;
    if (const auto token = message->reservation_token()) token_ = *token;
  }

  ByteReader in_;
  testing::SeededRandom random_;
  TimePoint now_{};
  Server server_;
  std::set<FlowId> open_;
  std::map<FlowId, Endpoint> streams_;
  std::map<FlowId, Endpoint> listening_;  // The sockets of TCP allocations.
  std::set<FlowId> peer_streams_;
  std::map<FlowId, Endpoint> connecting_;
  std::set<FlowId> raw_;  // Data connections.
  std::set<FlowId> discovery_;
  std::uint32_t connection_id_ = 0;
  std::optional<tls::Connection> dtls_;
  int dtls_begun_ = 0;
  std::vector<std::vector<std::byte>> dtls_inbox_;
  std::map<std::pair<FlowId, Endpoint>, std::string> nonces_;
  Client asking_{};
  stun::TransactionId id_{};
  stun::ReservationToken token_{};
  std::uint32_t accepted_ = 0;
  bool refuses_binds_ = false;
};

}  // namespace

// Property: whatever clients, strangers, peers and the network do in whatever order, everything stays
// within its limits, packets leave by open flows and never for a private address, nobody gets more
// than a challenge without a password, and a closed server has let go of everything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> input(size);
  std::transform(data, data + size, input.begin(), [](std::uint8_t b) { return std::byte{b}; });
  static_cast<void>(identity());
  const testing::SeededOpenSsl openssl(2);
  testing::set_wall_clock(TimePoint{});
  Machine(input).run();
  return 0;
}
