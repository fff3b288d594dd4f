#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "crypto/openssl_handles.hpp"
#include "petrel/dtls/fingerprint.hpp"

namespace petrel::inline v0::dtls {

using crypto::Freed;
using crypto::KeyHandle;
using crypto::X509Handle;
using ContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Freed<SSL_free>>;
using crypto::BioHandle;

/// The hash of the certificate in DER, which is what fingerprints are of (RFC 8122 5).
std::optional<Fingerprint> fingerprint_of(const X509& certificate, HashAlgorithm algorithm);

}  // namespace petrel::inline v0::dtls
