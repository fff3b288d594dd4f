#include "camera/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "camera/source_lost.hpp"

namespace camera {
namespace {

constexpr petrel::Duration poll_interval = std::chrono::milliseconds(5);

std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw SourceLost(std::string("Cannot make a pipe: ") + std::strerror(errno) + ".");
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(const char* program, char* const* arguments, int output, int errors, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // It has died before it could be watched.
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
                           Clock& clock)
    : clock_(clock) {
  auto [output, output_writer] = make_pipe();
  auto [errors, errors_writer] = make_pipe();
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) become(program.c_str(), pointers.data(), output_writer.get(), errors_writer.get(), parent);
  if (id_ < 0) throw SourceLost("Cannot start " + program + ": " + std::strerror(errno) + ".");
  output_ = std::move(output);
  errors_ = std::move(errors);
  ::fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
  if (reap({})) return;
  ::kill(id_, SIGTERM);
  if (reap(patience)) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

bool ChildProcess::reap(petrel::Duration longest) {
  const petrel::TimePoint limit = clock_.now() + longest;
  while (!status_) {
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) == id_) {
      status_ = status;
    } else if (clock_.now() >= limit) {
      return false;
    } else {
      clock_.wait(poll_interval);
    }
  }
  return true;
}

void ChildProcess::read_errors() {
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
    if (got <= 0) return;
    for (const char c : std::string_view(chunk.data(), static_cast<std::size_t>(got))) {
      if (c == '\n' || c == '\r') {
        if (line_.find_first_not_of(" \t") != line_.npos) last_line_ = line_;
        line_.clear();
      } else if (line_.size() < max_line && static_cast<unsigned char>(c) >= ' ') {
        line_ += c;
      }
    }
  }
}

std::string ChildProcess::last_error_line() const { return line_.empty() ? last_line_ : line_; }

std::string ChildProcess::wait_for_end() {
  if (!reap(patience)) return "it closed its output and goes on running";
  if (WIFEXITED(*status_)) return "exit code " + std::to_string(WEXITSTATUS(*status_));
  return "signal " + std::to_string(WTERMSIG(*status_));
}

std::string find_program(const std::vector<std::string>& names, std::string_view path) {
  for (const std::string& name : names) {
    for (std::string_view rest = path; !rest.empty();) {
      const std::string_view folder = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
      const std::string candidate = std::string(folder) + "/" + name;
      struct stat status{};
      if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
          ::access(candidate.c_str(), X_OK) == 0) {
        return candidate;
      }
    }
  }
  return "";
}

}  // namespace camera
