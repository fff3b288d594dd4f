#include "camera/audio/wav_sink.hpp"

#include <utility>

#include "shared/user_error.hpp"

namespace camera::audio {
namespace {

constexpr std::uint32_t header_bytes = 44;
constexpr petrel::Duration max_lateness = std::chrono::milliseconds(500);

// A block every 20 ms. The answer is the pause, or nothing when a block is due.
std::optional<petrel::Duration> pause_before_block(petrel::TimePoint now,
                                                   std::optional<petrel::TimePoint>& due) {
  if (!due || now - *due > max_lateness) due = now;
  if (now < *due) return *due - now;
  *due += block_duration;
  return std::nullopt;
}

void append(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// RIFF, "fmt " and "data" chunks; everything is little-endian.
std::string header(std::uint32_t data_bytes) {
  constexpr std::uint32_t bytes_per_sample = 2;
  std::string out = "RIFF";
  append(out, header_bytes - 8 + data_bytes, 4);
  out += "WAVEfmt ";
  append(out, 16, 4);
  append(out, 1, 2);  // Integer samples,
  append(out, 1, 2);  // of one channel.
  append(out, sample_rate, 4);
  append(out, sample_rate * bytes_per_sample, 4);
  append(out, bytes_per_sample, 2);
  append(out, 8 * bytes_per_sample, 2);
  out += "data";
  append(out, data_bytes, 4);
  return out;
}

}  // namespace

WavSink::WavSink(std::string path, Clock clock, Tell tell)
    : path_(std::move(path)),
      clock_(std::move(clock)),
      tell_(std::move(tell)),
      file_(path_, std::ios::binary | std::ios::in | std::ios::out | std::ios::trunc) {
  if (!file_ || !(file_ << header(0) << std::flush))
    throw shared::UserError("--audio-out wav:" + path_ + ": the file cannot be written.");
}

petrel::Duration WavSink::step(const Fill& fill) {
  if (const auto pause = pause_before_block(clock_(), next_due_)) return *pause;
  Block block{};
  fill(block);
  write(block);
  return {};
}

void WavSink::write(const Block& block) {
  if (full_) return;
  std::string bytes;
  bytes.reserve(2 * block.size());
  for (const std::int16_t sample : block) append(bytes, static_cast<std::uint16_t>(sample), 2);
  if (data_bytes_ + bytes.size() > max_data_bytes) {
    full_ = true;
    return tell_("file " + path_ + " is as long as it may be; what is said from now on is not written");
  }
  const auto grown = data_bytes_ + static_cast<std::uint32_t>(bytes.size());
  file_.seekp(header_bytes + data_bytes_);
  file_ << bytes;
  file_.seekp(0);
  file_ << header(grown) << std::flush;
  if (!file_) {
    full_ = true;
    return tell_("file " + path_ + " cannot be written any more; is the disk full?");
  }
  data_bytes_ = grown;
}

petrel::Duration NullSink::step(const Fill& fill) {
  if (const auto pause = pause_before_block(clock_(), next_due_)) return *pause;
  Block block{};
  fill(block);
  return {};
}

}  // namespace camera::audio
