#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "datachannel/pair.hpp"

namespace {

using namespace petrel;
using namespace petrel::datachannel;
using namespace std::chrono_literals;

void require(bool holds) {
  if (!holds) std::abort();
}

const ChannelsConfig config{.max_message_size = 100'000,
                            .max_buffered = 50'000,
                            .max_unread = 100'000,
                            .max_channels = 8,
                            .max_streams = 32};

// Two ends that do what the input says, over a line that does what the input says.
class World {
 public:
  explicit World(ByteReader& input) : input_(input), pair_(input.u8(), line(input.u8()), config, config) {
    // The pair's own owners would take everything.
    pair_.left.reads = pair_.right.reads = false;
    pair_.start(config.max_message_size, config.max_message_size);
  }

  void step() {
    const std::uint8_t what = input_.u8();
    End& end = (what & 0x80) != 0 ? pair_.right : pair_.left;
    switch (what % 10) {
      case 0:
        create(end);
        break;
      case 1:
      case 2:
        send(end);
        break;
      case 3:
      case 4:
        receive(end);
        break;
      case 5:
        if (const auto channel = choose(end)) end.channels.close(pair_.now, *channel);
        break;
      case 6:
      case 7:
        pair_.run_for(std::chrono::milliseconds(input_.u8()));
        break;
      case 8:
        pair_.cut = !pair_.cut;
        break;
      case 9:
        rare(end);
        break;
    }
    look(pair_.left);
    look(pair_.right);
  }

  // Whatever happened: on a line that works, with owners who read, everything that is closed ends.
  void finish() {
    pair_.cut = false;
    pair_.line = {};
    for (End* end : {&pair_.left, &pair_.right}) {
      for (const ChannelId channel : end->channels.channels()) end->channels.close(pair_.now, channel);
    }
    const auto settled = [this] {
      bool all = true;
      for (End* end : {&pair_.left, &pair_.right}) {
        while (read_one(*end)) {
        }
        look(*end);
        all &= end->channels.channels().empty() || end->count<TransportClosed>() > 0;
      }
      return all;
    };
    // A negotiated channel that the other end never created is waited for as long as Core::close_patience.
    require(pair_.run_until(settled, 400s));
    for (End* end : {&pair_.left, &pair_.right}) end->channels.close(pair_.now);
    require(pair_.run_until(
        [this] {
          return pair_.left.count<TransportClosed>() == 1 && pair_.right.count<TransportClosed>() == 1;
        },
        200s));
    look(pair_.left);
    look(pair_.right);
  }

 private:
  static LineConfig line(std::uint8_t shape) {
    return {.latency = std::chrono::milliseconds(1 + shape % 8),
            .jitter = std::chrono::milliseconds((shape & 8) != 0 ? 5 : 0),
            .loss = (shape & 16) != 0 ? 0.1 : 0,
            .duplication = (shape & 32) != 0 ? 0.1 : 0};
  }
  std::optional<ChannelId> choose(End& end) {
    const auto channels = end.channels.channels();
    if (channels.empty()) return std::nullopt;
    return channels[input_.u8() % channels.size()];
  }

  void create(End& end) {
    const std::uint8_t shape = input_.u8();
    ChannelInit init{.ordered = (shape & 1) == 0,
                     .priority = (shape & 2) != 0 ? Priority::high : Priority::low};
    if ((shape & 4) != 0) init.max_retransmits = shape >> 6;
    if ((shape & 8) != 0) init.max_packet_life_time = static_cast<std::uint16_t>(50 * (shape >> 6));
    if ((shape & 16) != 0) {
      init.negotiated = true;
      init.id = static_cast<std::uint16_t>(shape >> 5);
    }
    const std::size_t before = end.channels.channels().size();
    const auto created = end.channels.create(pair_.now, std::to_string(shape), init);
    require(end.channels.channels().size() <= config.max_channels);
    require(created.has_value() == (end.channels.channels().size() == before + 1));
  }

  void send(End& end) {
    const auto channel = choose(end);
    if (!channel) return;
    const std::size_t size = std::size_t{input_.u8()} * input_.u8() * 2;
    const std::vector<std::byte> message(size, static_cast<std::byte>(size));
    const auto before = end.channels.info(*channel);
    const auto taken = end.channels.try_send(pair_.now, *channel, message, size % 2 == 0);
    if (size > config.max_message_size || before->state != State::open) {
      require(!taken && !end.channels.error_detail().empty());
    } else {
      require(taken.has_value());
    }
    if (const auto after = end.channels.info(*channel)) {
      require(after->buffered_amount <= config.max_buffered + config.max_message_size);
    }
  }

  bool read_one(End& end) {
    for (const ChannelId channel : end.channels.channels()) {
      if (const auto message = end.channels.receive(pair_.now, channel)) {
        check(*message);
        return true;
      }
    }
    return false;
  }
  void receive(End& end) {
    const auto channel = choose(end);
    if (!channel) return;
    if (const auto message = end.channels.receive(pair_.now, *channel)) check(*message);
  }
  // A message is as it was sent: its bytes say how many they are.
  static void check(const Message& message) {
    require(message.data.size() <= config.max_message_size);
    for (const std::byte byte : message.data) require(byte == static_cast<std::byte>(message.data.size()));
  }

  void rare(End& end) {
    const std::uint8_t what = input_.u8();
    if (what == 0) end.channels.close(pair_.now);
    if (what == 1) end.channels.abort(pair_.now);
    if (what == 2) {
      const Bytes packet = input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()));
      end.channels.handle_packet(pair_.now, packet);
    }
    if (what >= 3) pair_.run_for(std::chrono::seconds(what % 40));
  }

  // Each channel goes through its states once, and forward.
  void look(End& end) {
    pair_.settle();
    std::map<ChannelId, State>& states = states_[&end];
    std::size_t& seen = seen_[&end];
    for (; seen < end.events.size(); ++seen) {
      const Event& event = end.events[seen];
      require(!closed_.contains(&end));
      if (const auto* announced = std::get_if<Announced>(&event)) {
        require(states.emplace(announced->channel, State::connecting).second);
      } else if (const auto* opened = std::get_if<Opened>(&event)) {
        require(std::exchange(states[opened->channel], State::open) == State::connecting);
      } else if (const auto* closing = std::get_if<Closing>(&event)) {
        require(std::exchange(states[closing->channel], State::closing) == State::open);
      } else if (const auto* closed = std::get_if<Closed>(&event)) {
        require(std::exchange(states[closed->channel], State::closed) != State::closed);
      } else if (std::holds_alternative<TransportClosed>(event)) {
        closed_.insert(&end);
        for (const ChannelId channel : end.channels.channels()) {
          require(end.channels.info(channel)->state == State::closed);
        }
      }
    }
  }

  ByteReader& input_;
  Pair pair_;
  std::map<End*, std::map<ChannelId, State>> states_;
  std::map<End*, std::size_t> seen_;
  std::set<End*> closed_;
};

}  // namespace

// Property: whatever two owners do and the line between them loses, messages arrive as they were sent,
// channels only go forward, what waits is bounded, and in the end everything closes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, std::min<std::size_t>(size, 400))));
  World world(input);
  while (input.remaining() > 0) world.step();
  world.finish();
  return 0;
}
