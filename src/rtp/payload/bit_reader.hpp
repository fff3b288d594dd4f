#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::rtp::h264 {

/// Reads the bits of a NAL unit's payload, H.264 7.2 and 9.1, leaving out emulation_prevention_three_bytes.
///
/// Fails like ByteReader: the first read past the end makes it fail, it stays failed, and reads as 0.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }

  bool flag() { return bits(1) != 0; }

  /// At most 32 bits.
  std::uint32_t bits(unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 1 | bit();
    return ok_ ? value : 0;
  }
  void skip(unsigned count) {
    for (unsigned i = 0; i < count; ++i) bit();
  }

  /// ue(v): exponential Golomb, H.264 9.1.
  std::uint32_t exp_golomb() {
    unsigned zeros = 0;
    while (ok_ && bit() == 0) ++zeros;
    // 32 zeros stand for 2^32 - 1 and more, which no field may be.
    if (zeros > 31) ok_ = false;
    if (!ok_) return 0;
    return (1u << zeros) - 1 + bits(zeros);
  }
  /// se(v), H.264 9.1.1.
  std::int32_t signed_exp_golomb() {
    const std::uint32_t code = exp_golomb();
    const auto half = static_cast<std::int32_t>(code / 2);
    return code % 2 == 1 ? half + 1 : -half;
  }

 private:
  std::uint32_t bit() {
    if (left_ == 0 && !next_byte()) return 0;
    --left_;
    return current_ >> left_ & 1;
  }

  bool next_byte() {
    if (zeros_ == 2 && !rest_.empty() && rest_.front() == std::byte{3}) {
      rest_ = rest_.subspan(1);
      zeros_ = 0;
    }
    if (rest_.empty()) {
      ok_ = false;
      return false;
    }
    current_ = std::to_integer<std::uint32_t>(rest_.front());
    rest_ = rest_.subspan(1);
    zeros_ = current_ == 0 ? (zeros_ < 2 ? zeros_ + 1 : 2) : 0;
    left_ = 8;
    return true;
  }

  Bytes rest_;
  std::uint32_t current_ = 0;
  unsigned left_ = 0;
  int zeros_ = 0;  ///< Zero bytes before `rest_`, up to two.
  bool ok_ = true;
};

}  // namespace petrel::inline v0::rtp::h264
