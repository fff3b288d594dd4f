#include "petrel/http/request_parser.hpp"

#include <cstdint>
#include <cstdlib>

#include "petrel/http/access.hpp"

namespace {

// The same stream in pieces of `step` bytes: how far it got, and to what end.
struct Outcome {
  std::size_t used = 0;
  bool rejected = false;
  std::size_t requests = 0;
  std::size_t body_bytes = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(petrel::Bytes stream, std::size_t step) {
  petrel::http::RequestParser parser;
  Outcome outcome;
  while (outcome.used < stream.size() && !parser.rejection()) {
    const petrel::Bytes rest = stream.subspan(outcome.used);
    outcome.used += parser.feed(rest.first(std::min(step, rest.size())));
    if (const auto request = parser.take()) {
      ++outcome.requests;
      outcome.body_bytes += request->body.size();
      const petrel::http::AccessPolicy policy{.hosts = {"a"}, .origins = {"https://b"}, .token = "t"};
      petrel::http::refuse_access(policy, *request);
      petrel::http::cors_headers(policy, *request);
    }
  }
  outcome.rejected = parser.rejection().has_value();
  return outcome;
}

}  // namespace

// Property: how the stream is cut into reads does not matter, and no body grows past its limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const petrel::Bytes stream = std::as_bytes(std::span(data, size));
  const Outcome whole = run(stream, size);
  if (!(whole == run(stream, 1))) std::abort();
  if (!(whole == run(stream, 7))) std::abort();
  if (whole.body_bytes > size) std::abort();
  return 0;
}
