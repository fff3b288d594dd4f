#include "petrel/whip/trickle_fragment.hpp"

#include <cstdint>
#include <cstdlib>

#include "petrel/base/bytes.hpp"

// Property: what parses is within its limits, and its text reads back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel::whip;
  const auto fragment = parse_trickle_fragment(petrel::as_text(std::as_bytes(std::span(data, size))));
  if (!fragment) return 0;
  if (fragment->sections.size() > max_fragment_sections) std::abort();
  std::size_t candidates = 0;
  for (const TrickleSection& section : fragment->sections) candidates += section.candidates.size();
  if (candidates > max_fragment_candidates) std::abort();

  const std::string text = write(*fragment);
  const auto again = parse_trickle_fragment(text);
  if (!again || write(*again) != text) std::abort();
  return 0;
}
