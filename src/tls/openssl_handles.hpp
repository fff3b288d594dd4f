#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "crypto/openssl_handles.hpp"

namespace petrel::inline v0::tls {

using crypto::Freed;
using crypto::KeyHandle;
using crypto::X509Handle;
using StoreHandle = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Freed<SSL_free>>;
using crypto::BioHandle;
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
