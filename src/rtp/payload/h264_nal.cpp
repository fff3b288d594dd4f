#include "petrel/rtp/payload/h264_nal.hpp"

#include "rtp/payload/start_code.hpp"

namespace petrel::inline v0::rtp::h264 {

NalReader::NalReader(Bytes stream) {
  const std::size_t first = find_start_code(stream, 0);
  at_end_ = first == stream.size();
  if (!at_end_) rest_ = stream.subspan(first + start_code_size);
}

std::optional<Bytes> NalReader::next() {
  while (!at_end_) {
    const std::size_t end = find_start_code(rest_, 0);
    const Bytes nal = without_trailing_zeros(rest_.first(end));
    at_end_ = end == rest_.size();
    if (!at_end_) rest_ = rest_.subspan(end + start_code_size);
    if (!nal.empty()) return nal;
    ++empty_units_;
  }
  return std::nullopt;
}

}  // namespace petrel::inline v0::rtp::h264
