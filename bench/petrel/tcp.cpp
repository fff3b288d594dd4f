#include <cstdint>
#include <cstdio>
#include <vector>

#include "petrel/net/protocol_core.hpp"
#include "petrel/sim/world.hpp"
#include "works.hpp"

namespace petrel::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto warm_up = 1500ms;
constexpr FlowId flow{1};

// As much as waits for the peer or for the line, as usrsctp is given.
constexpr std::uint64_t send_buffer_bytes = 1 << 20;

// One end of a TCP connection: it keeps the other's stream full, or takes what comes.
class End {
 public:
  struct Nothing {};
  using Event = Nothing;

  /// The far end's count of what arrived is where the near end's buffer begins.
  explicit End(const End* far = nullptr) : far_(far) {}

  void request(IoRequest request) { requests_.push_back(std::move(request)); }
  std::uint64_t received() const { return received_; }

  bool handle_datagram(TimePoint, const Datagram& datagram) {
    received_ += datagram.payload.size();
    return true;
  }
  void handle_timeout(TimePoint now) { due_ = now + 1ms; }
  void handle_flow(TimePoint now, FlowId, const FlowChange& change) {
    if (std::holds_alternative<FlowOpened>(change) && far_ != nullptr) due_ = now;
  }
  std::optional<TimePoint> next_timeout() const { return due_; }
  std::optional<IoRequest> poll_request() {
    if (requests_.empty()) return std::nullopt;
    IoRequest request = std::move(requests_.back());
    requests_.pop_back();
    return request;
  }
  std::optional<Transmit> poll_transmit() {
    if (!due_ || written_ - far_->received() >= send_buffer_bytes) return std::nullopt;
    static const std::vector<std::byte> piece(PacketBuffer::capacity, std::byte{7});
    written_ += piece.size();
    return Transmit{flow, {}, *PacketBuffer::copy_of(piece)};
  }
  std::optional<Event> poll_event() { return std::nullopt; }

 private:
  const End* far_;
  std::vector<IoRequest> requests_;
  std::optional<TimePoint> due_;
  std::uint64_t written_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace

int run_tcp(double seconds, const LineOptions& options) {
  sim::World world(options.seed, options.link());
  const IpAddress address = IpAddress::parse("192.0.2.1").value();
  End receiver;
  End sender(&receiver);
  world.attach(world.add_host({.name = "receiver", .addresses = {address}}), receiver);
  world.attach(world.add_host({.name = "sender"}), sender);
  receiver.request(Listen{flow, Endpoint{address, 9}});
  world.run_for(0s);
  sender.request(Connect{flow, {}, Endpoint{address, 9}});
  if (!world.run_until([&] { return receiver.received() > 0; }, 60s)) {
    std::fprintf(stderr, "petrel-bench: no TCP connection after a minute\n");
    return 1;
  }
  world.run_for(warm_up);
  const std::uint64_t before = receiver.received();
  world.run_for(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
  std::printf(R"({"peer":"TCP","version":"RFC 5681, 6582","time":"virtual","MBps":%.3f})"
              "\n",
              static_cast<double>(receiver.received() - before) / 1e6 / seconds);
  return 0;
}

}  // namespace petrel::bench
