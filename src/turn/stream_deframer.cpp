#include "petrel/turn/stream_deframer.hpp"

#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"

namespace petrel::inline v0::turn {
namespace {

// Type or channel number, then the length: the same place in either kind of message.
constexpr std::size_t length_known = 4;
// Then STUN's cookie, which tells a lost position at once and not a message later.
constexpr std::size_t cookie_known = 8;

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

bool begins_stun(std::byte first) { return first <= std::byte{0x3f}; }

}  // namespace

void StreamDeframer::feed(Bytes bytes) {
  if (broken_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<Bytes> StreamDeframer::next() {
  const Bytes rest = Bytes(buffer_).subspan(begin_);
  if (broken_ || rest.empty()) return std::nullopt;

  const bool stun = begins_stun(rest[0]);
  ByteReader reader(rest);
  reader.skip(2);
  const std::size_t length = reader.u16();
  if (!stun && !begins_channel_data(rest[0], last_channel_)) {
    broken_ = true;
  } else if (stun && rest.size() >= length_known && length % 4 != 0) {
    broken_ = true;
  } else if (stun && rest.size() >= cookie_known && reader.u32() != stun::magic_cookie) {
    broken_ = true;
  }
  if (broken_) {
    buffer_.clear();
    begin_ = 0;
    return std::nullopt;
  }
  if (rest.size() < length_known) return std::nullopt;

  const std::size_t size = (stun ? stun::header_size : channel_data_header_size) + length;
  if (rest.size() < padded(size)) return std::nullopt;
  begin_ += padded(size);
  return rest.first(size);
}

std::vector<std::byte> StreamDeframer::take_rest() {
  std::vector<std::byte> rest(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.end());
  buffer_.clear();
  begin_ = 0;
  return rest;
}

}  // namespace petrel::inline v0::turn
