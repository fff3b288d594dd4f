#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/client.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn {

/// A message with the bytes it lies in.
class OwnedMessage {
 public:
  OwnedMessage() = default;
  explicit OwnedMessage(Bytes bytes) : bytes_(testing::to_vector(bytes)) {}

  bool empty() const { return bytes_.empty(); }
  Bytes bytes() const { return bytes_; }
  stun::MessageView view() const { return stun::MessageView::parse(bytes_).value(); }

 private:
  std::vector<std::byte> bytes_;
};

/// A client of ours, and a server that answers as its test says, byte by byte.
class ScriptedServer : public ::testing::Test {
 protected:
  static constexpr TimePoint start{};
  static constexpr FlowId flow{7};
  const Endpoint local = Endpoint::v4(10, 0, 0, 2, 5000);
  const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
  const Endpoint mapped = Endpoint::v4(203, 0, 113, 9, 61'000);
  const Endpoint relayed = Endpoint::v4(192, 0, 2, 1, 49'152);
  const Endpoint relayed_v6 = *Endpoint::parse("[2001:db8::1]:49154");
  const Endpoint peer = Endpoint::v4(198, 51, 100, 3, 4000);
  const Endpoint other_peer = Endpoint::v4(198, 51, 100, 4, 4000);

  void begin() { client.emplace(now, config, random); }

  void run_until(TimePoint end) {
    for (auto due = client->next_timeout(); due && *due <= end; due = client->next_timeout()) {
      now = std::max(now, *due);
      client->handle_timeout(now);
    }
    now = end;
    client->handle_timeout(now);
  }

  std::optional<OwnedMessage> take() {
    const auto transmit = client->poll_transmit();
    if (!transmit) return std::nullopt;
    EXPECT_EQ(transmit->flow, flow);
    EXPECT_EQ(transmit->destination, server);
    return OwnedMessage(transmit->payload.bytes());
  }
  OwnedMessage expect_request(stun::Method method) {
    auto message = take();
    if (!message || message->view().message_class() != stun::Class::request ||
        message->view().method() != method) {
      ADD_FAILURE() << "no such request";
      return OwnedMessage{};
    }
    return *std::move(message);
  }
  void expect_silence() { EXPECT_FALSE(client->poll_transmit()); }
  void discard_transmits() {
    while (client->poll_transmit()) {
    }
  }

  bool deliver(Bytes bytes) { return client->handle_datagram(now, {flow, server, local, bytes}); }

  stun::Builder success(const OwnedMessage& request) {
    return {stun::Class::success_response, request.view().method(), request.view().id()};
  }
  stun::Builder error(const OwnedMessage& request, int code, std::string_view reason = "Because") {
    stun::Builder out(stun::Class::error_response, request.view().method(), request.view().id());
    out.error_code(code, reason);
    return out;
  }
  bool deliver_unsigned(stun::Builder& response) {
    const auto packet = response.finish({.fingerprint = false});
    return deliver(packet.value().bytes());
  }
  bool deliver_signed(stun::Builder& response) {
    crypto::HmacSha1Key sha1(key());
    crypto::HmacSha256Key sha256(key());
    const stun::Seal seal = algorithm ? stun::Seal{.integrity_sha256 = &sha256, .fingerprint = false}
                                      : stun::Seal{.integrity = &sha1, .fingerprint = false};
    const auto packet = response.finish(seal);
    return deliver(packet.value().bytes());
  }
  bool is_signed_by_user(const OwnedMessage& request) const {
    return algorithm ? request.view().integrity_sha256_ok(key()) && !request.view().has_integrity()
                     : request.view().integrity_ok(key()) && !request.view().has_integrity_sha256();
  }

  void challenge(const OwnedMessage& request, int code = 401) {
    auto response = error(request, code, "Unauthorized");
    response.realm(realm).nonce(nonce);
    if (!offered.empty()) response.password_algorithms(offered);
    deliver_unsigned(response);
  }
  void grant(const OwnedMessage& request, std::uint32_t lifetime = 600) {
    auto response = success(request);
    if (request.view().method() == stun::Method::allocate) {
      response.xor_relayed_address(relayed).xor_mapped_address(mapped);
    }
    if (request.view().method() == stun::Method::allocate ||
        request.view().method() == stun::Method::refresh) {
      response.lifetime(lifetime);
    }
    deliver_signed(response);
  }
  // From nothing to a relayed address, over 401.
  void allocate() {
    begin();
    challenge(expect_request(stun::Method::allocate));
    grant(expect_request(stun::Method::allocate));
    ASSERT_TRUE(take_event<Allocated>());
  }
  void permit(const Endpoint& whom) {
    client->permit(now, whom.address);
    grant(expect_request(stun::Method::create_permission));
  }
  void bind_channel(const Endpoint& whom) {
    ASSERT_TRUE(send(whom, "first"));
    ASSERT_TRUE(take());  // The Send indication.
    grant(expect_request(stun::Method::channel_bind));
  }

  Result<void> send(const Endpoint& to, std::string_view text) {
    return client->send(now, to, PacketBuffer::copy_of(as_bytes(text)).value());
  }

  template <class T>
  std::optional<T> take_event() {
    auto event = client->poll_event();
    if (!event || !std::holds_alternative<T>(*event)) return std::nullopt;
    return std::get<T>(*std::move(event));
  }
  std::error_code loss() {
    const auto lost = take_event<Lost>();
    return lost ? lost->error : std::error_code{};
  }

  crypto::Sha256Digest sha256_key() const { return stun::long_term_key_sha256({username, realm, password}); }
  std::vector<std::byte> key() const {
    if (algorithm == stun::PasswordAlgorithm::sha256) return testing::to_vector(sha256_key());
    return testing::to_vector(stun::long_term_key_md5({username, realm, password}));
  }

  // What the server believes.
  std::string username = "alice";
  std::string password = "secret";
  std::string realm = "example.org";
  std::string nonce = "first-nonce";
  std::vector<stun::PasswordAlgorithm> offered;
  std::optional<stun::PasswordAlgorithm> algorithm;

  testing::SeededRandom random{1};
  TimePoint now = start;
  ClientConfig config{.flow = flow, .server = server, .credentials = {"alice", "secret"}};
  std::optional<Client> client;
};

}  // namespace petrel::inline v0::turn
