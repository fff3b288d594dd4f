#pragma once

namespace petrel::inline v0::turn_server {

/// RFC 7443 2: what TURN over TLS and DTLS is called where protocols are negotiated.
constexpr const char* application_protocol = "stun.turn";

}  // namespace petrel::inline v0::turn_server
