#include "support/source_directory.hpp"

std::string petrel::source_directory() { return PETREL_SOURCE_DIR; }
