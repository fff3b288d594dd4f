#pragma once

#include "dtls/openssl_handles.hpp"
#include "petrel/dtls/connection.hpp"

namespace petrel::inline v0::dtls {

/// What OpenSSL's callbacks, which are free functions, do with the connection they belong to.
struct ConnectionAccess {
  static Connection& of(const SSL& ssl) { return *static_cast<Connection*>(SSL_get_app_data(&ssl)); }

  /// Whether the handshake may go on with this certificate. Without fingerprints it may:
  /// nothing leaves the connection before they match.
  static bool accept(Connection& connection, const X509& certificate) {
    connection.rejected_ = connection.expected_ && !connection.matches(certificate);
    return !connection.rejected_;
  }
  static KeyLogSink* key_log(const Connection& connection) { return connection.config_.key_log; }
  static void count_retransmission(Connection& connection) { ++connection.stats_.retransmissions; }
};

}  // namespace petrel::inline v0::dtls
