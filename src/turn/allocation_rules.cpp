#include "turn/allocation_rules.hpp"

#include <algorithm>

#include "petrel/turn/errc.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

constexpr Duration refresh_margin = 60s;
// Nobody grants more; and a peer's 32 bits of seconds must not get near the end of our clock.
constexpr Duration max_lifetime = 24h;

}  // namespace

bool ends_allocation(std::error_code error) {
  return error == Errc::allocation_mismatch || error == Errc::wrong_credentials ||
         error == Errc::weak_authentication || error == Errc::nonce_loop || error == Errc::unauthentic_answer;
}

bool may_be_used(const Endpoint& alternate, const Endpoint& server) {
  const IpAddress& address = alternate.address;
  if (alternate.port == 0 || address.is_unspecified() || address.is_multicast()) return false;
  if (address.is_loopback() && !server.address.is_loopback()) return false;
  return alternate != server && address.family() == server.address.family();
}

Duration sane_lifetime(Duration granted) { return std::min(granted, max_lifetime); }

Duration refresh_delay(Duration lifetime) { return std::max(lifetime - refresh_margin, lifetime / 2); }

}  // namespace petrel::inline v0::turn
