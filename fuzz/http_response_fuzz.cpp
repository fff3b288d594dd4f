#include "petrel/http/response_parser.hpp"

#include <cstdint>
#include <cstdlib>

#include "petrel/http/url.hpp"

namespace {

// The same stream in pieces of `step` bytes: how far it got, and to what end.
struct Outcome {
  std::size_t used = 0;
  bool faulty = false;
  std::size_t responses = 0;
  std::size_t body_bytes = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(petrel::Bytes stream, std::size_t step) {
  petrel::http::ResponseParser parser;
  Outcome outcome;
  const auto take = [&] {
    const auto response = parser.take();
    if (!response) return;
    ++outcome.responses;
    outcome.body_bytes += response->body.size();
    if (static_cast<unsigned>(response->status) < 101) std::abort();
  };
  while (outcome.used < stream.size() && !parser.fault()) {
    const petrel::Bytes rest = stream.subspan(outcome.used);
    outcome.used += parser.feed(rest.first(std::min(step, rest.size())));
    take();
  }
  parser.end();
  take();
  outcome.faulty = parser.fault().has_value();
  return outcome;
}

}  // namespace

// Properties: how the stream is cut into reads does not matter, no body is longer than what came, and a URL
// that was read is read again as what it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const petrel::Bytes stream = std::as_bytes(std::span(data, size));
  const Outcome whole = run(stream, size);
  if (!(whole == run(stream, 1))) std::abort();
  if (!(whole == run(stream, 7))) std::abort();
  if (whole.body_bytes > size) std::abort();
  if (const auto url = petrel::http::parse_url(petrel::as_text(stream))) {
    const auto again = petrel::http::parse_url(to_string(*url));
    if (!again || !(*again == *url)) std::abort();
  }
  return 0;
}
