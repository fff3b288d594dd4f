#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "petrel/base/time.hpp"

namespace transfer {

/// "817 B", "1.2 MB": three figures at most, in powers of 1000.
std::string size_text(std::uint64_t bytes);
/// "9 s", "3:05", "2:00:09".
std::string time_text(std::chrono::seconds time);

/// How far a transfer is, how fast it goes, and how long it may take yet.
class Progress {
 public:
  /// Of `total` bytes `from` are there already.
  Progress(petrel::TimePoint now, std::uint64_t total, std::uint64_t from);

  /// So many bytes of the whole are there.
  void update(petrel::TimePoint now, std::uint64_t done);

  /// Bytes a second, over the last seconds.
  double rate() const;
  /// nullopt: nobody knows.
  std::optional<std::chrono::seconds> time_left() const;
  /// "[=====>    ]  52 %  1.2 GB of 2.4 GB  110 MB/s  0:11 left", in `width` columns; the bar takes what is
  /// left.
  std::string line(std::size_t width) const;
  /// "1.2 GB in 11 s, 110 MB/s": what this connection has carried.
  std::string summary() const;

 private:
  struct Sample {
    petrel::TimePoint at;
    std::uint64_t done;
  };

  std::uint64_t total_;
  Sample first_;
  Sample last_;
  std::deque<Sample> samples_;  // Of the last seconds.
};

}  // namespace transfer
