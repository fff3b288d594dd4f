#include "petrel/sim/wall_clock.hpp"

#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

#include "petrel/sim/world.hpp"

namespace petrel::inline v0::sim {
namespace {

// Threads of other libraries may ask, so it is atomic. The least value: not virtual.
constexpr std::int64_t real = INT64_MIN;
std::atomic<std::int64_t> virtual_now{real};

timespec wall_clock() {
  const std::int64_t ns = virtual_now;
  timespec out{};
  if (ns == real) {
    ::clock_gettime(CLOCK_REALTIME, &out);
  } else {
    const auto since = std::chrono::nanoseconds(ns);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    out.tv_sec = World::wall_clock_epoch + seconds.count();
    out.tv_nsec = (since - seconds).count();
  }
  return out;
}

}  // namespace

void set_wall_clock(TimePoint now) { virtual_now = now.time_since_epoch().count(); }
void reset_wall_clock() { virtual_now = real; }

}  // namespace petrel::inline v0::sim

// These two definitions in the program come before libc's for every shared library that it
// loads. libc declares both with attributes and exception specifications of its own.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* out, void*) noexcept {
  const timespec now = petrel::sim::wall_clock();
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

extern "C" __attribute__((visibility("default"))) time_t time(time_t* out) noexcept {
  const timespec now = petrel::sim::wall_clock();
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
