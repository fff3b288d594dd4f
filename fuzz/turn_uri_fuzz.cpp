#include <cstdint>
#include <cstdlib>
#include <span>

#include "petrel/base/bytes.hpp"
#include "petrel/turn/uri.hpp"

// Property: whatever is read has a host and a port, and written out it reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  const auto uri = turn::parse_server_uri(as_text(std::as_bytes(std::span(data, size))));
  if (!uri) return 0;
  if (uri->host.empty() || uri->port == 0) std::abort();
  const auto again = turn::parse_server_uri(to_string(*uri));
  if (!again || *again != *uri) std::abort();
  return 0;
}
