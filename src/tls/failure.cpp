#include "tls/failure.hpp"

#include <openssl/sslerr.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <span>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::tls {
namespace {

// What a certificate says is the peer's choice, and messages end up on terminals.
std::string printable(Bytes bytes) {
  std::string text;
  for (const char c : as_text(bytes.first(std::min(bytes.size(), max_quoted_size)))) {
    text.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  if (bytes.size() > max_quoted_size) text += "...";
  return text;
}

Bytes bytes_of(const ASN1_STRING* string) {
  const int size = ASN1_STRING_length(string);
  if (size <= 0) return {};
  return std::as_bytes(std::span(ASN1_STRING_get0_data(string), static_cast<std::size_t>(size)));
}

std::string text_of_address(Bytes octets) {
  std::array<std::uint8_t, 16> v6{};
  if (octets.size() != 4 && octets.size() != 16) return "?";
  std::ranges::transform(octets, v6.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return octets.size() == 4 ? IpAddress::v4(v6[0], v6[1], v6[2], v6[3]).to_string()
                            : IpAddress::v6(v6).to_string();
}

// Whom the certificate is for, RFC 9525 4.1: the DNS names and addresses in subjectAltName.
std::string names_of(const X509& certificate) {
  const GeneralNamesHandle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  std::size_t count = 0;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    if (++count > max_quoted_names) continue;
    if (!text.empty()) text += ", ";
    const Bytes bytes = bytes_of(static_cast<const ASN1_STRING*>(value));
    text += type == GEN_DNS ? printable(bytes) : text_of_address(bytes);
  }
  if (count > max_quoted_names) text += " and " + std::to_string(count - max_quoted_names) + " more";
  return text;
}

// The common name, which stands for an authority well enough.
std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "an unnamed authority";
  return '"' + printable(bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)))) + '"';
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

std::string date_of_check(std::int64_t unix_time) {
  // By days, since a time_t of 32 bits ends in 2038.
  constexpr std::int64_t day = 86400;
  const TimeHandle now(unix_time == 0 ? X509_gmtime_adj(nullptr, 0)
                                      : ASN1_TIME_adj(nullptr, 0, static_cast<int>(unix_time / day),
                                                      static_cast<long>(unix_time % day)));
  return date_of(now.get());
}

std::string described(const X509& certificate) {
  const std::string names = names_of(certificate);
  return names.empty() ? common_name(X509_get_subject_name(&certificate)) : names;
}

constexpr std::array no_agreement{SSL_R_NO_SHARED_CIPHER,
                                  SSL_R_UNSUPPORTED_PROTOCOL,
                                  SSL_R_NO_PROTOCOLS_AVAILABLE,
                                  SSL_R_WRONG_CIPHER_RETURNED,
                                  SSL_R_UNKNOWN_CIPHER_RETURNED,
                                  SSL_R_NO_SUITABLE_KEY_SHARE,
                                  SSL_R_NO_SUITABLE_GROUPS,
                                  SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
                                  SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
                                  SSL_R_UNKNOWN_PROTOCOL,
                                  SSL_R_INAPPROPRIATE_FALLBACK,
                                  SSL_R_DH_KEY_TOO_SMALL,
                                  SSL_R_EE_KEY_TOO_SMALL,
                                  SSL_R_WRONG_SIGNATURE_TYPE,
                                  SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED};

constexpr std::array not_tls{SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST,
                             SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH};

bool is_in(int reason, std::span<const int> reasons) {
  return std::ranges::find(reasons, reason) != reasons.end();
}

}  // namespace

Failed certificate_failure(int code, const X509& certificate, const std::string& server_name,
                           std::int64_t unix_time) {
  const std::string who = described(certificate);
  switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = names_of(certificate);
      // RFC 9525 6.3: the common name does not count, however often it did in the past.
      if (names.empty()) {
        return {
            Errc::certificate_name_mismatch,
            "the certificate names no server (it has no subjectAltName), and " + server_name + " is needed"};
      }
      return {Errc::certificate_name_mismatch,
              "the certificate is for " + names + ", not for " + server_name};
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Errc::certificate_expired, "the certificate of " + who + " has expired on " +
                                             date_of(X509_get0_notAfter(&certificate)) +
                                             "; the clock here says " + date_of_check(unix_time)};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Errc::certificate_not_yet_valid,
              "the certificate of " + who + " is valid from " + date_of(X509_get0_notBefore(&certificate)) +
                  ", and the clock here says " + date_of_check(unix_time) + ": is it set?"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {Errc::certificate_untrusted,
              "self-signed certificate of " + who + ": if it is the right one, give it as a root to trust"};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {Errc::certificate_untrusted, "the certificate comes from the root " +
                                               common_name(X509_get_subject_name(&certificate)) +
                                               ", which is not trusted here"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {Errc::certificate_untrusted,
              "the certificate of " + who + " was issued by " +
                  common_name(X509_get_issuer_name(&certificate)) +
                  ", which is not known here: trust its root, or let the server send the whole chain"};
    default:
      return {Errc::certificate_untrusted,
              "the certificate of " + who + " is refused: " + X509_verify_cert_error_string(code)};
  }
}

Failed protocol_failure(unsigned long error, bool during_handshake) {
  const int reason = ERR_GET_REASON(error);
  const char* text = ERR_reason_error_string(error);
  const std::string why = text == nullptr ? "an unknown reason" : text;
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return {Errc::protocol_error, "OpenSSL finds: " + why};
  // OpenSSL reports a peer's alert as the reason SSL_AD_REASON_OFFSET + its number.
  if (reason >= SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    return {Errc::peer_alert, std::string("the peer refuses: ") + SSL_alert_desc_string_long(alert) +
                                  " (alert " + std::to_string(alert) + ")"};
  }
  if (during_handshake && is_in(reason, no_agreement))
    return {Errc::handshake_failed, "no agreement: " + why};
  if (during_handshake && is_in(reason, not_tls)) {
    return {Errc::protocol_error, "the peer does not speak TLS (" + why + "): is it the right port?"};
  }
  return {Errc::protocol_error, "OpenSSL finds: " + why};
}

}  // namespace petrel::inline v0::tls
