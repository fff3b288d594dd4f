#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/crypto/digest.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"
#include "petrel/kvs/credentials.hpp"

// AWS Signature Version 4, by HMAC-SHA-256 and with one chunk: the AWS General Reference, "Signing AWS API
// requests". Kinesis Video Streams wants it in headers for its REST calls and in the query for its WebSocket.
namespace petrel::inline v0::kvs {

/// What a signature is good for.
struct SigningScope {
  std::int64_t unix_time = 0;  ///< Seconds since 1970. The service tolerates five minutes.
  std::string region;
  std::string service = "kinesisvideo";  ///< For all calls and for the WebSocket too.
};

/// "20240115T103045Z", for the years 1970 to 9999.
PETREL_API std::string amz_date(std::int64_t unix_time);
/// The seconds since 1970 of such a text.
PETREL_API std::optional<std::int64_t> parse_amz_date(std::string_view text);

/// "20240115/us-west-2/kinesisvideo/aws4_request".
PETREL_API std::string credential_scope(const SigningScope& scope);

/// The parts that are signed, as they go over the wire.
struct CanonicalParts {
  std::string_view method;
  std::string_view path;   ///< Without empty, "." and ".." segments: nothing is normalised.
  std::string_view query;  ///< Without X-Amz-Signature.
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< In any order and case.
  crypto::Sha256Digest body_hash;
};

PETREL_API std::string canonical_request(const CanonicalParts& parts);
/// "content-type;host;x-amz-date".
PETREL_API std::string signed_headers(const CanonicalParts& parts);
PETREL_API std::string string_to_sign(std::string_view canonical_request, const SigningScope& scope);
/// Of `secret`, the secret access key. Good for one day, region and service.
PETREL_API crypto::Sha256Digest signing_key(std::string_view secret, const SigningScope& scope);
/// In lower-case hexadecimal.
PETREL_API std::string signature(const CanonicalParts& parts, std::string_view secret,
                                 const SigningScope& scope);

/// Signs a REST call: adds X-Amz-Date, X-Amz-Security-Token for temporary credentials, and Authorization,
/// each in place of one that is there. Host and all headers are signed but those that a proxy may change.
PETREL_API void sign(http::Request& request, const Credentials& credentials, const SigningScope& scope);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// Signs a GET of `endpoint` by its query: what a WebSocket is opened with. Only Host is signed, so any
/// header may be added. `parameters` are not yet encoded. `endpoint` has no query of its own: it is replaced.
PETREL_API http::Url presign(http::Url endpoint, QueryParameters parameters, const Credentials& credentials,
                             const SigningScope& scope,
                             std::chrono::seconds lifetime = std::chrono::seconds(299));

}  // namespace petrel::inline v0::kvs
