#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "petrel/sctp/association.hpp"
#include "support/seeded_random.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::sctp {

/// A message that arrived whole.
struct Message {
  std::uint16_t stream = 0;
  std::uint32_t protocol = 0;
  bool unordered = false;
  std::vector<std::byte> payload;

  std::string_view text() const { return as_text(payload); }
};

/// One association, and an owner who takes what it gives.
struct End {
  Association association;
  bool reads = true;  ///< Whether it takes what arrives.
  std::vector<Event> events;
  std::vector<Message> messages;
  std::size_t abandoned = 0;
  std::size_t longest_piece = 0;

  End(TimePoint now, const AssociationConfig& config, RandomSource& random)
      : association(now, config, random) {}

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Event& event : events) {
      if (const auto* kind = std::get_if<Kind>(&event)) found.push_back(*kind);
    }
    return found;
  }
  template <class Kind>
  std::size_t count() const {
    return all<Kind>().size();
  }
  std::error_code failure() const {
    const auto failed = all<Failed>();
    return failed.empty() ? std::error_code{} : failed.front().error;
  }
  bool over() const { return count<Failed>() + count<PeerClosed>() > 0; }

  void take(TimePoint now) {
    while (reads) {
      auto piece = association.receive(now);
      if (!piece) break;
      longest_piece = std::max(longest_piece, piece->payload.size());
      Message& message = open_[{piece->stream, piece->unordered}];
      message.stream = piece->stream;
      message.protocol = piece->protocol;
      message.unordered = piece->unordered;
      message.payload.insert(message.payload.end(), piece->payload.begin(), piece->payload.end());
      if (!piece->last) continue;
      auto whole = open_.extract({piece->stream, piece->unordered});
      if (piece->abandoned) {
        ++abandoned;
      } else {
        messages.push_back(std::move(whole.mapped()));
      }
    }
    while (auto event = association.poll_event()) events.push_back(*std::move(event));
  }

 private:
  std::map<std::pair<std::uint16_t, bool>, Message> open_;
};

struct LineConfig {
  Duration latency = std::chrono::milliseconds(10);
  Duration jitter{};  ///< On top of the latency, so that packets overtake each other.
  double loss = 0;
  double duplication = 0;
};

/// Two associations and a line between them, in virtual time.
class Pipe {
 public:
  Pipe(std::uint64_t seed, LineConfig line_config = {}, const AssociationConfig& left_config = {},
       const AssociationConfig& right_config = {})
      : line(line_config),
        random_(seed),
        left(at(TimePoint{}), left_config, random_),
        right(now, right_config, random_) {}
  ~Pipe() { testing::reset_wall_clock(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void connect() {
    left.association.connect(now);
    right.association.connect(now);
    settle();
  }
  bool connects() {
    connect();
    return run_until([this] { return left.association.connected() && right.association.connected(); },
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
      at(next);
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
      const bool to_right = end == &left;
      while (auto packet = end->association.poll_packet()) put(*std::move(packet), to_right);
    }
  }

  std::size_t on_the_line() const { return line_.size(); }

  LineConfig line;
  /// Looks at each packet that is sent; false loses it. Empty: none is looked at.
  bool (*tap)(void* context, Bytes packet, bool to_right) = nullptr;
  void* tap_context = nullptr;
  std::size_t packets = 0;
  std::size_t longest_packet = 0;
  std::uint64_t trace = 14695981039346656037u;  ///< FNV-1a of all packets and their times.
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
  void mix(std::uint64_t value) {
    for (int i = 0; i < 8; ++i, value >>= 8) trace = (trace ^ (value & 0xff)) * 1099511628211u;
  }

  void put(PacketBuffer packet, bool to_right) {
    ++packets;
    longest_packet = std::max(longest_packet, packet.size());
    mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    for (const std::byte b : packet.bytes())
      trace = (trace ^ std::to_integer<std::uint64_t>(b)) * 1099511628211u;
    if (tap != nullptr && !tap(tap_context, packet.bytes(), to_right)) return;
    if (chance(line.loss)) return;
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
      if (const auto due = end->association.next_timeout()) next = std::min(next, *due);
    }
    return next;
  }

  void step() {
    while (!line_.empty() && line_.begin()->first <= now) {
      auto packet = line_.extract(line_.begin());
      End& end = packet.mapped().to_right ? right : left;
      end.association.handle_packet(now, packet.mapped().bytes);
      settle();
    }
    for (End* end : {&left, &right}) {
      const auto due = end->association.next_timeout();
      if (due && *due <= now) end->association.handle_timeout(now);
    }
    settle();
  }

  testing::SeededRandom random_;
  std::multimap<TimePoint, Packet> line_;

 public:
  End left;
  End right;
};

/// `size` bytes that are told apart by `which`.
inline std::vector<std::byte> filled(std::size_t size, std::uint32_t which) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = which * 2654435761u + 1;
  for (std::byte& b : bytes) {
    state = state * 1664525u + 1013904223u;
    b = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

}  // namespace petrel::inline v0::sctp
