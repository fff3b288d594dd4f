#include "support/source_directory.hpp"

std::string petrel::testing::source_directory() { return PETREL_SOURCE_DIR; }
