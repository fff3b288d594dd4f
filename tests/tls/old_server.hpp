#pragma once

#include <string>

#include "petrel/base/assert.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/tls/connection.hpp"
#include "tls/openssl_handles.hpp"
#include "tls/pem.hpp"

namespace petrel::inline v0::testing {

/// OpenSSL itself as a server that speaks `version` only, such as TLS1_2_VERSION.
class OldServer {
 public:
  OldServer(const tls::ServerIdentity& identity, int version) : context_(SSL_CTX_new(TLS_server_method())) {
    const auto chain = tls::read_certificates(identity.certificate_pem(), 1);
    const tls::KeyHandle key = tls::read_private_key(identity.private_key_pem());
    SSL_CTX* context = context_.get();
    SSL_CTX_set_security_level(context, 0);  // TLS 1.1 needs SHA-1.
    PETREL_ASSERT(SSL_CTX_set_min_proto_version(context, version) == 1);
    PETREL_ASSERT(SSL_CTX_set_max_proto_version(context, version) == 1);
    PETREL_ASSERT(SSL_CTX_use_certificate(context, chain->front().get()) == 1);
    PETREL_ASSERT(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
    ssl_.reset(SSL_new(context));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  SSL* ssl() { return ssl_.get(); }

  /// Carries bytes both ways until neither end has more to say. Gives back what the client sent.
  std::string carry(TimePoint now, tls::Connection& client) {
    std::string text;
    for (bool moved = true; moved;) {
      moved = false;
      while (auto packet = client.poll_packet()) {
        moved = true;
        BIO_write(SSL_get_rbio(ssl_.get()), packet->data(), static_cast<int>(packet->size()));
      }
      const tls::ErrorQueue errors;
      char buffer[4096];
      for (int size = 0; (size = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(size));
      }
      for (int size = 0; (size = BIO_read(SSL_get_wbio(ssl_.get()), buffer, sizeof buffer)) > 0;) {
        moved = true;
        client.handle_bytes(now, as_bytes({buffer, static_cast<std::size_t>(size)}));
      }
    }
    return text;
  }

 private:
  tls::ContextHandle context_;
  tls::SslHandle ssl_;
};

}  // namespace petrel::inline v0::testing
