#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::sctp {

/// Packets of one association that nobody polled: more than the peer's window of any size that
/// is of use holds. One more is dropped, and SCTP sends it again.
inline constexpr std::size_t max_unpolled_packets = 4096;

/// What usrsctp hands out for one association. usrsctp calls back while it holds its own locks,
/// so the callback only fills this in, and the association takes it after the call.
struct Outbox {
  RingQueue<PacketBuffer> packets;
  std::uint64_t dropped = 0;
  std::uint64_t too_long = 0;
  bool muted = false;  ///< What usrsctp says is for nobody, and forgotten.
};

/// How far one association has followed the stack's clock.
struct Pace {
  bool running = false;
  TimePoint at{};
  std::uint64_t ticks = 0;
};

/// usrsctp itself: one per process by its design, so one here too, and the only one of petrel's.
///
/// Associations live on any number of threads. One lock is around every call into usrsctp, which
/// has locks of its own but runs the timers of all associations on whoever comes by; it is held
/// for one call, and never while calling out.
///
/// usrsctp counts its timers in ticks of a millisecond that it is told of, and reads
/// gettimeofday() for everything else. The ticks follow every association that runs: one that
/// says that 10 ms have passed for it takes the stack at least 10 ms from where it left it.
/// Associations on one time line thus advance it by the time that passes. Those on others (two
/// worlds of one test program) see their timers early, never late, which costs retransmissions
/// and nothing else, because giving up is decided by the association and on its own clock.
class UsrsctpStack {
 public:
  static UsrsctpStack& instance();

  UsrsctpStack(const UsrsctpStack&) = delete;
  UsrsctpStack& operator=(const UsrsctpStack&) = delete;

  /// The right to call usrsctp. Not for more than one thing at a time.
  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // All below: with the lock held.

  /// What usrsctp shall call the association: a number and never a pointer, because HEARTBEAT
  /// chunks show it to the peer. No other association has it.
  std::uintptr_t add(Outbox& outbox);
  void remove(std::uintptr_t id);

  /// Runs the timers that are due for an association that was at `pace` and is at `now`: those
  /// of every other one as well, whose output waits in its outbox until it comes by itself.
  void advance(Pace& pace, TimePoint now);

  /// Where a piece of a message is read to before its size is known. As long as most messages are at most.
  std::span<std::byte> scratch() { return scratch_; }
  /// For one packet on its way in.
  std::vector<std::byte>& packet_room() { return packet_room_; }

 private:
  UsrsctpStack();
  static int on_output(void* id, void* data, std::size_t size, std::uint8_t tos, std::uint8_t set_df);

  std::mutex mutex_;
  std::unordered_map<std::uintptr_t, Outbox*> outboxes_;
  std::uintptr_t last_id_ = 0;
  std::uint64_t ticks_ = 0;
  std::array<std::byte, std::size_t{256} << 10> scratch_{};
  std::vector<std::byte> packet_room_;
};

}  // namespace petrel::inline v0::sctp
