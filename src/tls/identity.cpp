#include "petrel/tls/identity.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <algorithm>
#include <ctime>

#include "petrel/base/errc.hpp"
#include "petrel/crypto/system_random.hpp"
#include "tls/context.hpp"
#include "tls/identity_state.hpp"
#include "tls/pem.hpp"
#include "tls/server_name.hpp"

namespace petrel::inline v0::tls {
namespace {

// Clients with a clock that is a little late should not see a certificate from the future.
constexpr std::int64_t head_start_seconds = 24 * 3600;

// RFC 5280 4.1.2.2 allows 20 octets; 8 random ones are unique enough, and a clear top bit
// keeps the number positive in DER.
constexpr std::size_t serial_size = 8;

bool set_serial(X509& certificate) {
  auto bytes = crypto::SystemRandom().bytes<serial_size>();
  bytes[0] = (bytes[0] & std::byte{0x7f}) | std::byte{0x40};
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(as_unsigned(Bytes(bytes)), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_validity(X509& certificate, std::int64_t unix_time, std::chrono::seconds lifetime) {
  // By days from 1970, since a time_t of 32 bits ends in 2038; or from what OpenSSL asks time() for, with
  // null.
  std::time_t epoch = 0;
  const auto set = [&](ASN1_TIME* field, std::int64_t offset) {
    constexpr std::int64_t day = 24 * 3600;
    const std::int64_t seconds = unix_time + offset;
    return X509_time_adj_ex(field, static_cast<int>(seconds / day), static_cast<long>(seconds % day),
                            unix_time == 0 ? nullptr : &epoch) != nullptr;
  };
  return set(X509_getm_notBefore(&certificate), -head_start_seconds) &&
         set(X509_getm_notAfter(&certificate), lifetime.count());
}

bool set_subject(X509& certificate) {
  X509_NAME* name = X509_get_subject_name(&certificate);
  const unsigned char common_name[] = "petrel";  // Says nothing: subjectAltName is what counts.
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, sizeof common_name - 1, -1, 0) ==
             1 &&
         X509_set_issuer_name(&certificate, name) == 1;
}

bool add_name(GENERAL_NAMES& names, const ServerName& name) {
  using GeneralName = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
  using Asn1String = std::unique_ptr<ASN1_STRING, Freed<ASN1_STRING_free>>;
  GeneralName entry(GENERAL_NAME_new());
  Asn1String value(name.address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new());
  if (!entry || !value) return false;
  const int set = name.address
                      ? ASN1_STRING_set(value.get(), name.address->octets().data(),
                                        static_cast<int>(name.address->size()))
                      : ASN1_STRING_set(value.get(), name.dns.data(), static_cast<int>(name.dns.size()));
  if (set != 1) return false;
  GENERAL_NAME_set0_value(entry.get(), name.address ? GEN_IPADD : GEN_DNS, value.release());
  if (sk_GENERAL_NAME_push(&names, entry.get()) <= 0) return false;
  static_cast<void>(entry.release());
  return true;
}

bool set_names(X509& certificate, const std::vector<ServerName>& names) {
  const GeneralNamesHandle list(sk_GENERAL_NAME_new_null());
  return list && std::ranges::all_of(names, [&](const ServerName& name) { return add_name(*list, name); }) &&
         X509_add1_ext_i2d(&certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

X509Handle sign_self(EVP_PKEY& key, const std::vector<ServerName>& names, std::int64_t unix_time,
                     std::chrono::seconds lifetime) {
  X509Handle certificate(X509_new());
  constexpr long version_3 = 2;
  const bool made = certificate && X509_set_version(certificate.get(), version_3) == 1 &&
                    set_serial(*certificate) && set_validity(*certificate, unix_time, lifetime) &&
                    set_subject(*certificate) && X509_set_pubkey(certificate.get(), &key) == 1 &&
                    set_names(*certificate, names) && X509_sign(certificate.get(), &key, EVP_sha256()) != 0;
  return made ? std::move(certificate) : nullptr;
}

std::shared_ptr<const IdentityState> make_state(KeyHandle key, std::vector<X509Handle> chain) {
  ContextHandle stream = make_server_context(Transport::stream, *key, chain);
  ContextHandle datagram = make_server_context(Transport::datagram, *key, chain);
  if (!stream || !datagram) return nullptr;
  return std::make_shared<const IdentityState>(
      IdentityState{std::move(key), std::move(chain), std::move(stream), std::move(datagram)});
}

}  // namespace

Result<ServerIdentity> ServerIdentity::from_pem(std::string_view certificate_chain,
                                                std::string_view key_text) {
  auto chain = read_certificates(certificate_chain, max_chain_length);
  KeyHandle key = read_private_key(key_text);
  const ErrorQueue errors;
  if (!chain || !key || X509_check_private_key(chain->front().get(), key.get()) != 1)
    return Errc::bad_certificate;
  auto state = make_state(std::move(key), *std::move(chain));
  if (!state) return Errc::bad_certificate;  // Such as a key that the security level finds too short.
  return ServerIdentity(std::move(state));
}

Result<ServerIdentity> ServerIdentity::self_signed(const std::vector<std::string>& names,
                                                   std::int64_t unix_time, std::chrono::seconds lifetime) {
  constexpr std::chrono::seconds longest = std::chrono::hours(24 * 365 * 100);
  if (lifetime <= std::chrono::seconds(0) || lifetime > longest) return petrel::Errc::invalid_argument;
  if (names.empty() || names.size() > max_names) return Errc::bad_server_name;
  std::vector<ServerName> parsed;
  for (const std::string& name : names) {
    auto one = parse_certificate_name(name);
    if (!one) return Errc::bad_server_name;
    parsed.push_back(*std::move(one));
  }

  const ErrorQueue errors;
  KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return Errc::library_failure;
  X509Handle certificate = sign_self(*key, parsed, unix_time, lifetime);
  if (!certificate) return Errc::library_failure;
  std::vector<X509Handle> chain;
  chain.push_back(std::move(certificate));
  auto state = make_state(std::move(key), std::move(chain));
  if (!state) return Errc::library_failure;
  return ServerIdentity(std::move(state));
}

std::string ServerIdentity::certificate_pem() const {
  std::string text;
  for (const X509Handle& certificate : state_->chain) text += write_certificate(*certificate);
  return text;
}

std::string ServerIdentity::private_key_pem() const { return write_private_key(*state_->key); }

}  // namespace petrel::inline v0::tls
