#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/openssl_handles.hpp"

namespace petrel::inline v0::tls {

/// The certificates in PEM text, in its order; what stands between them is skipped. nullopt if there is
/// none, if one is damaged, or if there are more than `most`.
std::optional<std::vector<X509Handle>> read_certificates(std::string_view text, std::size_t most);

/// The private key in PEM text; null if there is none, or it is encrypted.
KeyHandle read_private_key(std::string_view text);

std::string write_certificate(const X509& certificate);
std::string write_private_key(const EVP_PKEY& key);

}  // namespace petrel::inline v0::tls
