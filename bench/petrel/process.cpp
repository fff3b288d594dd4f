#include "process.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <fstream>
#include <string>
#include <string_view>

namespace petrel::bench {
namespace {

// A number of /proc/self/status; 0 where there is no such line.
std::size_t status_field(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::size_t value = 0;
    if (word == name && status >> value) return value;
    status.clear();
  }
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::size_t resident_kib() {
  malloc_trim(0);
  return status_field("VmRSS:");
}

int thread_count() { return static_cast<int>(status_field("Threads:")); }

}  // namespace petrel::bench
