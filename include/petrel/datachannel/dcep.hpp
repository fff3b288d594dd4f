#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/datachannel/errc.hpp"

namespace petrel::inline v0::datachannel {

/// What the reliability parameter of an OPEN limits, RFC 8832 5.1.
enum class Reliability : std::uint8_t { reliable = 0, retransmissions = 1, lifetime = 2 };

/// DATA_CHANNEL_OPEN, RFC 8832 5.1.
struct OpenMessage {
  bool ordered = true;
  Reliability reliability = Reliability::reliable;
  std::uint32_t reliability_parameter = 0;  ///< Retransmissions, or milliseconds. Of reliable channels: 0.
  std::uint16_t priority = 0;               ///< RFC 8831 6.4; any number may come.
  std::string_view label{};                 ///< Borrowed, from the message where it was parsed. UTF-8.
  std::string_view protocol{};

  static constexpr std::size_t fixed_size = 12;
  static constexpr std::size_t max_name_size = 65535;
  static constexpr std::size_t max_size = fixed_size + 2 * max_name_size;
};

/// Views into `message`. Errors: truncated, not_an_open_message, unknown_channel_type, trailing_bytes.
PETREL_API Result<OpenMessage> parse_open(Bytes message);
/// Errors: name_too_long.
PETREL_API Result<std::vector<std::byte>> write_open(const OpenMessage& open);

/// DATA_CHANNEL_ACK, RFC 8832 5.2: a byte, and nothing else.
inline constexpr std::byte ack_message{0x02};
inline bool is_ack(Bytes message) { return message.size() == 1 && message[0] == ack_message; }

}  // namespace petrel::inline v0::datachannel
