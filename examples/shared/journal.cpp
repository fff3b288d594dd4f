#include "shared/journal.hpp"

#include <unistd.h>

namespace shared {
namespace {

bool has_priority(std::string_view line) {
  return line.size() >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>';
}

#ifdef __GLIBC__
ssize_t write_to_journal(void* cookie, const char* text, std::size_t size) {
  const std::string lines = static_cast<JournalLines*>(cookie)->take({text, size});
  for (std::size_t done = 0; done < lines.size();) {
    const ssize_t written = ::write(STDERR_FILENO, lines.data() + done, lines.size() - done);
    if (written <= 0) break;  // A journal that is gone must not take the picture along.
    done += static_cast<std::size_t>(written);
  }
  return static_cast<ssize_t>(size);
}
#endif

}  // namespace

std::string JournalLines::take(std::string_view text) {
  std::string lines;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    begun_ += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (!has_priority(begun_))
      lines +=
          journal_prefix(begun_.starts_with(complaint_) ? petrel::LogLevel::warning : petrel::LogLevel::info);
    lines += begun_;
    begun_.clear();
  }
  begun_ += text;
  return lines;
}

void prefix_stderr_for_journal(std::string_view program) {
#ifdef __GLIBC__
  if (!is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"))) return;
  static JournalLines lines(program);
  std::FILE* stream = fopencookie(&lines, "w", {nullptr, write_to_journal, nullptr, nullptr});
  if (stream == nullptr) return;
  std::setvbuf(stream, nullptr, _IOLBF, 1024);
  stderr = stream;  // glibc's are variables that may be set (its manual, "Standard Streams").
#else
  static_cast<void>(program);
#endif
}

}  // namespace shared
