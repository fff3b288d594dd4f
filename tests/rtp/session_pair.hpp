#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "petrel/rtp/session.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::rtp::testing {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;

/// An access unit as an encoder would give it: a key frame with its parameter sets, or a slice alone.
inline std::vector<std::byte> access_unit(RandomSource& random, bool key_frame, std::size_t slice_size) {
  std::vector<std::byte> out;
  const auto unit = [&](std::uint8_t header, std::size_t size) {
    for (const int byte : {0, 0, 0, 1, int{header}}) out.push_back(static_cast<std::byte>(byte));
    // No zeros, so that no start code is emulated.
    for (std::size_t i = 1; i < size; ++i) out.push_back(static_cast<std::byte>(random.between(1, 255)));
  };
  if (key_frame) {
    unit(0x67, 20);
    unit(0x68, 6);
  }
  unit(key_frame ? 0x65 : 0x41, slice_size);
  return out;
}

inline PayloadConfig h264_payload(bool rtx) {
  PayloadConfig payload;
  payload.payload_type = PayloadType{96};
  payload.format = PayloadFormat::h264;
  if (rtx) payload.rtx = PayloadType{97};
  payload.feedback = {.nack = true, .pli = true, .fir = true, .remb = true};
  return payload;
}

inline MediaConfig video(bool sending, bool receiving, bool rtx = true) {
  MediaConfig config;
  config.kind = MediaKind::video;
  config.mid = "v";
  config.sending = sending;
  config.receiving = receiving;
  config.payloads = {h264_payload(rtx)};
  config.extensions = {.mid = 1, .abs_send_time = 2};
  config.reduced_size_rtcp = true;
  return config;
}

inline MediaConfig audio(bool sending, bool receiving) {
  MediaConfig config;
  config.kind = MediaKind::audio;
  config.mid = "a";
  config.sending = sending;
  config.receiving = receiving;
  PayloadConfig payload;
  payload.payload_type = PayloadType{111};
  payload.format = PayloadFormat::opus;
  payload.clock_rate = 48'000;
  config.payloads = {payload};
  config.extensions = {.mid = 1};
  return config;
}

struct Path {
  unsigned loss_percent = 0;
  unsigned duplication_percent = 0;
  Duration latency = 20ms;
  Duration spread = 0ms;  ///< Up to so much more, drawn per packet: it reorders.
};

/// Two sessions joined by a path with faults, in virtual time. What should be SRTP is a mark of one byte, so
/// that a packet that is protected twice, or not at all, shows.
class SessionPair {
 public:
  static constexpr TimePoint start{1000s};
  static constexpr ClockMapping clock{start, {0xe0000000'00000000}};

  SessionPair(std::uint64_t seed, Path path)
      : random(seed),
        path_(path),
        a(start, {.cname = "a", .clock = clock}, random),
        b(start, {.cname = "b", .clock = clock}, random) {}

  TimePoint now() const { return now_; }

  /// Runs until `end`; events go to `on_event(session, event)`.
  template <class OnEvent>
  void run_until(TimePoint end, OnEvent on_event) {
    for (;;) {
      pump(a, b, on_event);
      pump(b, a, on_event);
      std::optional<TimePoint> next;
      const auto consider = [&next](std::optional<TimePoint> due) {
        if (due && (!next || *due < *next)) next = due;
      };
      consider(a.next_timeout());
      consider(b.next_timeout());
      if (!in_flight_.empty()) consider(in_flight_.begin()->first);
      if (!next || *next > end) break;
      now_ = std::max(now_, *next);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
        auto node = in_flight_.extract(in_flight_.begin());
        deliver(node.mapped());
      }
      if (const auto due = a.next_timeout(); due && *due <= now_) a.handle_timeout(now_);
      if (const auto due = b.next_timeout(); due && *due <= now_) b.handle_timeout(now_);
    }
    now_ = end;
  }
  void run_until(TimePoint end) {
    run_until(end, [](Session&, const Event&) {});
  }
  void set_path(Path path) { path_ = path; }

  SeededRandom random;
  std::size_t protected_copies = 0;
  std::size_t sent = 0;
  bool reused_a_number = false;  ///< A packet number that was protected twice: a two-time pad.
  std::size_t largest = 0;

 private:
  static constexpr std::byte mark{0xab};

  struct Flight {
    Session* to = nullptr;
    bool is_rtcp = false;
    std::vector<std::byte> bytes;
  };

  template <class OnEvent>
  void pump(Session& from, Session& to, OnEvent& on_event) {
    while (auto event = from.poll_event()) on_event(from, *event);
    while (auto outgoing = from.poll_packet()) {
      ++sent;
      largest = std::max(largest, outgoing->packet.size());
      std::vector<std::byte> bytes(outgoing->packet.bytes().begin(), outgoing->packet.bytes().end());
      if (outgoing->kind == Outgoing::Kind::protected_copy) {
        ++protected_copies;
      } else {
        if (outgoing->kind == Outgoing::Kind::rtp) note_number(from, outgoing->packet.bytes());
        bytes.push_back(mark);
      }
      if (outgoing->keep) from.keep_protected(now_, *outgoing->keep, bytes);
      const int copies = 1 + (random.between(0, 99) < path_.duplication_percent ? 1 : 0);
      for (int i = 0; i < copies; ++i) {
        if (random.between(0, 99) < path_.loss_percent) continue;
        const auto spread = static_cast<std::uint32_t>(path_.spread / 1us);
        const TimePoint arrival = now_ + path_.latency + random.between(0, spread) * 1us;
        in_flight_.emplace(arrival, Flight{&to, outgoing->kind == Outgoing::Kind::rtcp, bytes});
      }
    }
  }
  void deliver(Flight& flight) {
    if (flight.bytes.back() != mark) std::abort();
    flight.bytes.pop_back();
    if (flight.is_rtcp) {
      flight.to->handle_rtcp(now_, flight.bytes);
    } else {
      flight.to->handle_rtp(now_, flight.bytes);
    }
  }
  void note_number(const Session& from, Bytes packet) {
    const auto view = PacketView::parse(packet);
    if (!view) std::abort();
    const auto key = std::pair(&from, view->header().ssrc.value);
    const std::uint16_t sequence = view->header().sequence;
    const auto it = last_number_.find(key);
    // Numbers of one stream are consecutive, over the wrap too.
    if (it != last_number_.end() && sequence != static_cast<std::uint16_t>(it->second + 1))
      reused_a_number = true;
    last_number_[key] = sequence;
  }

  Path path_;
  TimePoint now_ = start;
  std::multimap<TimePoint, Flight> in_flight_;
  std::map<std::pair<const Session*, std::uint32_t>, std::uint16_t> last_number_;

 public:
  Session a;
  Session b;
};

}  // namespace petrel::inline v0::rtp::testing
