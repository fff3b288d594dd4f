#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace transfer {

/// The file that is sent. Calls block for as long as the disk takes. All throw std::system_error or
/// shared::UserError, whose text names the file.
class SourceFile {
 public:
  /// UserError: it cannot be read, or is no file.
  explicit SourceFile(std::filesystem::path path);
  ~SourceFile();
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  /// Its last part, as it is.
  std::string name() const { return path_.filename().string(); }
  /// As it was when it was opened.
  std::uint64_t size() const { return size_; }
  /// Fills `out` from `offset` on. Throws std::runtime_error where the file has become shorter.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace transfer
