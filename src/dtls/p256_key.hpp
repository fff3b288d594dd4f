#pragma once

#include "dtls/openssl_handles.hpp"

namespace petrel::inline v0::dtls {

/// A new key on P-256, from OpenSSL's own random generator; null if OpenSSL fails.
KeyHandle make_p256_key();

}  // namespace petrel::inline v0::dtls
