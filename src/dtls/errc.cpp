#include "petrel/dtls/errc.hpp"

#include <string>

namespace petrel::inline v0::dtls {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.dtls"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::fingerprint_mismatch:
        return "the peer's certificate does not match the signalled fingerprint";
      case Errc::no_srtp_profile:
        return "the peer has no SRTP protection profile in common with us";
      case Errc::handshake_timeout:
        return "the DTLS handshake was not done in time";
      case Errc::handshake_failed:
        return "the DTLS handshake failed";
      case Errc::peer_alert:
        return "the peer sent a fatal DTLS alert";
      case Errc::not_connected:
        return "the DTLS connection is not established";
      case Errc::bad_certificate:
        return "the text is not a certificate with its private key";
      case Errc::bad_fingerprint:
        return "the text is not a certificate fingerprint";
      case Errc::unknown_hash:
        return "the fingerprint's hash is unknown or forbidden";
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

}  // namespace petrel::inline v0::dtls
