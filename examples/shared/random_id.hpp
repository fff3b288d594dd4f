#pragma once

#include <string>

#include "petrel/base/random.hpp"
#include "shared/hexadecimal.hpp"

namespace shared {

/// 128 random bits in hexadecimal: a name that nobody can guess.
inline std::string random_id(petrel::RandomSource& random) { return hexadecimal(random.bytes<16>()); }

}  // namespace shared
