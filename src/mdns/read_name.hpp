#pragma once

#include <cstddef>
#include <optional>

#include "petrel/mdns/name.hpp"

namespace petrel::inline v0::mdns {

/// Pointers that one name may lead through. A name has 127 labels at most; more pointers than
/// labels have no purpose.
inline constexpr std::size_t max_pointers = 127;

/// Reads the name at `offset` of a message, and moves `offset` behind it. Pointers lead back only,
/// each to before the place where the part that it ends began, so that no message makes a loop
/// (RFC 1035 4.1.4). nullopt, and `offset` where it was, if there is no such name.
std::optional<Name> read_name(Bytes message, std::size_t& offset);

}  // namespace petrel::inline v0::mdns
