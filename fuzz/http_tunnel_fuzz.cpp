#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "petrel/base/assert.hpp"
#include "turn/http_tunnel.hpp"

using namespace petrel;

// Property: an answer opens the tunnel, fails it, or is waited for, the same however it is cut; what follows
// the head is given back untouched, and what is said about a failure can be printed. The input is also read
// as a URL.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const turn::HttpProxy proxy{.host = "proxy", .username = "a", .password = "b"};
  turn::HttpTunnel whole(proxy, "turn.example.org:443");
  turn::HttpTunnel cut(proxy, "turn.example.org:443");
  const Bytes rest = whole.feed(input);

  const std::size_t half = input.size() / 2;
  const Bytes first = cut.feed(input.first(half));
  const Bytes second = cut.feed(input.subspan(half));
  PETREL_ASSERT(first.size() + second.size() == rest.size() || !whole.is_open());
  PETREL_ASSERT(whole.is_open() == cut.is_open() && whole.failure().has_value() == cut.failure().has_value());
  PETREL_ASSERT(!(whole.is_open() && whole.failure()));
  if (whole.is_open()) PETREL_ASSERT(rest.data() + rest.size() == input.data() + input.size());
  if (whole.failure()) {
    PETREL_ASSERT(whole.failure()->error == cut.failure()->error);
    PETREL_ASSERT(std::ranges::all_of(whole.failure()->detail, [](char c) { return c >= ' ' && c <= '~'; }));
  }

  if (const auto url = turn::parse_http_proxy(as_text(input))) {
    PETREL_ASSERT(!url->host.empty() && url->port != 0);
    const auto again = turn::parse_http_proxy(to_string(*url));
    PETREL_ASSERT(again && again->host == url->host && again->port == url->port);
    PETREL_ASSERT(turn::HttpTunnel(*url, "turn.example.org:443").request());
  }
  return 0;
}
