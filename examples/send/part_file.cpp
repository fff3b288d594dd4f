#include "send/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace transfer {
namespace {

constexpr std::size_t version_digits = 8;
// Somebody with so many of one name is better told.
constexpr int max_copies = 999;

// "report (2).pdf"
std::string numbered(const std::string& name, int number) {
  if (number == 1) return name;
  const std::filesystem::path path(name);
  return path.stem().string() + " (" + std::to_string(number) + ")" + path.extension().string();
}

// Renames unless there is something of that name. 0, or what was wrong.
int move_unless_taken(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot do both at once.
  struct stat ignored{};
  if (::lstat(to.c_str(), &ignored) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

PartFile::PartFile(std::filesystem::path folder, const Offer& offer)
    : folder_(std::move(folder)),
      name_(safe_name(offer.name)),
      expected_(offer.size),
      path_(folder_ / (name_ + "." + offer.sha256.substr(0, version_digits) + ".part")) {
  // A link of that name would lead out of the folder.
  constexpr mode_t readable = 0666;
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, readable);
  if (file_ < 0) raise(errno);
  struct stat status{};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file_);
    raise(EEXIST);
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    ::close(file_);
    throw std::runtime_error(path_.string() + ": another program is receiving this file right now");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  // Longer than the file that it is a part of: of no use.
  if (size_ > expected_ && ::ftruncate(file_, 0) == 0) size_ = 0;
}

PartFile::~PartFile() { ::close(file_); }

void PartFile::raise(int error) const {
  throw std::system_error(error, std::generic_category(), path_.string());
}

bool PartFile::has_room() const {
  std::error_code error;
  const auto space = std::filesystem::space(folder_, error);
  return error || size_ >= expected_ || space.available >= expected_ - size_;
}

std::size_t PartFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  for (;;) {
    const ssize_t size = ::pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) raise(errno);
  }
}

void PartFile::append(petrel::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) raise(size < 0 ? errno : ENOSPC);
    size_ += static_cast<std::uint64_t>(size);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
}

std::filesystem::path PartFile::keep() {
  // What is said to have arrived is on the disk, and not only in memory.
  if (::fsync(file_) != 0 && errno != EINVAL && errno != EROFS) raise(errno);
  for (int number = 1; number <= max_copies; ++number) {
    const std::filesystem::path target = folder_ / numbered(name_, number);
    const int error = move_unless_taken(path_, target);
    if (error == 0) return target;
    if (error != EEXIST) raise(error);
  }
  raise(EEXIST);
}

void PartFile::remove() { ::unlink(path_.c_str()); }

}  // namespace transfer
