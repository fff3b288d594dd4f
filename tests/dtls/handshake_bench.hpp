#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/dtls/connection.hpp"
#include "support/network.hpp"
#include "support/over_udp.hpp"
#include "support/seeded_openssl.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::dtls {

inline Certificate new_certificate() {
  return Certificate::generate(std::chrono::sys_seconds(std::chrono::seconds(testing::wall_clock_epoch)))
      .value();
}

/// What a connection said, in the order in which it said it.
struct Diary {
  std::vector<Connection::Event> events;

  const Connected* connected() const { return first<Connected>(); }
  bool peer_closed() const { return first<PeerClosed>() != nullptr; }
  std::error_code failure() const {
    const Failed* failed = first<Failed>();
    return failed == nullptr ? std::error_code{} : failed->error;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& event : events) {
      if (const auto* data = std::get_if<ApplicationData>(&event))
        out.emplace_back(as_text(data->payload.bytes()));
    }
    return out;
  }

 private:
  template <class Kind>
  const Kind* first() const {
    for (const auto& event : events) {
      if (const auto* found = std::get_if<Kind>(&event)) return found;
    }
    return nullptr;
  }
};

/// A client and a server on a network of their own, with OpenSSL's dice and clock under
/// the seed. The fingerprints are exchanged unless a test wants to do that itself.
class HandshakeBench {
 public:
  struct Options {
    testing::LinkConfig link{};
    ConnectionConfig client{};
    ConnectionConfig server{};
    bool exchange_fingerprints = true;
  };

  explicit HandshakeBench(std::uint64_t seed) : HandshakeBench(seed, Options{}) {}
  HandshakeBench(std::uint64_t seed, Options options)
      : openssl_(seed),
        network(seed, options.link),
        client_certificate(new_certificate()),
        server_certificate(new_certificate()),
        client(network.now(), Role::client, client_certificate, options.client),
        server(network.now(), Role::server, server_certificate, options.server) {
    const auto client_host = network.add_host({.name = "client", .addresses = {client_at_.address}});
    const auto server_host = network.add_host({.name = "server", .addresses = {server_at_.address}});
    network.attach(client_host, client_udp_,
                   [this](Connection::Event& event) { client_diary.events.push_back(std::move(event)); });
    network.attach(server_host, server_udp_,
                   [this](Connection::Event& event) { server_diary.events.push_back(std::move(event)); });
    if (options.exchange_fingerprints) {
      client.set_remote_fingerprints(network.now(), {server_certificate.fingerprint()});
      server.set_remote_fingerprints(network.now(), {client_certificate.fingerprint()});
    }
  }

  bool connects(Duration limit = std::chrono::seconds(30)) {
    return network.run_until([this] { return client.connected() && server.connected(); }, limit);
  }

 private:
  testing::SeededOpenSsl openssl_;

 public:
  testing::Network network;
  Certificate client_certificate;
  Certificate server_certificate;
  Connection client;
  Connection server;
  Diary client_diary;
  Diary server_diary;

 private:
  Endpoint client_at_ = Endpoint::v4(192, 0, 2, 1, 1000);
  Endpoint server_at_ = Endpoint::v4(192, 0, 2, 2, 2000);
  testing::OverUdp<Connection> client_udp_{client, client_at_, server_at_};
  testing::OverUdp<Connection> server_udp_{server, server_at_, client_at_};
};

}  // namespace petrel::inline v0::dtls
