#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

// Counts every allocation of the program: include this in one source file of a benchmark only.
namespace petrel::bench {
inline std::size_t allocations = 0;

/// Keeps the optimiser from dropping a result.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Prints `name: … ns, … allocations` for one call of `work`: the best of five
/// rounds, since other programs only ever make it slower. Returns the time in ns.
template <class Work>
double measure(const char* name, std::size_t iterations, Work work) {
  work();  // Warms caches and pools up.
  double best = 0;
  std::size_t allocated = 0;
  for (int round = 0; round < 5; ++round) {
    const std::size_t before = allocations;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < iterations; ++i) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    allocated = allocations - before;
    const double each = took.count() / static_cast<double>(iterations);
    if (round == 0 || each < best) best = each;
  }
  std::printf("%-44s %10.1f ns  %8.2f allocations\n", name, best,
              static_cast<double>(allocated) / static_cast<double>(iterations));
  return best;
}
}  // namespace petrel::bench

void* operator new(std::size_t size) {
  ++petrel::bench::allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
