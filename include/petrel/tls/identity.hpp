#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/tls/errc.hpp"

namespace petrel::inline v0::tls {

struct IdentityState;  // OpenSSL's objects, known to src/tls only.
class Session;

/// A certificate chain with the private key of its first certificate: whom a server says it is, or a client
/// that is asked (ClientConfig::identity).
///
/// A reference-counted handle: copies are cheap and share OpenSSL's contexts, which is what
/// makes a connection cheap. Immutable, so copies may be used on any thread.
class PETREL_API ServerIdentity {
 public:
  /// The longest chain: the server's certificate and those between it and a root.
  static constexpr std::size_t max_chain_length = 10;
  /// Names that self_signed() puts into one certificate.
  static constexpr std::size_t max_names = 100;

  /// From PEM text. The chain has the server's own certificate first, as the files of certificate
  /// authorities have (RFC 8446 4.4.2). The key may be EC or RSA, and is not encrypted.
  static Result<ServerIdentity> from_pem(std::string_view certificate_chain, std::string_view key);

  /// A self-signed certificate for a new P-256 key, for tests and private networks. Clients trust it
  /// once they have its certificate_pem() as ClientConfig::ca_pem. `names` are DNS names (the first
  /// label may be `*`) and IP addresses. Valid from a day before `unix_time` (0: what time() says).
  ///
  /// The key comes from OpenSSL's own random generator, which no RandomSource can stand in for.
  static Result<ServerIdentity> self_signed(const std::vector<std::string>& names, std::int64_t unix_time = 0,
                                            std::chrono::seconds lifetime = std::chrono::hours(24 * 365));

  /// The chain; public.
  std::string certificate_pem() const;
  /// The private key in PKCS #8. Whoever has it can pose as this server.
  std::string private_key_pem() const;

 private:
  friend class Session;
  explicit ServerIdentity(std::shared_ptr<const IdentityState> state) : state_(std::move(state)) {}

  std::shared_ptr<const IdentityState> state_;
};

}  // namespace petrel::inline v0::tls
