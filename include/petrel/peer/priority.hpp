#pragma once

#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/peer/codec.hpp"

namespace petrel::inline v0 {

/// How routers shall treat what is sent, W3C webrtc-priority's RTCPriorityType.
enum class NetworkPriority : std::uint8_t { very_low, low, medium, high };

/// RFC 8837 5, table 1, for audio and for interactive video: where the table names several code points
/// for a video, the one that is dropped last. `low` is 0, which is no marking at all.
PETREL_API std::uint8_t dscp_of(Kind kind, NetworkPriority priority);

}  // namespace petrel::inline v0
