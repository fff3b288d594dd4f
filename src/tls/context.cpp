#include "tls/context.hpp"

#include "tls/pem.hpp"
#include "tls/session.hpp"

namespace petrel::inline v0::tls {
namespace {

// Forward secrecy and AEAD only (RFC 9325 4.2), which TLS 1.3 has anyway. What costs least comes first.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* tls13_suites =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* groups = "X25519:P-256:P-384";

// 112 bits: no RSA below 2048, no SHA-1 signatures. Said here, as distributions differ.
constexpr int security_level = 2;

// Renegotiation has no use here, and resumption saves little where connections last.
constexpr std::uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                  SSL_OP_NO_QUERY_MTU | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA;

// A file of roots with more than this is no file of roots: Mozilla's has 140.
constexpr std::size_t max_extra_roots = 1000;

ContextHandle make_context(Transport transport) {
  const bool stream = transport == Transport::stream;
  ContextHandle context(SSL_CTX_new(stream ? TLS_method() : DTLS_method()));
  if (!context) return nullptr;
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_security_level(ctx, security_level);
  const bool configured =
      SSL_CTX_set_min_proto_version(ctx, stream ? TLS1_2_VERSION : DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(ctx, stream ? TLS1_3_VERSION : DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(ctx, ciphers) == 1 && SSL_CTX_set_ciphersuites(ctx, tls13_suites) == 1 &&
      SSL_CTX_set1_groups_list(ctx, groups) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1;
  if (!configured) return nullptr;
  SSL_CTX_set_options(ctx, options);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, max_certificate_chain_bytes);
  return context;
}

// Reading some 140 roots takes tens of milliseconds, so it happens once per process.
// OpenSSL locks the store.
X509_STORE* system_roots() {
  static const StoreHandle store = [] {
    StoreHandle made(X509_STORE_new());
    if (made && X509_STORE_set_default_paths(made.get()) != 1) made.reset();
    return made;
  }();
  return store.get();
}

Result<StoreHandle> make_roots(const ClientConfig& config) {
  const auto certificates = read_certificates(config.ca_pem, max_extra_roots);
  if (!certificates) return Errc::bad_roots;
  StoreHandle store(X509_STORE_new());
  if (!store || (config.use_system_roots && X509_STORE_set_default_paths(store.get()) != 1)) {
    return Errc::library_failure;
  }
  for (const X509Handle& certificate : *certificates) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) return Errc::library_failure;
  }
  return store;
}

int on_cookie_request(SSL* ssl, unsigned char* out, unsigned int* size) {
  return Session::of(*ssl).write_cookie(out, *size) ? 1 : 0;
}

int on_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  return Session::of(*ssl).accepts_cookie(std::as_bytes(std::span(cookie, size))) ? 1 : 0;
}

// RFC 7301 3.2 lets a server without a common protocol refuse. Ours goes on: what is spoken is
// clear anyway.
int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned int offered_size, void*) {
  const Bytes ours = Session::of(*ssl).alpn();
  unsigned char* selected = nullptr;
  if (ours.empty() ||
      SSL_select_next_proto(&selected, out_size, as_unsigned(ours), static_cast<unsigned int>(ours.size()),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<ContextHandle> make_client_context(const ClientConfig& config) {
  const ErrorQueue errors;
  ContextHandle context = make_context(config.transport);
  if (!context) return Errc::library_failure;
  if (config.dangerously_skip_verification) return context;
  if (!config.ca_pem.empty()) {
    auto roots = make_roots(config);
    if (!roots) return roots.error();
    SSL_CTX_set1_cert_store(context.get(), roots->get());
  } else if (!config.use_system_roots) {
    return Errc::bad_roots;
  } else if (system_roots() == nullptr) {
    return Errc::library_failure;
  } else {
    SSL_CTX_set1_cert_store(context.get(), system_roots());
  }
  return context;
}

ContextHandle make_server_context(Transport transport, EVP_PKEY& key, const std::vector<X509Handle>& chain) {
  const ErrorQueue errors;
  ContextHandle context = make_context(transport);
  if (!context || chain.empty()) return nullptr;
  SSL_CTX* ctx = context.get();
  if (SSL_CTX_use_certificate(ctx, chain.front().get()) != 1 || SSL_CTX_use_PrivateKey(ctx, &key) != 1) {
    return nullptr;
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(ctx, chain[i].get()) != 1) return nullptr;
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_select_cb(ctx, on_alpn, nullptr);
  if (transport == Transport::datagram) {
    SSL_CTX_set_options(ctx, SSL_OP_COOKIE_EXCHANGE);
    SSL_CTX_set_cookie_generate_cb(ctx, on_cookie_request);
    SSL_CTX_set_cookie_verify_cb(ctx, on_cookie);
  }
  return context;
}

}  // namespace petrel::inline v0::tls
