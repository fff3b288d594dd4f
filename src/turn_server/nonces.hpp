#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/credentials.hpp"
#include "turn_server/client_id.hpp"

namespace petrel::inline v0::turn_server {

/// Makes nonces and knows its own again, without keeping any (RFC 8489 9.2, 14.10).
///
/// A nonce says when it was made, and is signed together with the client it was made for: it
/// is of no use to anybody else, and a flood of requests for nonces leaves nothing behind.
class Nonces {
 public:
  Nonces(TimePoint now, Duration lifetime, stun::SecurityFeatures features, RandomSource& random);

  std::string make(TimePoint now, const ClientId& client);
  /// Made here, for this client, and not too long ago.
  bool valid(TimePoint now, const ClientId& client, std::string_view nonce);

 private:
  std::string sign(std::uint32_t second, const ClientId& client);

  TimePoint start_;
  Duration lifetime_;
  stun::SecurityFeatures features_;
  crypto::HmacSha256Key key_;
};

}  // namespace petrel::inline v0::turn_server
