#include <cstdint>
#include <cstdlib>

#include "petrel/base/bytes.hpp"
#include "petrel/whip/link.hpp"

// Property: what parses is within its limits, and its text reads back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel::whip;
  const std::string_view text = petrel::as_text(std::as_bytes(std::span(data, size)));
  const auto servers = ice_servers_of({{"Link", std::string(text)}});
  const auto links = parse_links(text);
  if (!links) {
    if (!servers.empty()) std::abort();
    return 0;
  }
  if (links->size() > max_links || servers.size() > links->size()) std::abort();
  for (const Link& link : *links) {
    if (link.parameters.size() > max_link_parameters) std::abort();
    const auto again = parse_links(write(link));
    if (!again || again->size() != 1 || again->front() != link) std::abort();
  }
  return 0;
}
