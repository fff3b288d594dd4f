#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::tls {

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
using StoreHandle = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Freed<SSL_free>>;
using BioHandle = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>>;
using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

/// OpenSSL's queue of errors is the thread's and shared by everything on it. Whoever calls OpenSSL
/// finds it empty and leaves it empty.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_clear_error(); }
  ~ErrorQueue() { ERR_clear_error(); }
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
};

}  // namespace petrel::inline v0::tls
