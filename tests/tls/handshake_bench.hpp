#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/tls/connection.hpp"
#include "support/seeded_openssl.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::testing {

/// One end of a connection, and what it said.
struct TlsEnd {
  explicit TlsEnd(tls::Connection made) : connection(std::move(made)) {}

  tls::Connection connection;
  std::deque<std::vector<std::byte>> sent{};  ///< On its way to the other end.
  std::optional<tls::Connected> connected{};
  std::optional<tls::Failed> failed{};
  bool closed = false;
  std::string received{};
  std::vector<std::string> records{};

  void drain() {
    while (auto packet = connection.poll_packet()) {
      sent.emplace_back(packet->bytes().begin(), packet->bytes().end());
    }
    while (auto event = connection.poll_event()) {
      EXPECT_FALSE(failed || closed) << "an event after the last one";
      if (auto* up = std::get_if<tls::Connected>(&*event)) connected = std::move(*up);
      if (auto* down = std::get_if<tls::Failed>(&*event)) failed = std::move(*down);
      if (std::holds_alternative<tls::Closed>(*event)) closed = true;
      if (auto* data = std::get_if<tls::Data>(&*event)) {
        EXPECT_TRUE(connected) << "data before Connected";
        records.emplace_back(as_text(data->payload.bytes()));
        received += records.back();
      }
    }
  }
  bool over() const { return failed || closed; }
};

/// What happens to the nth packet between the ends, counted over both directions: an empty answer loses it.
using TlsTap = std::function<std::vector<std::byte>(std::size_t index, std::vector<std::byte> packet)>;

/// A client and a server between which every packet arrives at once, in virtual time.
struct TlsBench {
  explicit TlsBench(tls::ClientConfig config)
      : TlsBench(std::move(config), *tls::ServerIdentity::self_signed({"turn.example.com"}, wall_clock_epoch),
                 {}) {}

  TlsBench(tls::ClientConfig config, const tls::ServerIdentity& identity,
           std::vector<std::string> server_alpn = {})
      : client(tls::Connection::client(now, config).value()),
        server(tls::Connection::server(now, config.transport, identity, std::move(server_alpn)).value()) {}

  /// Carries packets until there are none, `chunk` bytes of a stream at a time.
  void carry(std::size_t chunk = SIZE_MAX) {
    client.drain();
    server.drain();
    while (!client.sent.empty() || !server.sent.empty()) {
      deliver(client, server, chunk);
      deliver(server, client, chunk);
    }
  }

  void deliver(TlsEnd& from, TlsEnd& to, std::size_t chunk) {
    while (!from.sent.empty()) {
      std::vector<std::byte> packet = std::move(from.sent.front());
      from.sent.pop_front();
      const std::size_t index = carried++;
      if (tap) packet = tap(index, std::move(packet));
      if (packet.empty()) continue;
      for (Bytes rest(packet); !rest.empty(); rest = rest.subspan(std::min(chunk, rest.size()))) {
        to.connection.handle_bytes(now, rest.first(std::min(chunk, rest.size())));
      }
      to.drain();
    }
  }

  /// Goes from timeout to timeout, `limit` long at most, until `done`.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(120)) {
    const TimePoint end = now + limit;
    carry();
    while (!done()) {
      const auto due = earliest();
      if (!due || *due > end) return false;
      advance_to(*due);
    }
    return true;
  }

  std::optional<TimePoint> earliest() const {
    const auto a = client.connection.next_timeout();
    const auto b = server.connection.next_timeout();
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }

  void advance_to(TimePoint time) {
    now = std::max(now, time);
    set_wall_clock(now);
    client.connection.handle_timeout(now);
    server.connection.handle_timeout(now);
    carry();
  }

  bool connects() {
    return run_until(
               [this] { return (client.connected && server.connected) || client.over() || server.over(); }) &&
           client.connected && server.connected;
  }

  // OpenSSL's clock begins with the bench's.
  static TimePoint begin() {
    set_wall_clock(TimePoint{});
    return {};
  }

  TimePoint now = begin();
  TlsEnd client;
  TlsEnd server;
  TlsTap tap{};
  std::size_t carried = 0;
};

/// Virtual wall clock and seeded OpenSSL, for the life of a test.
struct TlsWorld {
  explicit TlsWorld(std::uint64_t seed = 1) : openssl(seed) { set_wall_clock(TimePoint{}); }
  ~TlsWorld() { reset_wall_clock(); }
  TlsWorld(const TlsWorld&) = delete;
  TlsWorld& operator=(const TlsWorld&) = delete;

  SeededOpenSsl openssl;
};

/// A client's configuration that trusts `identity` alone.
inline tls::ClientConfig trusting(const tls::ServerIdentity& identity,
                                  tls::Transport transport = tls::Transport::stream,
                                  std::string server_name = "turn.example.com") {
  tls::ClientConfig config;
  config.transport = transport;
  config.server_name = std::move(server_name);
  config.ca_pem = identity.certificate_pem();
  config.use_system_roots = false;
  config.unix_time = wall_clock_epoch;
  return config;
}

/// Text of `size` bytes in which each place is told from its neighbours.
inline std::string pattern(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + (i * 7 + i / 90) % 90);
  return text;
}

}  // namespace petrel::inline v0::testing
