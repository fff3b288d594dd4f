#include <array>
#include <cstdlib>
#include <deque>

#include "petrel/sctp/association.hpp"
#include "sctp/crc32c.hpp"
#include "support/seeded_random.hpp"
#include "support/seeded_usrsctp.hpp"
#include "support/virtual_wall_clock.hpp"

// Two associations between which the input carries, loses, repeats, reorders, damages and invents packets,
// signs what it damaged (or leaves the checksum out), and moves the time. Properties: a message is taken
// once, an association that is over says nothing more, nothing is longer than the MTU, and no timeout is due
// in the past.

namespace {

using namespace petrel;
using namespace petrel::sctp;

void require(bool holds) {
  if (!holds) std::abort();
}

struct End {
  Association association;
  std::deque<PacketBuffer> sent;
  bool over = false;

  End(TimePoint now, const AssociationConfig& config, RandomSource& random)
      : association(now, config, random) {}

  void drain(TimePoint now) {
    while (auto packet = association.poll_packet()) {
      require(packet->size() <= 1163);
      if (sent.size() < 1000) sent.push_back(*std::move(packet));
    }
    while (auto event = association.poll_event()) {
      require(!over);
      over = std::holds_alternative<PeerClosed>(*event) || std::holds_alternative<Failed>(*event);
    }
    const auto due = association.next_timeout();
    require(!due || *due > now);
    require(!due || !over);
  }
};

class Input {
 public:
  explicit Input(Bytes bytes) : reader_(bytes) {}
  bool empty() const { return reader_.remaining() == 0; }
  std::uint8_t byte() { return reader_.u8(); }
  std::uint16_t word() { return reader_.u16(); }
  Bytes bytes(std::size_t count) { return reader_.bytes(std::min(count, reader_.remaining())); }

 private:
  ByteReader reader_;
};

void act(Input& input, TimePoint now, Association& association) {
  switch (input.byte() % 8) {
    case 0:
    case 1:
    case 2: {
      const auto flags = input.byte();
      Outgoing outgoing{.stream = static_cast<std::uint16_t>(flags & 3), .last = (flags & 4) != 0};
      outgoing.delivery.ordered = (flags & 8) != 0;
      if ((flags & 16) != 0) outgoing.delivery.max_retransmits = flags & 1;
      if ((flags & 48) == 32) outgoing.delivery.max_lifetime = std::chrono::milliseconds(flags);
      const std::vector<std::byte> payload(1 + input.word() % 5000);
      outgoing.payload = payload;
      static_cast<void>(association.send(now, outgoing));
      break;
    }
    case 3:
    case 4:
      static_cast<void>(association.receive(now));
      break;
    case 5: {
      const std::array<std::uint16_t, 1> streams{static_cast<std::uint16_t>(input.byte() % 5)};
      static_cast<void>(association.reset(now, streams));
      break;
    }
    case 6:
      static_cast<void>(association.send(now, {.stream = input.word(), .payload = as_bytes("x")}));
      break;
    default:
      if (input.byte() == 0) association.shut_down(now);
  }
}

void step(Input& input, TimePoint& now, End& from, End& to) {
  switch (input.byte() % 8) {
    case 0:  // The next packet arrives.
    case 1:
      if (from.sent.empty()) break;
      to.association.handle_packet(now, from.sent.front().bytes());
      from.sent.pop_front();
      break;
    case 2:  // It is lost.
      if (!from.sent.empty()) from.sent.pop_front();
      break;
    case 3:  // It arrives, and will again.
      if (!from.sent.empty()) to.association.handle_packet(now, from.sent.front().bytes());
      break;
    case 4:  // It comes after the others.
      if (from.sent.empty()) break;
      from.sent.push_back(std::move(from.sent.front()));
      from.sent.pop_front();
      break;
    case 5: {  // It arrives damaged, by somebody who signs it. The tag stays.
      if (from.sent.empty() || from.sent.front().size() <= 12) break;
      auto packet = from.sent.front().writable();
      const std::size_t where = input.word();
      packet[12 + where % (packet.size() - 12)] ^= static_cast<std::byte>(input.byte());
      if (where < 0x8000) {
        write_checksum(packet);
      } else {
        omit_checksum(packet);
      }
      to.association.handle_packet(now, packet);
      from.sent.pop_front();
      break;
    }
    case 6:  // Time passes.
      now += std::chrono::milliseconds(1 << (input.byte() % 14));
      testing::set_wall_clock(now);
      from.association.handle_timeout(now);
      to.association.handle_timeout(now);
      break;
    default:
      act(input, now, from.association);
  }
  from.drain(now);
  to.drain(now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t max_steps = 300;
  const testing::SeededUsrsctp usrsctp(1);
  testing::SeededRandom random(1);
  TimePoint now{};
  testing::set_wall_clock(now);
  Input input(std::as_bytes(std::span(data, size)));
  AssociationConfig config{.streams = 4, .max_streams = 8};
  const auto options = input.byte();
  config.interleaving = (options & 1) == 0;
  config.zero_checksum = (options & 2) == 0;
  config.receive_buffer_bytes = 16 << 10;
  End left(now, config, random);
  End right(now, config, random);
  left.association.connect(now);
  right.association.connect(now);
  left.drain(now);
  right.drain(now);
  // From the middle of their lives, half of the time.
  if (input.byte() % 2 == 0) {
    for (int i = 0; i < 4; ++i) {
      for (const auto& [from, to] : {std::pair(&left, &right), std::pair(&right, &left)}) {
        while (!from->sent.empty()) {
          to->association.handle_packet(now, from->sent.front().bytes());
          from->sent.pop_front();
        }
        to->drain(now);
      }
    }
  }
  for (std::size_t steps = 0; !input.empty() && steps < max_steps; ++steps) {
    if (input.byte() % 2 == 0) {
      step(input, now, left, right);
    } else {
      step(input, now, right, left);
    }
  }
  return 0;
}
