#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/dtls/fingerprint.hpp"

namespace petrel::inline v0::dtls {

struct CertificateState;  // OpenSSL's objects, known to src/dtls only.

/// A certificate with its private key: how a peer names itself in DTLS (RFC 5763 5).
///
/// A reference-counted handle, so copies are cheap. Immutable, so they may be used on any thread.
class PETREL_API Certificate {
 public:
  /// A self-signed certificate for a new P-256 key (RFC 8827 6.5), valid from a day
  /// before `wall_clock`, for peers whose clock is late, until `lifetime` after it.
  ///
  /// The key comes from OpenSSL's own random generator, which no RandomSource can stand in for.
  static Result<Certificate> generate(std::chrono::sys_seconds wall_clock,
                                      std::chrono::seconds lifetime = std::chrono::hours(24 * 30));

  /// From PEM text, such as to_pem() gave. The key may be EC or RSA, and is not encrypted.
  static Result<Certificate> from_pem(std::string_view certificate, std::string_view private_key);

  /// The certificate; public.
  std::string certificate_pem() const;
  /// The private key in PKCS #8. Whoever has it can pose as this peer.
  std::string private_key_pem() const;

  /// SHA-256 of the certificate: what the SDP announces.
  const Fingerprint& fingerprint() const;
  std::chrono::sys_seconds expires() const;

  friend bool operator==(const Certificate&, const Certificate&) = default;

 private:
  friend class Connection;
  explicit Certificate(std::shared_ptr<const CertificateState> state) : state_(std::move(state)) {}

  std::shared_ptr<const CertificateState> state_;
};

}  // namespace petrel::inline v0::dtls
