#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/datachannel/channels.hpp"
#include "support/seeded_random.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::datachannel {

/// One end's channels, and an owner who takes what they give.
struct End {
  Channels channels;
  bool reads = true;  ///< Whether it takes messages.
  std::vector<Event> events;
  std::map<ChannelId, std::vector<Message>> messages;
  std::vector<ChannelId> announced;

  End(TimePoint now, ChannelsConfig config, RandomSource& random)
      : channels(now, std::move(config), random) {}

  template <class Kind>
  std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [](const Event& event) { return std::holds_alternative<Kind>(event); }));
  }
  template <class Kind>
  std::size_t count(ChannelId channel) const {
    return static_cast<std::size_t>(std::ranges::count_if(events, [channel](const Event& event) {
      const auto* kind = std::get_if<Kind>(&event);
      return kind != nullptr && kind->channel == channel;
    }));
  }
  std::error_code end_of(ChannelId channel) const {
    for (const Event& event : events) {
      const auto* closed = std::get_if<Closed>(&event);
      if (closed != nullptr && closed->channel == channel) return closed->error;
    }
    return {};
  }
  std::string text(ChannelId channel, std::size_t index) const {
    const auto found = messages.find(channel);
    if (found == messages.end() || index >= found->second.size()) return "(nothing)";
    return std::string(found->second[index].text());
  }

  void take(TimePoint now) {
    while (auto event = channels.poll_event()) {
      if (const auto* theirs = std::get_if<Announced>(&*event)) announced.push_back(theirs->channel);
      if (!std::holds_alternative<BufferedAmountLow>(*event)) events.push_back(*std::move(event));
    }
    if (!reads) return;
    for (const ChannelId channel : channels.channels()) {
      while (auto message = channels.receive(now, channel)) messages[channel].push_back(*std::move(message));
    }
  }
};

struct LineConfig {
  Duration latency = std::chrono::milliseconds(10);
  Duration jitter{};  ///< On top of the latency, so that packets overtake each other.
  double loss = 0;
  double duplication = 0;
};

/// Two ends and a line between them, in virtual time. The left one is the DTLS client.
class Pair {
 public:
  explicit Pair(std::uint64_t seed, LineConfig line_config = {}, const ChannelsConfig& left_config = {},
                const ChannelsConfig& right_config = {})
      : line(line_config),
        random_(seed),
        left(at(TimePoint{}), left_config, random_),
        right(now, right_config, random_) {}
  ~Pair() { testing::reset_wall_clock(); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// Each end is told of the other's limit, as by offer and answer.
  void start(std::size_t left_takes = 256 * 1024, std::size_t right_takes = 256 * 1024) {
    left.channels.start(now, {.remote_max_message_size = right_takes, .dtls_client = true});
    right.channels.start(now, {.remote_max_message_size = left_takes, .dtls_client = false});
    settle();
  }
  bool connects() {
    start();
    return run_until(
        [this] { return left.count<TransportConnected>() == 1 && right.count<TransportConnected>() == 1; },
        std::chrono::seconds(30));
  }

  /// Takes out and delivers until there is nothing to do before `limit`, or `done` holds.
  template <class Done>
  bool run_until(Done done, Duration limit) {
    const TimePoint end = now + limit;
    settle();
    while (!done()) {
      const TimePoint next = next_event();
      if (next > end) {
        at(end);
        return false;
      }
      at(std::max(next, now));
      step();
    }
    return true;
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }

  /// Both owners take what there is, and the line what is sent.
  void settle() {
    for (End* end : {&left, &right}) {
      end->take(now);
      while (auto packet = end->channels.poll_packet(now)) put(*std::move(packet), end == &left);
    }
  }

  ChannelId create(End& end, std::string label = "chat", ChannelInit init = {}) {
    const ChannelId channel = end.channels.create(now, std::move(label), std::move(init)).value();
    settle();
    return channel;
  }
  Result<bool> send(End& end, ChannelId channel, std::string_view text) {
    return end.channels.try_send(now, channel, as_bytes(text), true);
  }

  LineConfig line;
  bool cut = false;  ///< Loses everything.
  TimePoint now{};

 private:
  struct Packet {
    bool to_right = false;
    std::vector<std::byte> bytes;
  };

  TimePoint at(TimePoint time) {
    now = time;
    testing::set_wall_clock(now);
    return now;
  }
  bool chance(double probability) { return probability > 0 && random_.u32() < probability * 4294967295.0; }

  void put(PacketBuffer packet, bool to_right) {
    if (cut || chance(line.loss)) return;
    const int copies = chance(line.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto most = static_cast<std::uint32_t>(line.jitter / std::chrono::microseconds(1));
      const Duration late = most == 0 ? Duration{} : std::chrono::microseconds(random_.between(0, most));
      line_.emplace(now + line.latency + late,
                    Packet{to_right, {packet.bytes().begin(), packet.bytes().end()}});
    }
  }

  TimePoint next_event() const {
    TimePoint next = TimePoint::max();
    if (!line_.empty()) next = line_.begin()->first;
    for (const End* end : {&left, &right}) {
      if (const auto due = end->channels.next_timeout()) next = std::min(next, *due);
    }
    return next;
  }

  void step() {
    while (!line_.empty() && line_.begin()->first <= now) {
      auto packet = line_.extract(line_.begin());
      End& end = packet.mapped().to_right ? right : left;
      end.channels.handle_packet(now, packet.mapped().bytes);
      settle();
    }
    for (End* end : {&left, &right}) {
      const auto due = end->channels.next_timeout();
      if (due && *due <= now) end->channels.handle_timeout(now);
    }
    settle();
  }

  testing::SeededRandom random_;
  std::multimap<TimePoint, Packet> line_;

 public:
  End left;
  End right;
};

}  // namespace petrel::inline v0::datachannel
