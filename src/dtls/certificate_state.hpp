#pragma once

#include "dtls/openssl_handles.hpp"
#include "petrel/dtls/certificate.hpp"

namespace petrel::inline v0::dtls {

/// What the copies of a Certificate share. OpenSSL counts references to these objects
/// atomically, and none is changed after construction.
struct CertificateState {
  KeyHandle key;
  X509Handle certificate;
  Fingerprint fingerprint;
  std::chrono::sys_seconds expires;
};

/// OpenSSL's half of a connection that shows this certificate, in either role. What all connections have in
/// common is the process's. Null if OpenSSL fails, or finds the key too weak.
SslHandle make_ssl(EVP_PKEY& key, X509& certificate);

}  // namespace petrel::inline v0::dtls
