#include "sctp/packet_check.hpp"

#include <algorithm>

namespace petrel::inline v0::sctp {
namespace {

constexpr std::size_t chunk_header_size = 4;

}  // namespace

bool whole_chunks(Bytes packet) {
  if (packet.size() < common_header_size + chunk_header_size) return false;
  Bytes rest = packet.subspan(common_header_size);
  while (!rest.empty()) {
    ByteReader reader(rest);
    reader.skip(2);  // Type and flags.
    const std::size_t length = reader.u16();
    if (!reader.ok() || length < chunk_header_size || length > rest.size()) return false;
    // RFC 9260 3.2: up to 3 bytes of padding that the length does not count. The last chunk's may be missing.
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
  return true;
}

}  // namespace petrel::inline v0::sctp
