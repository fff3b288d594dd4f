#include "send/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "send/transfer_message.hpp"
#include "shared/user_error.hpp"

namespace transfer {

SourceFile::SourceFile(std::filesystem::path path) : path_(std::move(path)) {
  // Without O_NONBLOCK a named pipe would wait here for somebody to write to it.
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) {
    throw shared::UserError(path_.string() + ": " + std::generic_category().message(errno) + ".");
  }
  struct stat status{};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file_);
    throw shared::UserError(path_.string() + ": is no file. Of a folder make one first, with tar or zip.");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (size_ > max_file_bytes) {
    ::close(file_);
    throw shared::UserError(path_.string() + ": is too long.");
  }
}

SourceFile::~SourceFile() { ::close(file_); }

void SourceFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t size = ::pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw std::system_error(errno, std::generic_category(), path_.string());
    if (size == 0) throw std::runtime_error(path_.string() + " has become shorter while it was sent");
    out = out.subspan(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
}

}  // namespace transfer
