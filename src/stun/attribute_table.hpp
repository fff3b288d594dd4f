#pragma once

#include <cstddef>
#include <string_view>

#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::stun {

/// What is known about an attribute before looking into it.
struct AttributeRow {
  AttributeType type{};
  std::string_view name;
  std::size_t min_size = 0;
  std::size_t max_size = 0;
};

/// The row of a type that petrel knows, or null. A type without a row is unknown, and
/// makes a message unprocessable if it is comprehension-required (RFC 8489 14).
const AttributeRow* find_row(AttributeType type);

}  // namespace petrel::inline v0::stun
