#pragma once

#include <cstdint>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::datachannel {

/// Payload protocol identifiers, RFC 8831 8.
enum class Protocol : std::uint32_t {
  dcep = 50,
  text = 51,
  binary_partial = 52,  ///< Deprecated: a piece of what ends with `binary`. Received, never sent.
  binary = 53,
  text_partial = 54,  ///< Deprecated: a piece of what ends with `text`.
  text_empty = 56,    ///< SCTP has no empty messages: one byte, which is ignored.
  binary_empty = 57,
};

enum class MessageKind : std::uint8_t { control, text, binary };

}  // namespace petrel::inline v0::datachannel
