#pragma once

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "petrel/base/log.hpp"

namespace shared {

/// Whether a descriptor leads to systemd's journal: JOURNAL_STREAM, if given, is its device and inode
/// (systemd.exec(5)).
inline bool is_journal(int descriptor, const char* journal_stream) {
  unsigned long long device = 0;
  unsigned long long inode = 0;
  char rest = 0;
  if (journal_stream == nullptr || std::sscanf(journal_stream, "%llu:%llu%c", &device, &inode, &rest) != 2)
    return false;
  struct stat status{};
  return fstat(descriptor, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

/// What a line begins with for the journal to know how much it matters (sd-daemon(3)).
constexpr const char* journal_prefix(petrel::LogLevel level) {
  switch (level) {
    case petrel::LogLevel::error:
      return "<3>";
    case petrel::LogLevel::warning:
      return "<4>";
    case petrel::LogLevel::info:
      return "<6>";
    case petrel::LogLevel::debug:
      break;
  }
  return "<7>";
}

/// Makes journal lines of what a program writes: a line that has no priority yet is a warning when it begins
/// with the program's name, as complaints do, and information otherwise.
class JournalLines {
 public:
  explicit JournalLines(std::string_view program) : complaint_(std::string(program) + ": ") {}

  /// The lines that are complete with `text`; the rest waits.
  std::string take(std::string_view text);

 private:
  std::string complaint_;
  std::string begun_;
};

/// Gives the lines on stderr priorities from now on, if stderr is the journal. Once, before any thread.
void prefix_stderr_for_journal(std::string_view program);

}  // namespace shared
