#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn_server {

inline constexpr FlowId first_listener{1};
inline constexpr std::string_view test_realm = "example.org";
inline const IpAddress server_address = IpAddress::v4(192, 0, 2, 1);
inline const Endpoint client_address = Endpoint::v4(198, 51, 100, 7, 40000);
inline const Endpoint peer_address = Endpoint::v4(203, 0, 113, 9, 5000);

/// One UDP listener, one user, and the ports 50000 to 50099.
inline ServerConfig test_config() {
  ServerConfig config;
  config.listeners = {{{server_address, 3478}}};
  config.realm = test_realm;
  config.users = {{"alice", "wonderland"}, {"bob", "builder"}};
  config.relay_ports = {50000, 50099};
  return config;
}

/// What the server has sent to somebody.
struct Sent {
  FlowId flow;
  Endpoint destination;
  std::vector<std::byte> bytes;
};

/// A server and the world around it, which opens every socket unless told otherwise.
class ServerBench {
 public:
  explicit ServerBench(ServerConfig config = test_config(), std::uint64_t seed = 1)
      : random(seed), server(Server::create(now, std::move(config), random).value()) {
    settle();
  }

  /// Carries out what the server asks for.
  void settle() {
    collect();
    while (const auto request = server.poll_request()) perform(*request);
    collect();  // What was performed may have been answered.
    if (answers_binds) answer_binds();
  }
  void collect() {
    while (auto transmit = server.poll_transmit()) {
      sent.push_back({transmit->flow, transmit->destination, testing::to_vector(transmit->payload.bytes())});
    }
  }
  void answer_binds() {
    while (!binds.empty()) {
      const BindUdp bind = binds.front();
      binds.pop_front();
      if (refused_ports.contains(bind.local.port)) {
        server.handle_flow(now, bind.flow, FlowFailed{make_error_code(petrel::Errc::busy)});
      } else {
        bound[bind.flow] = bind.local;
        server.handle_flow(now, bind.flow, FlowOpened{bind.local});
      }
      settle();
    }
  }

  bool receive(FlowId flow, const Endpoint& source, Bytes bytes) {
    const bool taken = server.handle_datagram(now, {flow, source, {server_address, 3478}, bytes});
    settle();
    return taken;
  }
  void advance(Duration duration) {
    now += duration;
    server.handle_timeout(now);
    settle();
  }
  void accept(FlowId flow, const Endpoint& remote, FlowId listener = first_listener) {
    server.handle_flow(now, flow, FlowAccepted{listener, {server_address, 3478}, remote});
    settle();
  }
  void change(FlowId flow, const FlowChange& what) {
    server.handle_flow(now, flow, what);
    settle();
  }

  std::optional<Sent> take() {
    if (sent.empty()) return std::nullopt;
    Sent first = std::move(sent.front());
    sent.pop_front();
    return first;
  }
  /// The socket that a relayed address was given.
  FlowId flow_at(std::uint16_t port) const {
    for (const auto& [flow, local] : bound) {
      if (local.port == port && flow != first_listener) return flow;
    }
    return {};
  }
  std::size_t relay_sockets() const {
    std::size_t count = 0;
    for (const auto& [flow, local] : bound) count += local.port >= 50000 ? 1 : 0;
    return count;
  }

  TimePoint now{};
  testing::SeededRandom random;
  Server server;
  std::deque<Sent> sent;
  std::deque<BindUdp> binds;
  std::map<FlowId, Endpoint> bound;
  std::map<FlowId, Endpoint> listening;
  std::vector<Connect> connects;  ///< Nobody answers them but the test.
  std::set<FlowId> paused;
  std::set<FlowId> closed;
  std::set<std::uint16_t> refused_ports;
  bool answers_binds = true;

 private:
  void perform(const IoRequest& request) {
    if (const auto* bind = std::get_if<BindUdp>(&request)) binds.push_back(*bind);
    if (const auto* listen = std::get_if<Listen>(&request)) {
      listening[listen->flow] = listen->local;
      server.handle_flow(now, listen->flow, FlowOpened{listen->local});
    }
    if (const auto* connect = std::get_if<Connect>(&request)) connects.push_back(*connect);
    if (const auto* pause = std::get_if<PauseFlow>(&request)) paused.insert(pause->flow);
    if (const auto* resume = std::get_if<ResumeFlow>(&request)) paused.erase(resume->flow);
    if (const auto* close = std::get_if<CloseFlow>(&request)) {
      closed.insert(close->flow);
      bound.erase(close->flow);
      listening.erase(close->flow);
    }
  }
};

/// An answer, with the bytes that it is read from.
class Reply {
 public:
  explicit Reply(std::vector<std::byte> bytes)
      : bytes_(std::move(bytes)), message_(stun::MessageView::parse(bytes_).value()) {}
  Reply(const Reply& other) : Reply(other.bytes_) {}
  Reply& operator=(const Reply&) = delete;

  const stun::MessageView& operator*() const { return message_; }
  const stun::MessageView* operator->() const { return &message_; }
  /// 0: a success.
  int code() const {
    if (message_.message_class() == stun::Class::success_response) return 0;
    const auto error = message_.error_code();
    return error ? error->code : -1;
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
  stun::MessageView message_;
};

/// Plays a client by hand: writes each request, and reads each answer.
class ScriptedClient {
 public:
  using Fill = std::function<void(stun::Builder&)>;

  explicit ScriptedClient(ServerBench& bench, Endpoint at = client_address, FlowId flow = first_listener)
      : bench_(bench), at_(at), flow_(flow) {}

  std::string username = "alice";
  std::string password = "wonderland";
  std::string nonce;
  std::string realm{test_realm};
  stun::PasswordAlgorithm algorithm = stun::PasswordAlgorithm::md5;
  bool names_algorithm = false;  ///< Sends PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS.
  bool signs_with_sha256 = false;
  bool hides_username = false;
  bool fingerprint = false;

  /// Without credentials.
  PacketBuffer plain(stun::Method method, const Fill& fill = {}) {
    stun::Builder builder(stun::Class::request, method, next_id());
    if (fill) fill(builder);
    return builder.finish({.fingerprint = fingerprint}).value();
  }
  PacketBuffer signed_request(stun::Method method, const Fill& fill = {}) {
    stun::Builder builder(stun::Class::request, method, next_id());
    if (fill) fill(builder);
    if (hides_username) {
      builder.userhash(stun::userhash(username, realm));
    } else {
      builder.username(username);
    }
    builder.realm(realm).nonce(nonce);
    if (names_algorithm) {
      const std::array offered = {stun::PasswordAlgorithm::sha256, stun::PasswordAlgorithm::md5};
      builder.password_algorithms(offered).password_algorithm(algorithm);
    }
    const auto sealing_key = key();
    if (signs_with_sha256) {
      crypto::HmacSha256Key hmac(sealing_key);
      return builder.finish({.integrity_sha256 = &hmac, .fingerprint = fingerprint}).value();
    }
    crypto::HmacSha1Key hmac(sealing_key);
    return builder.finish({.integrity = &hmac, .fingerprint = fingerprint}).value();
  }

  /// Sends, and gives the answer; nullopt: there was none.
  std::optional<Reply> exchange(const PacketBuffer& request) {
    bench_.receive(flow_, at_, request.bytes());
    return reply();
  }
  std::optional<Reply> reply() {
    auto sent = bench_.take();
    if (!sent) return std::nullopt;
    return Reply(std::move(sent->bytes));
  }
  /// Fetches a nonce if there is none, and sends the signed request.
  Reply ask(stun::Method method, const Fill& fill = {}) {
    if (nonce.empty()) fetch_nonce();
    return exchange(signed_request(method, fill)).value();
  }
  Reply fetch_nonce() {
    Reply challenge = exchange(plain(stun::Method::allocate)).value();
    nonce = challenge->nonce().value();
    return challenge;
  }
  int code_of(stun::Method method, const Fill& fill = {}) { return ask(method, fill).code(); }

  /// The relayed address.
  Endpoint allocate(const Fill& fill = {}) {
    const Reply answer = ask(stun::Method::allocate, [&](stun::Builder& builder) {
      builder.requested_transport(17);
      if (fill) fill(builder);
    });
    return answer->xor_relayed_address().value();
  }
  int permit(const Endpoint& peer) {
    return code_of(stun::Method::create_permission, [&](auto& builder) { builder.xor_peer_address(peer); });
  }
  int bind(std::uint16_t channel, const Endpoint& peer) {
    return code_of(stun::Method::channel_bind,
                   [&](auto& builder) { builder.channel_number(channel).xor_peer_address(peer); });
  }
  void send_channel(std::uint16_t channel, std::string_view text, bool pad = false) {
    PacketBuffer packet = PacketBuffer::copy_of(as_bytes(text)).value();
    turn::prepend_channel_data(packet, channel, pad);
    bench_.receive(flow_, at_, packet.bytes());
  }
  void send_indication(const Endpoint& peer, std::string_view text) {
    stun::Builder builder(stun::Class::indication, stun::Method::send, next_id());
    builder.xor_peer_address(peer).data(as_bytes(text));
    bench_.receive(flow_, at_, builder.finish({.fingerprint = false}).value().bytes());
  }

  std::vector<std::byte> key() const {
    const stun::LongTermCredentials credentials{username, realm, password};
    if (algorithm == stun::PasswordAlgorithm::sha256) {
      return testing::to_vector(stun::long_term_key_sha256(credentials));
    }
    return testing::to_vector(stun::long_term_key_md5(credentials));
  }
  stun::TransactionId next_id() {
    if (!repeats_id) id_ = bench_.random.bytes<12>();
    return id_;
  }
  bool repeats_id = false;
  const Endpoint& at() const { return at_; }

 private:
  ServerBench& bench_;
  Endpoint at_;
  FlowId flow_;
  stun::TransactionId id_{};
};

}  // namespace petrel::inline v0::turn_server
