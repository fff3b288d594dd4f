#include <cstdint>
#include <cstdlib>

#include "petrel/base/bytes.hpp"
#include "petrel/http/request_parser.hpp"
#include "petrel/whip/ice_restart.hpp"
#include "petrel/whip/server.hpp"

// Property: a request below the endpoint gets a session's id that is one, or a response of its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  http::RequestParser parser;
  parser.feed(std::as_bytes(std::span(data, size)));
  const auto request = parser.take();
  if (!request) return 0;
  const auto action = whip::route(*request, "/whip");
  if (!action) return 0;
  if (!request->path.starts_with("/whip")) std::abort();
  if (const auto* trickle = std::get_if<whip::SessionTrickle>(&*action)) {
    if (trickle->session.empty() || trickle->session.find('/') != std::string::npos) std::abort();
    if (trickle->if_match) static_cast<void>(whip::matches_etag(*trickle->if_match, "tag"));
  }
  if (const auto* create = std::get_if<whip::SessionCreate>(&*action)) {
    if (create->offer.empty()) std::abort();
    static_cast<void>(whip::with_ice_credentials(create->offer, "u", "p"));
    const auto fragment = whip::ice_fragment_of(create->offer);
    if (fragment.sections.size() > whip::max_fragment_sections) std::abort();
  }
  return 0;
}
