#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::tls {

/// What can go wrong in this module. petrel::Errc has what is common to all.
enum class Errc {
  certificate_untrusted = 1,  ///< No trusted root stands behind the certificate, or it is damaged or revoked.
  certificate_name_mismatch,  ///< The certificate is for somebody else.
  certificate_expired,
  certificate_not_yet_valid,  ///< More often the clock of this machine than the certificate.
  handshake_failed,           ///< No agreement on version, cipher or key.
  handshake_timeout,
  peer_alert,       ///< The peer ended the connection with a fatal alert (RFC 8446 6.2).
  protocol_error,   ///< What arrived is no TLS, or was damaged on its way.
  truncated,        ///< The transport ended without close_notify: what came last may be missing.
  closed,           ///< The connection is over; nothing can be sent.
  bad_certificate,  ///< The text is no certificate chain in PEM with the private key that belongs to it.
  bad_roots,        ///< The text has no certificate in PEM, or nothing at all would be trusted.
  bad_server_name,  ///< Neither a DNS name in ASCII (RFC 1123 2.1; IDN as A-labels) nor an IP address.
  bad_alpn,         ///< A protocol name is empty or too long (RFC 7301 3.1).
  library_failure,  ///< OpenSSL failed, for want of memory for example.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::tls

template <>
struct std::is_error_code_enum<petrel::tls::Errc> : std::true_type {};
