#pragma once

#include "dtls/openssl_handles.hpp"
#include "petrel/dtls/certificate.hpp"

namespace petrel::inline v0::dtls {

/// What the copies of a Certificate share. OpenSSL counts references to these objects
/// atomically, and none is changed after construction.
struct CertificateState {
  KeyHandle key;
  X509Handle certificate;
  ContextHandle context;  ///< For connections of either role.
  Fingerprint fingerprint;
  std::chrono::sys_seconds expires;
};

/// An SSL_CTX with everything that all connections have in common; null if OpenSSL fails.
ContextHandle make_context(EVP_PKEY& key, X509& certificate);

}  // namespace petrel::inline v0::dtls
