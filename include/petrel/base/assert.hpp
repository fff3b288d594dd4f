#pragma once

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::detail {

/// Prints what did not hold, and where, then aborts.
[[noreturn]] PETREL_API void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace petrel::inline v0::detail

/// An invariant of our own. On in release builds too: a broken invariant in a
/// stack that faces the network must stop, not go on. Never used on what a peer,
/// a user or a file chose; those are errors with an outcome.
#define PETREL_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::petrel::detail::assertion_failed(#condition, __FILE__, __LINE__))
