#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "petrel/base/bytes.hpp"
#include "send/transfer_message.hpp"

namespace transfer {

/// A file that is arriving: `NAME.SHA8.part` in its folder, with the first eight digits of the SHA-256 in it,
/// so that another version of the same file does not go on with it. What is there is kept when this is
/// destroyed.
///
/// Calls block for as long as the disk takes. All throw std::system_error whose text names the file.
class PartFile {
 public:
  /// Opens what an earlier connection has left, or makes the file. Throws std::runtime_error too, where
  /// another program is receiving the same file right now.
  PartFile(std::filesystem::path folder, const Offer& offer);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// What is there.
  std::uint64_t size() const { return size_; }
  /// Whether the folder has room for what is missing.
  bool has_room() const;

  /// Reads from `offset` on, as much as there is; 0 at the end.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  void append(petrel::Bytes bytes);

  /// Gives it its name, or the first of "NAME (2)", "NAME (3)", … that is free: nothing is overwritten.
  /// Answers where it is.
  std::filesystem::path keep();
  void remove();

 private:
  [[noreturn]] void raise(int error) const;

  std::filesystem::path folder_;
  std::string name_;
  std::uint64_t expected_;
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace transfer
