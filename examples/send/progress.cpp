#include "send/progress.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace transfer {
namespace {

using namespace std::chrono_literals;

constexpr petrel::Duration rate_window = 5s;
// Finer would only cost: a sample lives for rate_window.
constexpr petrel::Duration sample_interval = 200ms;
constexpr std::size_t shortest_bar = 5;

double in_seconds(petrel::Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 would be written as 1000.
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, units[unit]);
  return text.data();
}

std::string time_text(std::chrono::seconds time) {
  const auto seconds = static_cast<long long>(time.count());
  std::array<char, 64> text{};
  if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%lld s", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", seconds / 60, seconds % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                  seconds % 60);
  }
  return text.data();
}

Progress::Progress(petrel::TimePoint now, std::uint64_t total, std::uint64_t from)
    : total_(total), first_{now, from}, last_(first_), samples_{first_} {}

void Progress::update(petrel::TimePoint now, std::uint64_t done) {
  last_ = {std::max(now, last_.at), std::min(done, total_)};
  if (last_.at >= samples_.back().at + sample_interval) samples_.push_back(last_);
  while (samples_.size() > 1 && samples_[1].at + rate_window <= last_.at) samples_.pop_front();
}

double Progress::rate() const {
  const Sample& since = samples_.front();
  const double time = in_seconds(last_.at - since.at);
  if (time <= 0 || last_.done <= since.done) return 0;
  return static_cast<double>(last_.done - since.done) / time;
}

std::optional<std::chrono::seconds> Progress::time_left() const {
  const double speed = rate();
  constexpr double longest = 99.0 * 3600;
  if (speed <= 0) return std::nullopt;
  const double left = static_cast<double>(total_ - last_.done) / speed;
  if (left > longest) return std::nullopt;
  return std::chrono::seconds(static_cast<long long>(left + 0.5));
}

std::string Progress::line(std::size_t width) const {
  const double part = total_ == 0 ? 1 : static_cast<double>(last_.done) / static_cast<double>(total_);
  std::array<char, 16> percent{};
  // Rounded down: 100 % is said when it is all there.
  std::snprintf(percent.data(), percent.size(), "%3d %%", static_cast<int>(part * 100));
  std::string text = std::string(percent.data()) + "  " + size_text(last_.done) + " of " + size_text(total_);
  if (rate() > 0) text += "  " + size_text(static_cast<std::uint64_t>(rate())) + "/s";
  if (const auto left = time_left()) text += "  " + time_text(*left) + " left";
  if (width < text.size() + shortest_bar + 4) return text.substr(0, width);
  const std::size_t bar = std::min<std::size_t>(width - text.size() - 4, 40);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(bar));
  std::string drawn(full, '=');
  if (full < bar) drawn += '>';
  drawn.resize(bar, ' ');
  return "[" + drawn + "]  " + text;
}

std::string Progress::summary() const {
  const std::uint64_t bytes = last_.done - std::min(first_.done, last_.done);
  const double time = in_seconds(last_.at - first_.at);
  std::string text =
      size_text(bytes) + " in " + time_text(std::chrono::seconds(static_cast<long long>(time + 0.5)));
  if (time > 0 && bytes > 0)
    text += ", " + size_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / time)) + "/s";
  return text;
}

}  // namespace transfer
