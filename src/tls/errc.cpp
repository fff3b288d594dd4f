#include "petrel/tls/errc.hpp"

#include <string>

namespace petrel::inline v0::tls {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.tls"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::certificate_untrusted:
        return "the server's certificate is not trusted";
      case Errc::certificate_name_mismatch:
        return "the server's certificate is for another name";
      case Errc::certificate_expired:
        return "the server's certificate has expired";
      case Errc::certificate_not_yet_valid:
        return "the server's certificate is not valid yet, or the clock is wrong";
      case Errc::handshake_failed:
        return "no agreement in the TLS handshake";
      case Errc::handshake_timeout:
        return "the TLS handshake was not done in time";
      case Errc::peer_alert:
        return "the peer sent a fatal TLS alert";
      case Errc::protocol_error:
        return "what arrived is not TLS, or is damaged";
      case Errc::truncated:
        return "the connection ended without close_notify";
      case Errc::closed:
        return "the TLS connection is over";
      case Errc::bad_certificate:
        return "the text is not a certificate chain with its private key";
      case Errc::bad_roots:
        return "there is no certificate to trust";
      case Errc::bad_server_name:
        return "the server's name is neither a DNS name nor an IP address";
      case Errc::bad_alpn:
        return "an application protocol's name is empty or too long";
      case Errc::library_failure:
        return "OpenSSL failed";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::tls
