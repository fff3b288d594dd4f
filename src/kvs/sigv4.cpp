#include "petrel/kvs/sigv4.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "petrel/crypto/hmac.hpp"
#include "petrel/http/date.hpp"

namespace petrel::inline v0::kvs {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t date_size = 8;  // YYYYMMDD

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string hexadecimal(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += digits[std::to_integer<unsigned>(b) >> 4U];
    text += digits[std::to_integer<unsigned>(b) & 0xfU];
  }
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// What is no valid escape stays as it is, and is encoded like any other character.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return taken;
}

std::string canonical_path(std::string_view path) {
  std::string out;
  // Encoded once more than in the request: '%' becomes "%25". S3 alone does otherwise.
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    out += http::percent_encode(path.substr(0, slash));
    path.remove_prefix(slash);
    if (path.empty()) break;
    out += '/';
    path.remove_prefix(1);
  }
  return out.empty() ? "/" : out;
}

std::string joined(QueryParameters encoded) {
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  QueryParameters encoded;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    encoded.emplace_back(http::percent_encode(percent_decode(name)),
                         http::percent_encode(percent_decode(value)));
  }
  return joined(std::move(encoded));
}

// Trimmed, with runs of spaces as one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// By name; fields of one name are one field with the values in their order (RFC 9110 5.3).
std::map<std::string, std::string> canonical_headers(const CanonicalParts& parts) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : parts.headers) {
    std::string small(name);
    std::ranges::transform(small, small.begin(), lower);
    const auto [entry, is_new] = headers.try_emplace(std::move(small), canonical_value(value));
    if (!is_new) entry->second += "," + canonical_value(value);
  }
  return headers;
}

crypto::Sha256Digest hmac(Bytes key, std::string_view text) {
  return crypto::hmac_sha256(key, as_bytes(text));
}

bool may_change_on_its_way(std::string_view name) {
  constexpr std::array<std::string_view, 9> names{
      "authorization", "connection",        "content-length", "expect",         "host",
      "range",         "transfer-encoding", "user-agent",     "x-amzn-trace-id"};
  return std::ranges::any_of(names,
                             [&](std::string_view each) { return http::equals_ignoring_case(each, name); });
}

std::string credential(const Credentials& credentials, const SigningScope& scope) {
  return credentials.access_key_id + "/" + credential_scope(scope);
}

std::optional<unsigned> number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace

std::string amz_date(std::int64_t unix_time) {
  const http::UtcTime time = http::to_utc(unix_time);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04u%02u%02uT%02u%02u%02uZ", time.year,
                                 time.month, time.day, time.hour, time.minute, time.second);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> parse_amz_date(std::string_view text) {
  constexpr std::size_t size = 16;
  if (text.size() != size || text[date_size] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(4, 2));
  const auto day = number(text.substr(6, 2));
  const auto hour = number(text.substr(9, 2));
  const auto minute = number(text.substr(11, 2));
  const auto second = number(text.substr(13, 2));
  if (!year || !month || !day || !hour || !minute || !second || *second > 59) return std::nullopt;
  return http::from_utc(
      {.year = *year, .month = *month, .day = *day, .hour = *hour, .minute = *minute, .second = *second});
}

std::string credential_scope(const SigningScope& scope) {
  return amz_date(scope.unix_time).substr(0, date_size) + "/" + scope.region + "/" + scope.service +
         "/aws4_request";
}

std::string canonical_request(const CanonicalParts& parts) {
  std::string out(parts.method);
  out += '\n';
  out += canonical_path(parts.path);
  out += '\n';
  out += canonical_query(parts.query);
  out += '\n';
  for (const auto& [name, value] : canonical_headers(parts)) {
    out += name;
    out += ':';
    out += value;
    out += '\n';
  }
  out += '\n';
  out += signed_headers(parts);
  out += '\n';
  out += hexadecimal(parts.body_hash);
  return out;
}

std::string signed_headers(const CanonicalParts& parts) {
  std::string out;
  for (const auto& [name, value] : canonical_headers(parts)) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string string_to_sign(std::string_view canonical_request, const SigningScope& scope) {
  std::string out(algorithm);
  out += '\n';
  out += amz_date(scope.unix_time);
  out += '\n';
  out += credential_scope(scope);
  out += '\n';
  out += hexadecimal(crypto::sha256(as_bytes(canonical_request)));
  return out;
}

crypto::Sha256Digest signing_key(std::string_view secret, const SigningScope& scope) {
  const SecretText start("AWS4" + std::string(secret));
  auto key = hmac(as_bytes(start.reveal()), amz_date(scope.unix_time).substr(0, date_size));
  key = hmac(key, scope.region);
  key = hmac(key, scope.service);
  return hmac(key, "aws4_request");
}

std::string signature(const CanonicalParts& parts, std::string_view secret, const SigningScope& scope) {
  return hexadecimal(hmac(signing_key(secret, scope), string_to_sign(canonical_request(parts), scope)));
}

void sign(http::Request& request, const Credentials& credentials, const SigningScope& scope) {
  request.headers.set("X-Amz-Date", amz_date(scope.unix_time));
  if (!credentials.session_token.empty()) {
    request.headers.set("X-Amz-Security-Token", std::string(credentials.session_token.reveal()));
  }
  CanonicalParts parts{
      to_string(request.method), request.path, request.query, {}, crypto::sha256(as_bytes(request.body))};
  parts.headers.emplace_back("host", request.host);
  for (const auto& [name, value] : request.headers) {
    if (!may_change_on_its_way(name)) parts.headers.emplace_back(name, value);
  }
  std::string text(algorithm);
  text += " Credential=" + credential(credentials, scope) + ", SignedHeaders=" + signed_headers(parts) +
          ", Signature=" + signature(parts, credentials.secret_access_key.reveal(), scope);
  request.headers.set("Authorization", std::move(text));
}

http::Url presign(http::Url endpoint, QueryParameters parameters, const Credentials& credentials,
                  const SigningScope& scope, std::chrono::seconds lifetime) {
  parameters.emplace_back("X-Amz-Algorithm", algorithm);
  parameters.emplace_back("X-Amz-Credential", credential(credentials, scope));
  parameters.emplace_back("X-Amz-Date", amz_date(scope.unix_time));
  parameters.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
  // Here, unlike with some other services of AWS, the token is signed too.
  if (!credentials.session_token.empty()) {
    parameters.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  }
  parameters.emplace_back("X-Amz-SignedHeaders", "host");
  for (auto& [name, value] : parameters) {
    name = http::percent_encode(name);
    value = http::percent_encode(value);
  }
  endpoint.query = joined(std::move(parameters));
  const std::string host = endpoint.authority();
  const CanonicalParts parts{"GET", endpoint.path, endpoint.query, {{"host", host}}, crypto::sha256({})};
  endpoint.query += "&X-Amz-Signature=" + signature(parts, credentials.secret_access_key.reveal(), scope);
  return endpoint;
}

}  // namespace petrel::inline v0::kvs
