#include "petrel/io/whip_server.hpp"

#include <cstddef>
#include <utility>

#include "petrel/whip/ice_restart.hpp"

namespace petrel::inline v0::whip {
namespace {

// 128 random bits in hexadecimal.
std::string random_id(RandomSource& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (const std::byte each : random.bytes<16>()) {
    id += digits[std::to_integer<std::size_t>(each >> 4)];
    id += digits[std::to_integer<std::size_t>(each & std::byte{0xf})];
  }
  return id;
}

void add_candidates(PeerConnection& peer, const TrickleFragment& fragment) {
  for (const TrickleSection& section : fragment.sections) {
    // What cannot be used is the client's loss, not an error: it may well know addresses that we do not
    // speak (RFC 9725 4.3.2).
    for (const std::string& candidate : section.candidates) {
      (void)peer.add_ice_candidate(candidate, section.mid.value_or(""));
    }
    if (section.end_of_candidates) (void)peer.add_ice_candidate("", section.mid.value_or(""));
  }
}

// RFC 9725 4.3.3: what the fragment leaves out is as it was in the offer before.
Result<void> restart(PeerConnection& peer, const TrickleFragment& fragment) {
  std::string offer = with_ice_credentials(peer.remote_description()->sdp, fragment.ufrag, fragment.pwd);
  if (auto set = peer.set_remote_description({SdpType::offer, std::move(offer)}); !set) return set;
  return peer.set_local_description();
}

}  // namespace

ServedSession new_session(RandomSource& random) { return {random_id(random), random_id(random)}; }

asio::awaitable<http::Response> apply(PeerConnection& peer, ServedSession& session, SessionTrickle request,
                                      RandomSource& random, Duration gathering_limit) {
  if (request.if_match && !matches_etag(*request.if_match, session.etag)) co_return stale_generation();
  const TrickleFragment& fragment = request.fragment;
  const auto remote = peer.remote_description();
  const std::string before = remote ? ice_fragment_of(remote->sdp).ufrag : "";
  const bool restarts = remote && !fragment.ufrag.empty() && fragment.ufrag != before;
  if (restarts) {
    if (const auto restarted = restart(peer, fragment); !restarted) {
      std::string reason = peer.error_detail();
      co_return no_restart(reason.empty() ? restarted.error().message() : reason);
    }
    session.etag = random_id(random);
  }
  add_candidates(peer, fragment);
  if (!restarts) co_return no_content();
  const std::string etag = session.etag;
  auto gathered = peer.gathered_description(gathering_limit);
  const SessionDescription answer = co_await std::move(gathered);
  co_return restarted(etag, ice_fragment_of(answer.sdp));
}

}  // namespace petrel::inline v0::whip
