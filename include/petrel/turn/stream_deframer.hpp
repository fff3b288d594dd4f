#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/turn/channel_data.hpp"

namespace petrel::inline v0::turn {

/// Cuts a stream of bytes into STUN messages (RFC 8489 6.2.2) and ChannelData messages, which are
/// padded to four bytes there (RFC 8656 12.5). For either end, over TCP or over TLS.
///
///   deframer.feed(bytes);
///   while (const auto message = deframer.next()) …;
///   if (deframer.broken()) …close the stream…
///
/// A message has 65,558 bytes at most by its length field. What is held back is one unfinished
/// message, beside what was fed and not taken: take until nullopt after each feed().
class PETREL_API StreamDeframer {
 public:
  /// A server may take the channel numbers of RFC 5766 as well: max_old_channel.
  explicit StreamDeframer(std::uint16_t last_channel = max_channel) : last_channel_(last_channel) {}

  /// Takes the next bytes of the stream. A broken deframer ignores them.
  void feed(Bytes bytes);

  /// The next whole message, a ChannelData message without its padding. It lives until the next call
  /// of feed() or next(). nullopt: nothing is complete yet, or the stream is broken.
  std::optional<Bytes> next();

  /// Everything that was fed and not taken: for a stream that turns into something else behind a message.
  std::vector<std::byte> take_rest();

  /// Something that is neither came: where the next message begins will never be known.
  bool broken() const { return broken_; }
  /// Bytes that wait for the rest of their message, or for next().
  std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  std::uint16_t last_channel_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  bool broken_ = false;
};

}  // namespace petrel::inline v0::turn
