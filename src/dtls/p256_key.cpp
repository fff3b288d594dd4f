// EC_KEY is deprecated in favour of EVP_EC_gen(), and twenty times as fast: a certificate that is given a
// key of a provider has it written to DER and read back through every decoder that there is, 0.4 ms of the
// set-up of a call (OpenSSL 3.0 to 3.5). The key that comes out serves both interfaces.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dtls/p256_key.hpp"

#include <openssl/ec.h>

namespace petrel::inline v0::dtls {

KeyHandle make_p256_key() {
#ifdef OPENSSL_NO_DEPRECATED_3_0
  return KeyHandle(EVP_EC_gen("P-256"));
#else
  std::unique_ptr<EC_KEY, Freed<EC_KEY_free> > key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  KeyHandle handle(EVP_PKEY_new());
  const bool made = key && handle && EC_KEY_generate_key(key.get()) == 1 &&
                    EVP_PKEY_assign(handle.get(), EVP_PKEY_EC, key.get()) == 1;
  if (!made) return nullptr;
  static_cast<void>(key.release());  // The handle's now.
  return handle;
#endif
}

}  // namespace petrel::inline v0::dtls
