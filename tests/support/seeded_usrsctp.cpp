#include "support/seeded_usrsctp.hpp"

#include <dlfcn.h>
#include <sys/syscall.h>

#include <cstdarg>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::testing {
namespace {

std::optional<SeededRandom>& source() {
  static std::optional<SeededRandom> random;
  return random;
}

}  // namespace

// Reached from libc's side of the door below.
bool fill_from_seed(void* out, std::size_t size) {
  if (!source()) return false;
  source()->fill(std::span(static_cast<std::byte*>(out), size));
  return true;
}

SeededUsrsctp::SeededUsrsctp(std::uint64_t seed) {
  if (source()) throw std::logic_error("two SeededUsrsctp at one time");
  source().emplace(seed);
}

SeededUsrsctp::~SeededUsrsctp() { source().reset(); }

}  // namespace petrel::inline v0::testing

// In the program this comes before libc's for every shared library that it loads. usrsctp has no
// other way to its dice than this one (read_random() in its user_environment.c).
extern "C" __attribute__((visibility("default"))) long syscall(long number, ...) noexcept {
  using Syscall = long (*)(long, long, long, long, long, long, long);
  static const auto real = reinterpret_cast<Syscall>(dlsym(RTLD_NEXT, "syscall"));
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_getrandom && petrel::testing::fill_from_seed(reinterpret_cast<void*>(values[0]),
                                                                 static_cast<std::size_t>(values[1]))) {
    return values[1];
  }
  return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}
