#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/peer/jsep.hpp"

namespace transfer {

/// The longest line that is read.
inline constexpr std::size_t max_line_bytes = 64 * 1024;

/// A description as one line that survives a chat window: base64 of `{"type": "offer", "sdp": "…"}`.
std::string to_line(const petrel::SessionDescription& description);
/// White space around it, and inside of it where a window has wrapped it, does not count. nullopt: it is
/// none.
std::optional<petrel::SessionDescription> from_line(std::string_view line);

}  // namespace transfer
