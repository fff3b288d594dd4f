#include "petrel/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace petrel::inline v0::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "petrel: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace petrel::inline v0::detail
