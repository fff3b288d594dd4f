#pragma once

#include <vector>

#include "petrel/tls/identity.hpp"
#include "tls/openssl_handles.hpp"

namespace petrel::inline v0::tls {

/// What the copies of a ServerIdentity share. OpenSSL counts references to these objects
/// atomically, and none is changed after construction.
struct IdentityState {
  KeyHandle key;
  std::vector<X509Handle> chain;  ///< The server's own first.
  ContextHandle stream;
  ContextHandle datagram;
};

}  // namespace petrel::inline v0::tls
