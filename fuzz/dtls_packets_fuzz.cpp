#include <cstdlib>
#include <deque>
#include <memory>

#include "petrel/dtls/connection.hpp"
#include "support/seeded_openssl.hpp"
#include "support/virtual_wall_clock.hpp"

// A client and a server between which the input carries, loses, repeats, reorders, damages
// and invents packets, and moves the time. Properties: keys and data come out only of a
// connection whose peer was verified, both ends have the same keys, and a connection that
// is over stays over.

namespace {

using namespace petrel;
using namespace petrel::dtls;
using petrel::testing::SeededOpenSsl;

struct Certificates {
  SeededOpenSsl openssl{1};
  Certificate client =
      Certificate::generate(std::chrono::sys_seconds(std::chrono::hours(24 * 365 * 50))).value();
  Certificate server =
      Certificate::generate(std::chrono::sys_seconds(std::chrono::hours(24 * 365 * 50))).value();
};

void require(bool holds) {
  if (!holds) std::abort();
}

struct End {
  Connection connection;
  std::deque<PacketBuffer> sent;
  std::optional<SrtpKeys> keys;
  bool told = false;  // Whether it knows the fingerprints.
  bool over = false;

  End(TimePoint now, Role role, const Certificate& certificate) : connection(now, role, certificate) {}

  void drain() {
    while (auto packet = connection.poll_packet()) sent.push_back(*std::move(packet));
    while (auto event = connection.poll_event()) {
      require(!over);
      require(told || std::holds_alternative<PeerClosed>(*event) || std::holds_alternative<Failed>(*event));
      if (auto* connected = std::get_if<Connected>(&*event)) keys = std::move(connected->srtp_keys);
      if (std::holds_alternative<ApplicationData>(*event)) require(keys.has_value());
      over = std::holds_alternative<PeerClosed>(*event) || std::holds_alternative<Failed>(*event);
    }
  }
};

class Input {
 public:
  explicit Input(Bytes bytes) : reader_(bytes) {}
  bool empty() const { return reader_.remaining() == 0; }
  std::uint8_t byte() { return reader_.u8(); }
  Bytes bytes(std::size_t count) { return reader_.bytes(std::min(count, reader_.remaining())); }

 private:
  ByteReader reader_;
};

void step(Input& input, TimePoint& now, End& from, End& to, const Certificate& certificate_of_from) {
  switch (input.byte() % 9) {
    case 0:  // The next packet arrives.
    case 1:
      if (from.sent.empty()) break;
      to.connection.handle_packet(now, from.sent.front().bytes());
      from.sent.pop_front();
      break;
    case 2:  // It is lost.
      if (!from.sent.empty()) from.sent.pop_front();
      break;
    case 3:  // It arrives, and will again.
      if (!from.sent.empty()) to.connection.handle_packet(now, from.sent.front().bytes());
      break;
    case 4:  // It comes after the others.
      if (from.sent.empty()) break;
      from.sent.push_back(std::move(from.sent.front()));
      from.sent.pop_front();
      break;
    case 5: {  // It arrives damaged.
      if (from.sent.empty()) break;
      const std::size_t at = (input.byte() * 256u + input.byte()) % from.sent.front().size();
      from.sent.front().data()[at] ^= static_cast<std::byte>(input.byte());
      to.connection.handle_packet(now, from.sent.front().bytes());
      from.sent.pop_front();
      break;
    }
    case 6:  // Somebody else sends a packet.
      to.connection.handle_packet(now, input.bytes(input.byte()));
      break;
    case 7:  // Time passes.
      now += std::chrono::milliseconds(1 << (input.byte() % 14));
      testing::set_wall_clock(now);
      from.connection.handle_timeout(now);
      to.connection.handle_timeout(now);
      break;
    case 8:  // The application does something.
      switch (input.byte() % 4) {
        case 0:
          to.told = true;
          to.connection.set_remote_fingerprints(now, {certificate_of_from.fingerprint()});
          break;
        case 1:
          from.connection.close(now);
          break;
        default:
          static_cast<void>(from.connection.send(now, input.bytes(input.byte())));
      }
  }
  from.drain();
  to.drain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Certificate* const client_certificate = new Certificate(Certificates().client);
  static const Certificate* const server_certificate = new Certificate(Certificates().server);
  constexpr std::size_t max_steps = 300;

  const SeededOpenSsl openssl(2);
  TimePoint now{};
  petrel::testing::set_wall_clock(now);
  End client(now, Role::client, *client_certificate);
  End server(now, Role::server, *server_certificate);
  client.drain();

  Input input(std::as_bytes(std::span(data, size)));
  for (std::size_t steps = 0; !input.empty() && steps < max_steps; ++steps) {
    if (input.byte() % 2 == 0) {
      step(input, now, client, server, *client_certificate);
    } else {
      step(input, now, server, client, *server_certificate);
    }
  }
  if (client.keys && server.keys) {
    require(equal(client.keys->client_key.bytes(), server.keys->client_key.bytes()));
    require(equal(client.keys->server_key.bytes(), server.keys->server_key.bytes()));
  }
  return 0;
}
