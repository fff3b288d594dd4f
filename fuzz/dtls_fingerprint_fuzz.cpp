#include <cstdlib>

#include "petrel/dtls/fingerprint.hpp"

// Property: what parses writes a value that parses to the same fingerprint.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = petrel::as_text(std::as_bytes(std::span(data, size)));
  if (const auto fingerprint = petrel::dtls::Fingerprint::parse(input)) {
    const auto again = petrel::dtls::Fingerprint::parse(fingerprint->to_string());
    if (!again || !(*again == *fingerprint)) std::abort();
  }
  return 0;
}
