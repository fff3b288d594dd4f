#include "send/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace transfer {
namespace {

constexpr petrel::Duration draw_interval = std::chrono::milliseconds(100);
constexpr std::size_t usual_width = 80;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_width;
}

}  // namespace

Screen::Screen() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}
Screen::~Screen() { clear(); }

void Screen::clear() {
  // Back to the first column, and away with what is behind it.
  if (has_bar_) std::fputs("\r\x1b[K", stderr);
  has_bar_ = false;
}

void Screen::say(std::string_view line) {
  clear();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void Screen::show(petrel::TimePoint now, const Progress& progress) {
  if (!is_terminal_ || (drawn_at_ && now < *drawn_at_ + draw_interval)) return;
  drawn_at_ = now;
  has_bar_ = true;
  // The last column is left free: writing into it makes some terminals begin a new line.
  std::fprintf(stderr, "\r%s\x1b[K", progress.line(terminal_width() - 1).c_str());
  std::fflush(stderr);
}

}  // namespace transfer
