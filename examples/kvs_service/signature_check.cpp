#include "kvs_service/signature_check.hpp"

#include <algorithm>
#include <vector>

#include "petrel/crypto/digest.hpp"
#include "petrel/kvs/sigv4.hpp"

namespace kvs_service {
namespace {

namespace http = petrel::http;
namespace kvs = petrel::kvs;

constexpr std::int64_t tolerance = 300;  // The service's five minutes.

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "Credential=AKID/…" of "AWS4-HMAC-SHA256 Credential=AKID/…, SignedHeaders=a;b, Signature=…".
std::string_view parameter(std::string_view authorization, std::string_view name) {
  const std::size_t at = authorization.find(std::string(name) + "=");
  if (at == authorization.npos) return {};
  const std::string_view rest = authorization.substr(at + name.size() + 1);
  return rest.substr(0, rest.find_first_of(", "));
}

// What a request says about its signature, wherever it says so.
struct Claim {
  std::string credential;
  std::string signed_headers;
  std::string signature;
  std::string date;
  std::string token;
  std::string query;  // Without the signature.
  std::int64_t expires = tolerance;
};

std::optional<Claim> claim_of(const http::Request& request) {
  Claim claim;
  if (const auto authorization = request.headers.get("Authorization")) {
    claim.credential = parameter(*authorization, "Credential");
    claim.signed_headers = parameter(*authorization, "SignedHeaders");
    claim.signature = parameter(*authorization, "Signature");
    claim.date = request.headers.get("X-Amz-Date").value_or("");
    claim.token = request.headers.get("X-Amz-Security-Token").value_or("");
    claim.query = request.query;
    return claim;
  }
  const auto signature = request.query_value("X-Amz-Signature");
  if (!signature) return std::nullopt;
  claim.signature = *signature;
  claim.credential = request.query_value("X-Amz-Credential").value_or("");
  claim.signed_headers = request.query_value("X-Amz-SignedHeaders").value_or("");
  claim.date = request.query_value("X-Amz-Date").value_or("");
  claim.token = request.query_value("X-Amz-Security-Token").value_or("");
  claim.expires = std::atoll(request.query_value("X-Amz-Expires").value_or("0").c_str());
  for (const std::string_view part : split(request.query, '&')) {
    if (part.starts_with("X-Amz-Signature=")) continue;
    if (!claim.query.empty()) claim.query += '&';
    claim.query += part;
  }
  return claim;
}

}  // namespace

std::optional<Denial> check_signature(const http::Request& request, const Accounts& accounts,
                                      const std::string& region, std::int64_t unix_time) {
  const auto claim = claim_of(request);
  if (!claim) return Denial{"MissingAuthenticationTokenException", "Missing Authentication Token"};
  const auto credential = split(claim->credential, '/');
  constexpr std::size_t parts = 5;
  const auto signed_at = kvs::parse_amz_date(claim->date);
  if (credential.size() != parts || !signed_at) {
    return Denial{"IncompleteSignatureException", "The signature is not complete"};
  }
  const auto account = accounts.find(credential[0]);
  if (account == accounts.end()) {
    return Denial{"UnrecognizedClientException", "The security token included in the request is invalid."};
  }
  if (claim->token != account->second.token) {
    return Denial{"ExpiredTokenException", "The security token included in the request is expired"};
  }
  if (credential[2] != region) {
    return Denial{"InvalidSignatureException", "Credential should be scoped to a valid region."};
  }
  const std::string now = kvs::amz_date(unix_time);
  if (*signed_at + std::min(claim->expires, tolerance) < unix_time) {
    return Denial{"InvalidSignatureException",
                  "Signature expired: " + claim->date + " is now earlier than " + now};
  }
  if (*signed_at > unix_time + tolerance) {
    return Denial{"InvalidSignatureException",
                  "Signature not yet current: " + claim->date + " is still later than " + now};
  }

  kvs::CanonicalParts signed_parts{to_string(request.method),
                                   request.path,
                                   claim->query,
                                   {},
                                   petrel::crypto::sha256(petrel::as_bytes(request.body))};
  for (const std::string_view name : split(claim->signed_headers, ';')) {
    signed_parts.headers.emplace_back(name,
                                      name == "host" ? request.host : request.headers.get(name).value_or(""));
  }
  const kvs::SigningScope scope{*signed_at, region, std::string(credential[3])};
  const std::string expected = kvs::signature(signed_parts, account->second.secret, scope);
  if (!petrel::crypto::equal_in_constant_time(petrel::as_bytes(expected),
                                              petrel::as_bytes(claim->signature))) {
    return Denial{"InvalidSignatureException",
                  "The request signature we calculated does not match the signature you provided."};
  }
  return std::nullopt;
}

}  // namespace kvs_service
