#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/datachannel/channels.hpp"

namespace interop {

/// So many bytes, each of which depends on its place, on the length and on `number`: a piece that is missing
/// or in another place shows.
petrel::datachannel::Message binary_of(std::size_t size, unsigned number = 0);
/// So many bytes of UTF-8, in characters of one, two and three bytes.
petrel::datachannel::Message text_of(std::size_t size);
petrel::datachannel::Message text_message(std::string_view text);
/// A few of each kind, no two the same.
std::vector<petrel::datachannel::Message> small_messages();

/// "text of 17 bytes, 70 65 74 72 …".
std::string description_of(const petrel::datachannel::Message& message);
/// In hexadecimal.
std::string sha256_text(petrel::Bytes bytes);

}  // namespace interop
