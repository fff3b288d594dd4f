#include "dtls/library_context.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace petrel::inline v0::dtls {
namespace {

// The kinds of keys in certificates that the cipher suites let through.
constexpr std::array<std::string_view, 5> in_certificates{"EC", "RSA", "RSA-PSS", "ED25519", "ED448"};
constexpr std::string_view in_exchanges = "X25519";  // P-256 is EC.
constexpr std::array<std::string_view, 3> providers_of_openssl{"default", "base", "legacy"};

// OpenSSL lists all names of an algorithm, with colons between them.
std::string_view first_name(const OSSL_ALGORITHM& algorithm) {
  const std::string_view names = algorithm.algorithm_names;
  return names.substr(0, names.find(':'));
}

bool is_in_certificates(const OSSL_ALGORITHM& algorithm) {
  return std::ranges::find(in_certificates, first_name(algorithm)) != in_certificates.end();
}

bool is_key(const OSSL_ALGORITHM& algorithm) {
  return is_in_certificates(algorithm) || first_name(algorithm) == in_exchanges;
}

bool reads_certificates(const OSSL_ALGORITHM& algorithm) {
  const std::string_view properties = algorithm.property_definition;
  return is_in_certificates(algorithm) &&
         properties.find("structure=SubjectPublicKeyInfo") != properties.npos;
}

// The default provider, in a context where nobody else sees it, and what we show of it.
struct Whole {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* provider = context == nullptr ? nullptr : OSSL_PROVIDER_load(context, "default");
  std::vector<OSSL_ALGORITHM> keys = chosen(OSSL_OP_KEYMGMT, is_key);
  std::vector<OSSL_ALGORITHM> decoders = chosen(OSSL_OP_DECODER, reads_certificates);

  std::vector<OSSL_ALGORITHM> chosen(int operation, bool (*is_wanted)(const OSSL_ALGORITHM&)) const {
    std::vector<OSSL_ALGORITHM> out;
    int uncached = 0;
    const OSSL_ALGORITHM* all =
        provider == nullptr ? nullptr : OSSL_PROVIDER_query_operation(provider, operation, &uncached);
    for (; all != nullptr && all->algorithm_names != nullptr; ++all) {
      if (is_wanted(*all)) out.push_back(*all);
    }
    out.push_back({});  // Ends the list.
    return out;
  }
};

// Never destroyed, as the contexts are not: connections may outlive whatever is destroyed at exit.
Whole& whole() {
  static Whole& instance = *new Whole;
  return instance;
}

const OSSL_ALGORITHM* query(void*, int operation, int* uncached) {
  if (operation == OSSL_OP_KEYMGMT || operation == OSSL_OP_DECODER) {
    *uncached = 0;
    return (operation == OSSL_OP_KEYMGMT ? whole().keys : whole().decoders).data();
  }
  return OSSL_PROVIDER_query_operation(whole().provider, operation, uncached);
}

int capabilities(void*, const char* capability, OSSL_CALLBACK* each, void* argument) {
  return OSSL_PROVIDER_get_capabilities(whole().provider, capability, each, argument);
}

// The algorithms are the default provider's functions, so they get its context.
int start(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
  using Function = void (*)();
  static const std::array<OSSL_DISPATCH, 3> table{
      {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<Function>(query)},
       {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, reinterpret_cast<Function>(capabilities)},
       {0, nullptr}}};
  *functions = table.data();
  *context = OSSL_PROVIDER_get0_provider_ctx(whole().provider);
  return 1;
}

bool is_left_as_it_comes() {
  OPENSSL_init_ssl(0, nullptr);  // Reads the configuration.
  bool others = false;
  OSSL_PROVIDER_do_all(
      nullptr,
      [](OSSL_PROVIDER* provider, void* found) {
        const std::string_view name = OSSL_PROVIDER_get0_name(provider);
        const bool known = std::ranges::find(providers_of_openssl, name) != providers_of_openssl.end();
        if (!known) *static_cast<bool*>(found) = true;
        return 1;
      },
      &others);
  return !others && EVP_default_properties_is_fips_enabled(nullptr) == 0;
}

OSSL_LIB_CTX* make_context() {
  if (OPENSSL_VERSION_NUMBER >= 0x30200000L || !is_left_as_it_comes()) return nullptr;
  if (whole().provider == nullptr) return nullptr;
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  const bool made = context != nullptr && OSSL_PROVIDER_add_builtin(context, "petrel", start) == 1 &&
                    OSSL_PROVIDER_load(context, "petrel") != nullptr;
  if (made) return context;
  OSSL_LIB_CTX_free(context);
  return nullptr;
}

}  // namespace

OSSL_LIB_CTX* library_context() {
  static OSSL_LIB_CTX* const context = make_context();
  return context;
}

}  // namespace petrel::inline v0::dtls
