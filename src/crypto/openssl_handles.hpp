#pragma once

// What both users of OpenSSL's TLS, `dtls` towards peers and `tls` towards servers, need of it.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace petrel::inline v0::crypto {

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
using BioHandle = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;

/// A BIO of our own kind: `read(BIO*, char*, int)` and `write(BIO*, const char*, int)` find `port`, which
/// outlives it, by port_of(). Null if OpenSSL fails.
///
/// The rest of what OpenSSL 3 asks a BIO (timeouts, kTLS, MTU discovery) is answered with 0: not
/// supported. The MTU is set on the connection, and no header is ours to subtract.
template <auto read, auto write, class Port>
BioHandle make_bio(const char* name, Port& port) {
  static const BioMethodHandle method = [name] {
    BioMethodHandle made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name));
    if (made) {
      BIO_meth_set_read(made.get(), read);
      BIO_meth_set_write(made.get(), write);
      BIO_meth_set_ctrl(made.get(),
                        [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
      BIO_meth_set_create(made.get(), [](BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
      });
    }
    return made;
  }();
  BioHandle bio(method ? BIO_new(method.get()) : nullptr);
  if (bio) BIO_set_data(bio.get(), &port);
  return bio;
}

template <class Port>
Port& port_of(BIO* bio) {
  return *static_cast<Port*>(BIO_get_data(bio));
}

}  // namespace petrel::inline v0::crypto
