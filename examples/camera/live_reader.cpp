#include "camera/live_reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "petrel/base/bytes.hpp"

namespace camera {
namespace {

// As much as a pipe holds.
constexpr std::size_t read_size = 64 * 1024;

int milliseconds_for(petrel::Duration duration) {
  return static_cast<int>(
      std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

}  // namespace

std::optional<AccessUnit> LiveReader::next() {
  const petrel::TimePoint limit = clock_.now() + max_device_wait;
  for (;;) {
    if (auto unit = stream_.next()) return unit;
    if (ended_) return std::nullopt;
    const petrel::TimePoint now = clock_.now();
    if (now >= limit) return std::nullopt;

    const petrel::TimePoint until = std::min(limit, stream_.next_timeout().value_or(limit));
    pollfd readable{file_.get(), POLLIN, 0};
    if (::poll(&readable, 1, milliseconds_for(until - now)) > 0) read_some();
    stream_.handle_timeout(clock_.now());
  }
}

void LiveReader::read_some() {
  std::array<char, read_size> chunk;
  const ssize_t got = ::read(file_.get(), chunk.data(), chunk.size());
  if (got > 0) {
    stream_.push(clock_.now(), petrel::as_bytes({chunk.data(), static_cast<std::size_t>(got)}));
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    ended_ = true;
    stream_.finish();
  }
}

}  // namespace camera
