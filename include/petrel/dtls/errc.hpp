#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::dtls {

enum class Errc {
  fingerprint_mismatch =
      1,              ///< The peer's certificate is not the one that signalling announced (RFC 8122 5).
  no_srtp_profile,    ///< SRTP is required, and the peer has no protection profile in common with us.
  handshake_timeout,  ///< The handshake was not done within ConnectionConfig::handshake_timeout.
  handshake_failed,   ///< The peer broke the protocol, or has no version, cipher or group in common with us.
  peer_alert,         ///< The peer ended the connection with a fatal alert.
  not_connected,      ///< Nothing can be sent before Connected.
  bad_certificate,    ///< PEM text without a usable certificate and the private key that belongs to it.
  bad_fingerprint,    ///< Not "hash-name AB:CD:…", or not as long as that hash is.
  unknown_hash,       ///< A hash that RFC 8122 5 does not know, or forbids (MD5, MD2).
  library_failure,    ///< OpenSSL could not make an object. The machine's fault: memory or configuration.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::dtls

template <>
struct std::is_error_code_enum<petrel::dtls::Errc> : std::true_type {};
