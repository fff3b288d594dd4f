#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// Borrowed bytes. Whoever keeps them copies them.
using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// For C libraries, which speak unsigned char.
inline const unsigned char* as_unsigned(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* as_unsigned(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

inline bool equal(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Reads big-endian fields from the front of a buffer.
///
/// The first read past the end makes the reader fail, and it stays failed:
/// parse every field, then test ok() once, before any field is trusted.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return rest_.size(); }
  Bytes rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big_endian(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() { return big_endian(8); }

  Bytes bytes(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  void skip(std::size_t count) { bytes(count); }

 private:
  std::uint64_t big_endian(std::size_t width) {
    std::uint64_t value = 0;
    for (std::byte b : bytes(width)) value = (value << 8) | std::to_integer<std::uint64_t>(b);
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

/// Writes big-endian fields into a fixed buffer.
///
/// The mirror of ByteReader: the first write past the end makes the writer fail,
/// and it stays failed. Test ok() once at the end; size() says how much was written.
class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::byte> out) : out_(out) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  std::size_t room() const { return out_.size() - size_; }
  Bytes written() const { return out_.first(size_); }

  void u8(std::uint8_t value) { big_endian(value, 1); }
  void u16(std::uint16_t value) { big_endian(value, 2); }
  void u24(std::uint32_t value) { big_endian(value, 3); }
  void u32(std::uint32_t value) { big_endian(value, 4); }
  void u64(std::uint64_t value) { big_endian(value, 8); }

  void bytes(Bytes content) {
    if (!fits(content.size())) return;
    // Not std::ranges::copy, which g++ 12 makes a loop of single bytes.
    if (!content.empty()) std::memcpy(out_.data() + size_, content.data(), content.size());
    size_ += content.size();
  }
  void zeros(std::size_t count) {
    if (!fits(count)) return;
    std::ranges::fill(out_.subspan(size_, count), std::byte{0});
    size_ += count;
  }
  /// Overwrites two bytes that were written before, such as a length that was not known then.
  void patch_u16(std::size_t at, std::uint16_t value) {
    if (!ok_ || at + 2 > size_) {
      ok_ = false;
      return;
    }
    out_[at] = static_cast<std::byte>(value >> 8);
    out_[at + 1] = static_cast<std::byte>(value & 0xff);
  }

 private:
  bool fits(std::size_t count) {
    if (!ok_ || count > out_.size() - size_) ok_ = false;
    return ok_;
  }
  void big_endian(std::uint64_t value, std::size_t width) {
    if (!fits(width)) return;
    for (std::size_t i = 0; i < width; ++i) {
      out_[size_ + i] = static_cast<std::byte>(value >> (8 * (width - 1 - i)));
    }
    size_ += width;
  }

  std::span<std::byte> out_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace petrel::inline v0
