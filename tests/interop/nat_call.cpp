// petrel-nat-call: one side of a call whose other side is another process, elsewhere on the network. They
// signal by lines on standard output, which somebody carries to the other one's standard input.
//
//   petrel-nat-call offer|answer [--ice-server …] [--turn-ca …]
//   petrel-nat-call table     what has to come of it, of every cell of the connection matrix

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/peer_connection.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "shared/peer_config.hpp"
#include "shared/server_options.hpp"
#include "shared/stderr_log.hpp"
#include "simulation/matrix_table.hpp"

namespace {

using namespace std::chrono_literals;
namespace matrix = petrel::matrix;

constexpr std::string_view payload = "an RTP packet that the other side echoes";
constexpr auto look_interval = 50ms;

// ---- The lines --------------------------------------------------------------

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// A description in one line.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c != '\r') {
      out += c;
    }
  }
  return out;
}

std::string unfolded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_break = text.substr(at, 2) == "\\n";
    out += is_break ? "\r\n" : std::string(1, text[at]);
    at += is_break ? 1 : 0;
  }
  return out;
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

// ---- The call ---------------------------------------------------------------

// The first payload type of the first m-line.
std::uint8_t payload_type_of(const petrel::SessionDescription& description) {
  const std::size_t profile = description.sdp.find("SAVPF ", description.sdp.find("m="));
  std::uint8_t type = 0;
  const char* begin = description.sdp.data() + profile + 6;
  std::from_chars(begin, begin + 3, type);
  return type;
}

class Side {
 public:
  Side(asio::io_context& io, petrel::Network& network, petrel::PeerConfig config, bool offers)
      : io_(io),
        input_(io, ::dup(STDIN_FILENO)),
        look_(io),
        offers_(offers),
        peer_(network, std::move(config)) {
    peer_.on_ice_candidate(
        [](const petrel::LocalCandidate& local) { say("candidate " + local.mid + " " + local.candidate); });
    peer_.on_connection_state_change([this](petrel::ConnectionState state) {
      say("state " + std::string(to_string(state)));
      if (state == petrel::ConnectionState::failed) say("why " + peer_.why());
    });
    if (offers_) {
      use(peer_.add_transceiver(petrel::Kind::audio).value());
      describe();
    }
    read();
    look();
  }

 private:
  void use(petrel::Transceiver transceiver) {
    audio_ = transceiver;
    transceiver.receiver().on_packet([this](petrel::Bytes packet) { on_packet(packet); });
  }

  void describe() {
    peer_.set_local_description().value();
    say("description " + std::string(offers_ ? "offer " : "answer ") +
        folded(peer_.local_description()->sdp));
  }

  void read() {
    asio::async_read_until(input_, asio::dynamic_buffer(unread_), '\n',
                           [this](std::error_code error, std::size_t size) {
                             if (error) return end();  // Nobody wants to know any more.
                             const std::string line = unread_.substr(0, size - 1);
                             unread_.erase(0, size);
                             on_line(line);
                             read();
                           });
  }

  void on_line(std::string_view line) {
    const std::string_view what = take_word(line);
    if (what == "candidate") {
      const std::string_view mid = take_word(line);
      peer_.add_ice_candidate(line, mid).value();
    } else if (what == "description") {
      const auto type = take_word(line) == "offer" ? petrel::SdpType::offer : petrel::SdpType::answer;
      peer_.set_remote_description({type, unfolded(line)}).value();
      if (type == petrel::SdpType::answer) return;
      use(peer_.transceivers().front());
      audio_->set_direction(petrel::Direction::send_recv).value();
      describe();
    }
  }

  void on_packet(petrel::Bytes packet) {
    const auto view = petrel::rtp::PacketView::parse(packet);
    if (!view || !std::ranges::equal(view->payload(), petrel::as_bytes(payload))) return;
    if (!offers_) {
      (void)audio_->sender().send_packet(packet);
    } else if (!std::exchange(echoed_, true)) {
      say("echoed");
    }
  }

  void look() {
    look_.expires_after(look_interval);
    look_.async_wait([this](std::error_code error) {
      if (error) return;
      if (offers_ && !echoed_ && peer_.connection_state() == petrel::ConnectionState::connected) call_out();
      tell_pair();
      look();
    });
  }

  void call_out() {
    petrel::rtp::PacketHeader header;
    header.payload_type = petrel::rtp::PayloadType{payload_type_of(*peer_.local_description())};
    header.sequence = ++sequence_;
    const auto packet =
        petrel::rtp::write_packet(header, petrel::rtp::ExtensionBlock(), petrel::as_bytes(payload)).value();
    (void)audio_->sender().send_packet(packet.bytes());
  }

  // "pair hm4 OURS THEIRS", whenever it is another one.
  void tell_pair() {
    const auto pair = peer_.stats().pair;
    if (!pair || peer_.ice_connection_state() != petrel::ice::State::completed) return;
    const bool v4 = pair->local.endpoint.address.is_v4();
    const std::string types{to_string(pair->local.type).front(), to_string(pair->remote.type).front(),
                            v4 ? '4' : '6'};
    const std::string line =
        "pair " + types + " " + pair->local.endpoint.to_string() + " " + pair->remote.endpoint.to_string();
    if (line != std::exchange(told_, line)) say(line);
  }

  void end() {
    look_.cancel();
    peer_.close();
    io_.stop();
  }

  asio::io_context& io_;
  asio::posix::stream_descriptor input_;
  asio::steady_timer look_;
  bool offers_;
  petrel::PeerConnection peer_;
  std::optional<petrel::Transceiver> audio_;
  std::string unread_;
  std::string told_;
  std::uint16_t sequence_ = 0;
  bool echoed_ = false;
};

// ---- The table --------------------------------------------------------------

// "CELL<tab>may fail<tab>hm4 rm4", or "must connect"; without a pair it must fail.
void print_table() {
  for (std::size_t number = 0; number < matrix::cells; ++number) {
    const matrix::Cell cell = matrix::cell_of(number);
    if (cell.mode != matrix::Mode::trickle) continue;
    const matrix::Expectation expectation = matrix::expectation_of(cell);
    std::string winners;
    for (const char local : {'h', 's', 'p', 'r'}) {
      for (const char remote : {'h', 's', 'p', 'r'}) {
        for (const char family : {'4', '6'}) {
          if (expectation.allows({local, remote, family}))
            winners.append(winners.empty() ? "" : " ").append({local, remote, family});
        }
      }
    }
    say(matrix::to_string(cell) + "\t" + (expectation.may_fail() ? "may fail" : "must connect") + "\t" +
        winners);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One side of a call.", "petrel-nat-call");
  std::string role;
  shared::ServerOptions options;
  app.add_option("role", role)->check(CLI::IsMember({"offer", "answer", "table"}))->required();
  shared::add_server_options(app, options);
  CLI11_PARSE(app, argc, argv);
  if (role == "table") {
    print_table();
    return 0;
  }
  asio::io_context io(1);
  std::optional<shared::StderrLog> log;
  if (options.log_level) log.emplace(*options.log_level);
  petrel::Network network(io.get_executor());
  const Side side(io, network, shared::peer_config(options, network, log ? &*log : nullptr), role == "offer");
  io.run();
  return 0;
}
