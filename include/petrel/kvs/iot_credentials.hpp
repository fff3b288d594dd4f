#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/errc.hpp"
#include "petrel/tls/identity.hpp"

namespace petrel::inline v0::kvs {

/// A device that has an X.509 certificate in AWS IoT gets temporary credentials for it, by mutual TLS. AWS
/// IoT Core Developer Guide, "Authorizing direct calls to AWS services using AWS IoT Core credential
/// provider".
struct IotProvider {
  /// Of `aws iot describe-endpoint --endpoint-type iot:CredentialProvider`: a host name, or a URL.
  std::string endpoint{};
  std::string role_alias{};
  std::string thing_name{};
  /// The device's certificate with its key.
  std::optional<tls::ServerIdentity> identity{};
  /// Roots to trust beside the system's, in PEM.
  std::string ca_pem{};
};

/// Where to ask. http::Errc for an endpoint that is neither a name nor a URL.
PETREL_API Result<http::Url> iot_url(const IotProvider& provider);
PETREL_API http::Request iot_request(const IotProvider& provider);

/// Errc::bad_answer for anything else than the answer to that.
PETREL_API Result<Credentials> read_iot_credentials(std::string_view body);

/// Seconds since 1970 of "2024-01-15T10:30:45Z"; fractions of a second are dropped.
PETREL_API std::optional<std::int64_t> parse_iso_date(std::string_view text);

}  // namespace petrel::inline v0::kvs
