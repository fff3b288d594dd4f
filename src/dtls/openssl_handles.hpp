#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "petrel/dtls/fingerprint.hpp"

namespace petrel::inline v0::dtls {

/// Owns an OpenSSL object: std::unique_ptr with OpenSSL's own free function.
template <auto free_function>
struct Freed {
  template <class Object>
  void operator()(Object* object) const noexcept {
    free_function(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Freed<X509_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using BioHandle = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;

/// The hash of the certificate in DER, which is what fingerprints are of (RFC 8122 5).
std::optional<Fingerprint> fingerprint_of(const X509& certificate, HashAlgorithm algorithm);

}  // namespace petrel::inline v0::dtls
