#pragma once

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// Source and destination port, verification tag, checksum: RFC 9260 3.1.
inline constexpr std::size_t common_header_size = 12;

/// Whether a packet is a header and at least one whole chunk after another (RFC 9260 3.2).
bool whole_chunks(Bytes packet);

}  // namespace petrel::inline v0::sctp
