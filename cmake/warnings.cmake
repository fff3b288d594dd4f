# Warnings are private to petrel: users of the library do not inherit them.
add_library(petrel_warnings INTERFACE)
target_compile_options(petrel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wundef
  # g++ 12 sees an uninitialised read in std::variant and std::optional where there is none,
  # and an overlapping copy in std::string's own insert and operator+ (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${PETREL_WARNINGS_AS_ERRORS}>:-Werror>)
