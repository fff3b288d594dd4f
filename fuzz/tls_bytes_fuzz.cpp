#include <algorithm>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "petrel/tls/connection.hpp"
#include "support/seeded_openssl.hpp"
#include "support/virtual_wall_clock.hpp"

// A client and a server between which the input cuts, loses, repeats, damages and invents bytes,
// and moves the time. Properties: data comes out only after Connected, only as it was put in and in
// order, and nothing comes after the end.

namespace {

using namespace petrel;
using namespace petrel::tls;

void require(bool holds) {
  if (!holds) std::abort();
}

struct End {
  Connection connection;
  std::deque<std::vector<std::byte>> sent{};  // Not arrived yet.
  std::vector<std::string> given{};           // What the application sent.
  std::string given_bytes{};
  std::string received{};
  bool connected = false;
  bool over = false;

  void drain(const End& other, Transport transport) {
    while (auto packet = connection.poll_packet()) {
      require(!packet->empty());
      sent.emplace_back(packet->bytes().begin(), packet->bytes().end());
    }
    while (auto event = connection.poll_event()) {
      require(!over);
      over = std::holds_alternative<Closed>(*event) || std::holds_alternative<Failed>(*event);
      connected |= std::holds_alternative<Connected>(*event);
      if (const auto* failed = std::get_if<Failed>(&*event))
        require(failed->error && !failed->detail.empty());
      const auto* data = std::get_if<Data>(&*event);
      if (data == nullptr) continue;
      require(connected);
      const std::string_view text = as_text(data->payload.bytes());
      received += text;
      if (transport == Transport::stream) {
        require(other.given_bytes.starts_with(received));
      } else {
        require(std::ranges::find(other.given, text) != other.given.end());
      }
    }
    require(!over || !connection.open());
  }
};

class Input {
 public:
  explicit Input(Bytes bytes) : reader_(bytes) {}
  bool empty() const { return reader_.remaining() == 0; }
  std::uint8_t byte() { return reader_.u8(); }
  std::size_t place_in(std::size_t size) { return (byte() * 256u + byte()) % size; }
  Bytes bytes(std::size_t count) { return reader_.bytes(std::min(count, reader_.remaining())); }

 private:
  ByteReader reader_;
};

void step(Input& input, TimePoint& now, End& from, End& to, unsigned action) {
  if (action < 6 && from.sent.empty()) return;
  switch (action) {
    case 0:
    case 1:
    case 2:  // The next bytes arrive.
      to.connection.handle_bytes(now, from.sent.front());
      from.sent.pop_front();
      break;
    case 3: {  // Some of them do.
      auto& packet = from.sent.front();
      const auto size = static_cast<std::ptrdiff_t>(input.place_in(packet.size() + 1));
      to.connection.handle_bytes(now, Bytes(packet).first(static_cast<std::size_t>(size)));
      packet.erase(packet.begin(), packet.begin() + size);
      if (packet.empty()) from.sent.pop_front();
      break;
    }
    case 4: {  // One of them is damaged.
      auto& packet = from.sent.front();
      packet[input.place_in(packet.size())] ^= static_cast<std::byte>(input.byte());
      break;
    }
    case 5:  // They are lost, or come twice.
      if (input.byte() % 2 == 0) {
        from.sent.pop_front();
      } else {
        to.connection.handle_bytes(now, from.sent.front());
      }
      break;
    case 6:  // Somebody else sends some.
      to.connection.handle_bytes(now, input.bytes(input.byte()));
      break;
    case 7:  // Time passes.
      now += std::chrono::milliseconds(1 << (input.byte() % 15));
      testing::set_wall_clock(now);
      from.connection.handle_timeout(now);
      to.connection.handle_timeout(now);
      break;
    default:  // The application does something.
      const std::uint8_t what = input.byte();
      if (what < 8) {
        from.connection.close(now);
      } else if (what < 16) {
        from.connection.handle_end(now);
      } else {
        const std::string text(std::size_t{what} * what / 4, static_cast<char>('a' + from.given.size() % 26));
        if (!from.connection.send(now, as_bytes(text))) break;
        from.given.push_back(text);
        from.given_bytes += text;
      }
  }
}

const ServerIdentity& identity() {
  static const ServerIdentity* const made = [] {
    const testing::SeededOpenSsl openssl(1);
    return new ServerIdentity(ServerIdentity::self_signed({"a.example"}, testing::wall_clock_epoch).value());
  }();
  return *made;
}

ClientConfig config(Transport transport) {
  static const std::string pem = identity().certificate_pem();
  ClientConfig config;
  config.transport = transport;
  config.server_name = "a.example";
  config.ca_pem = pem;
  config.use_system_roots = false;
  config.unix_time = testing::wall_clock_epoch;
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_steps = 300;
  static_cast<void>(identity());
  const testing::SeededOpenSsl openssl(2);
  TimePoint now{};
  testing::set_wall_clock(now);

  Input input(std::as_bytes(std::span(data, size)));
  const Transport transport = input.byte() % 2 == 0 ? Transport::stream : Transport::datagram;
  End client{Connection::client(now, config(transport)).value()};
  End server{Connection::server(now, transport, identity()).value()};
  for (std::size_t steps = 0; !input.empty() && steps < max_steps; ++steps) {
    client.drain(server, transport);
    server.drain(client, transport);
    const std::uint8_t what = input.byte();
    End& from = what % 2 == 0 ? client : server;
    step(input, now, from, &from == &client ? server : client, (what / 2u) % 9);
  }
  client.drain(server, transport);
  server.drain(client, transport);
  return 0;
}
