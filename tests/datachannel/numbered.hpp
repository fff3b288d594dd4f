#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/datachannel/channels.hpp"

namespace petrel::inline v0::datachannel {

/// A message that tells its number, and whether it is what was sent: at least 8 bytes.
inline std::vector<std::byte> message_of(std::uint32_t number, std::size_t size) {
  std::vector<std::byte> message(std::max<std::size_t>(size, 8));
  ByteWriter writer(message);
  writer.u32(number);
  writer.u32(static_cast<std::uint32_t>(message.size()));
  for (std::size_t i = 8; i < message.size(); ++i) message[i] = static_cast<std::byte>(number * 31 + i);
  return message;
}

/// Its number; nothing if it is not what message_of() made.
inline std::optional<std::uint32_t> number_of(const Message& message) {
  ByteReader reader(message.bytes());
  const std::uint32_t number = reader.u32();
  return equal(message.bytes(), message_of(number, message.data.size())) ? std::optional(number)
                                                                         : std::nullopt;
}

}  // namespace petrel::inline v0::datachannel
