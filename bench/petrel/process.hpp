#pragma once

#include <cstddef>

namespace petrel::bench {

/// Of this process, user and system, all threads.
double cpu_seconds();

/// Resident memory, after what free memory there is was given back.
std::size_t resident_kib();

int thread_count();

}  // namespace petrel::bench
