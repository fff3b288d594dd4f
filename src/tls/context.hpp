#pragma once

#include <string_view>
#include <vector>

#include "petrel/base/result.hpp"
#include "petrel/tls/connection.hpp"
#include "tls/openssl_handles.hpp"

namespace petrel::inline v0::tls {

/// The most that a peer's certificates may take together. Real chains have 2 to 6 KB.
inline constexpr long max_certificate_chain_bytes = 64 * 1024;

/// Trusts what `config` says. Errors: Errc::bad_roots, library_failure.
Result<ContextHandle> make_client_context(const ClientConfig& config);

/// For a server with these certificates, its own first. Null if OpenSSL fails, or finds the key too short.
ContextHandle make_server_context(Transport transport, EVP_PKEY& key, const std::vector<X509Handle>& chain);

}  // namespace petrel::inline v0::tls
