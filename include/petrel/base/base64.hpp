#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"

namespace petrel::inline v0 {

/// RFC 4648 4: padded, without line ends.
PETREL_API std::string base64(Bytes bytes);

/// nullopt for what base64() would never have written: other characters, white space, missing or
/// misplaced padding, and bits behind the last byte that are not zero (RFC 4648 3.5).
PETREL_API std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace petrel::inline v0
