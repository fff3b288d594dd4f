#pragma once

#include <cstdint>
#include <string>

#include "petrel/tls/connection.hpp"
#include "tls/openssl_handles.hpp"

namespace petrel::inline v0::tls {

/// Names of a certificate that a message quotes; the rest are counted.
inline constexpr std::size_t max_quoted_names = 4;
/// Characters of one such name; what is longer is cut.
inline constexpr std::size_t max_quoted_size = 100;

/// Why OpenSSL refused `certificate`: `code` is an X509_V_ERR_… of a check for `server_name` at
/// `unix_time` (0: now).
Failed certificate_failure(int code, const X509& certificate, const std::string& server_name,
                           std::int64_t unix_time);

/// Why a connection is over: `error` is from OpenSSL's error queue.
Failed protocol_failure(unsigned long error, bool during_handshake);

}  // namespace petrel::inline v0::tls
