#include <utility>

#include "dtls/certificate_state.hpp"
#include "dtls/connection_access.hpp"
#include "dtls/library_context.hpp"

namespace petrel::inline v0::dtls {
namespace {

// RFC 8827 6.5 demands the first; the others are for peers without AES instructions, and
// for peers with RSA certificates.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* groups = "X25519:P-256";

// Browsers do not resume (no tickets), renegotiation is RFC 8827 6.5's to forbid, and the
// MTU is ours to know.
constexpr std::uint64_t options = SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA;

// Stands in for chain verification, which says nothing about self-signed certificates.
int on_verify(X509_STORE_CTX* store, void*) {
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  const bool accepted =
      certificate != nullptr && ConnectionAccess::accept(ConnectionAccess::of(*ssl), *certificate);
  // RFC 8122 5: a certificate that does not match is answered with bad_certificate, which is
  // the alert that OpenSSL has for this reason.
  X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return accepted ? 1 : 0;
}

void on_key_log(const SSL* ssl, const char* line) {
  if (auto* sink = ConnectionAccess::key_log(ConnectionAccess::of(*ssl))) sink->write(line);
}

ContextHandle make_context() {
  ContextHandle context(SSL_CTX_new_ex(library_context(), nullptr, DTLS_method()));
  if (!context) return nullptr;
  SSL_CTX* ctx = context.get();
  const bool configured = SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
                          SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
                          SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
                          SSL_CTX_set1_groups_list(ctx, groups) == 1;
  if (!configured) return nullptr;
  SSL_CTX_set_options(ctx, options);
  // There are no authorities to look for: the certificate goes out alone.
  SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, on_verify, nullptr);
  SSL_CTX_set_keylog_callback(ctx, on_key_log);
  return context;
}

}  // namespace

SslHandle make_ssl(EVP_PKEY& key, X509& certificate) {
  // Made once, since that takes longer than all else that a connection needs before its first packet. Nothing
  // changes it afterwards, and OpenSSL counts the references of connections atomically.
  static const ContextHandle context = make_context();
  SslHandle ssl(context ? SSL_new(context.get()) : nullptr);
  const bool made =
      ssl && SSL_use_certificate(ssl.get(), &certificate) == 1 && SSL_use_PrivateKey(ssl.get(), &key) == 1;
  return made ? std::move(ssl) : nullptr;
}

}  // namespace petrel::inline v0::dtls
