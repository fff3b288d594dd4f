#include "camera/pipe_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shared/user_error.hpp"

namespace camera {

std::unique_ptr<PipeSource> PipeSource::open(const std::string& path, Clock& clock) {
  const bool is_standard_input = path == "-";
  // Not blocking: a FIFO would wait here for its writer.
  FileDescriptor file(is_standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                        : ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    throw shared::UserError("--source pipe:" + path + ": " + std::strerror(errno) +
                            ". Make a FIFO with mkfifo, or write pipe:- for standard input.");
  }
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
    throw shared::UserError("--source pipe:" + path +
                            ": this is no pipe. For a file write --source file:PATH.");
  }
  if (::isatty(file.get()) != 0) {
    throw shared::UserError(
        "--source pipe:-: standard input is a terminal. Write PROGRAM | petrel-camera --source pipe:-");
  }
  return std::make_unique<PipeSource>(std::move(file),
                                      is_standard_input ? "standard input" : "the pipe " + path, clock);
}

std::optional<AccessUnit> PipeSource::next() {
  auto unit = reader_.next();
  if (unit || !reader_.ended()) return unit;
  const bool came = reader_.stream().parameters().has_value();
  throw shared::UserError(name_ + " has ended" +
                          (came ? ": the program that wrote into it is gone."
                                : " before a picture came. See what the program that writes into it says; it "
                                  "must write H.264 in Annex B form."));
}

std::string PipeSource::profile_level_id() const {
  const auto& parameters = reader_.stream().parameters();
  return parameters ? profile_level_id_of(*parameters) : "";
}

}  // namespace camera
