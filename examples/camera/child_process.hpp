#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "camera/clock.hpp"
#include "camera/file_descriptor.hpp"

namespace camera {

/// A program that runs for us: its standard output is a pipe, and of its standard error the last line is
/// kept. It is ended with this object, and by the system when the thread that started it ends.
class ChildProcess {
 public:
  /// How long it may take to end after SIGTERM before it is killed.
  static constexpr petrel::Duration patience = std::chrono::milliseconds(500);
  static constexpr std::size_t max_line = 300;

  /// `program` is a path. Throws SourceLost when it cannot be started. `clock` outlives this object.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments, Clock& clock);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Once.
  FileDescriptor take_output() { return std::move(output_); }
  /// Reads what has come on standard error. Call now and then, or the program blocks.
  void read_errors();
  /// The last line that was not empty; "" if there was none.
  std::string last_error_line() const;
  /// How it ended, for people: "exit code 255", "signal 9". Waits for its end as long as `patience`, then
  /// ends it.
  std::string wait_for_end();

 private:
  bool reap(petrel::Duration longest);

  Clock& clock_;
  pid_t id_ = -1;
  std::optional<int> status_;  // Of waitpid(), once it has ended.
  FileDescriptor output_;
  FileDescriptor errors_;
  std::string line_;  // What has come of the current line.
  std::string last_line_;
};

/// The first of `names` that is in a folder of `path` (as $PATH) and can be run; "" if none is.
std::string find_program(const std::vector<std::string>& names, std::string_view path);

}  // namespace camera
