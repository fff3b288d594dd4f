#include "sctp/usrsctp_stack.hpp"

#include <usrsctp.h>

#include <algorithm>
#include <chrono>

namespace petrel::inline v0::sctp {
namespace {

using std::chrono::milliseconds;

// More chunks of one association in the queues of either direction than the buffers hold: those are
// the limits, and bytes the measure. usrsctp's own, 512, is half a MiB.
constexpr std::uint32_t max_chunks = 1 << 20;

// Never, for us: a day.
constexpr std::uint32_t shutdown_guard_seconds = 86'400;

}  // namespace

UsrsctpStack& UsrsctpStack::instance() {
  // Never destroyed: usrsctp_finish() fails while any association lingers in its teardown, and
  // other libraries may still use it at exit.
  static auto* const stack = new UsrsctpStack;
  return *stack;
}

UsrsctpStack::UsrsctpStack() {
  // "nothreads" still starts one thread, "SCTP iterator" (sctplab/usrsctp#472). It sleeps until
  // an address is deregistered, then walks the endpoints under usrsctp's own locks; it never
  // calls back into us.
  usrsctp_init_nothreads(0, &UsrsctpStack::on_output, nullptr);
  usrsctp_enable_crc32c_offload();

  // What WebRTC has no use for: there is one address (RFC 8831 5), ICE and DTLS know who the peer
  // is, and DTLS hides the IP header with its ECN bits.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // A tag stays unused after its association because of packets that may still be under way. Ours
  // are in a DTLS connection of their own, which ends with the association.
  usrsctp_sysctl_set_sctp_vtag_time_wait(0);
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(max_chunks);
  // It would give up a peer whose window has been closed for as many probes.
  usrsctp_sysctl_set_sctp_max_retran_chunk(0);
  // And this one a shutdown, after five times the longest timeout.
  usrsctp_sysctl_set_sctp_shutdown_guard_time_default(shutdown_guard_seconds);
}

std::uintptr_t UsrsctpStack::add(Outbox& outbox) {
  const std::uintptr_t id = ++last_id_;  // 0 is refused by usrsctp_connect().
  outboxes_.emplace(id, &outbox);
  usrsctp_register_address(reinterpret_cast<void*>(id));
  return id;
}

void UsrsctpStack::remove(std::uintptr_t id) {
  usrsctp_deregister_address(reinterpret_cast<void*>(id));
  outboxes_.erase(id);
  // The number is in the signature of the cookie. With nobody left to confuse, numbers begin anew, so
  // that runs one after the other in one process are the same to the byte.
  if (outboxes_.empty()) last_id_ = 0;
}

void UsrsctpStack::advance(Pace& pace, TimePoint now) {
  if (!pace.running) {
    // It did not run, so none of its timers did: what passed meanwhile is nobody's.
    pace = {true, now, ticks_};
    return;
  }
  if (now <= pace.at) return;
  const auto elapsed = std::chrono::floor<milliseconds>(now - pace.at);
  const std::uint64_t target = pace.ticks + static_cast<std::uint64_t>(elapsed.count());
  while (ticks_ < target) {
    // usrsctp takes 32 bits, of which it compares the sign.
    const auto step = static_cast<std::uint32_t>(std::min<std::uint64_t>(target - ticks_, 1 << 30));
    ticks_ += step;
    usrsctp_handle_timers(step);
  }
  pace = {true, pace.at + elapsed, ticks_};  // The rest of a millisecond waits for the next call.
}

int UsrsctpStack::on_output(void* id, void* data, std::size_t size, std::uint8_t, std::uint8_t) {
  // usrsctp holds the association's lock here: copy, and touch nothing else. Called inside of our
  // own calls only, so that the stack's lock is held.
  auto& outboxes = instance().outboxes_;
  const auto it = outboxes.find(reinterpret_cast<std::uintptr_t>(id));
  if (it == outboxes.end()) return -1;  // It may still send after a close (sctplab/usrsctp#405).
  Outbox& outbox = *it->second;
  if (outbox.muted) return 0;
  if (outbox.packets.size() >= max_unpolled_packets) {
    // Not an error to usrsctp, which would think of the interface; it is as lost as on a line.
    ++outbox.dropped;
    return 0;
  }
  auto packet = PacketBuffer::copy_of({static_cast<const std::byte*>(data), size});
  if (!packet) {
    ++outbox.too_long;
    return 0;
  }
  outbox.packets.push_back(*std::move(packet));
  return 0;
}

}  // namespace petrel::inline v0::sctp
