#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/base/bytes.hpp"
#include "support/virtual_wall_clock.hpp"
#include "tls/openssl_handles.hpp"
#include "tls/pem.hpp"

namespace petrel::inline v0::testing {

struct IssuedCertificate {
  std::string pem;
  std::string key_pem;
};

/// What an authority writes into a certificate.
struct CertificateOrder {
  std::string common_name = "somebody";
  std::string subject_alt_name{};  ///< As OpenSSL's configuration has it: "DNS:a.example,IP:192.0.2.1".
  std::string key_usage = "serverAuth";
  std::int64_t not_before = wall_clock_epoch - 86400;
  std::int64_t not_after = wall_clock_epoch + 86400;
  bool authority = false;
};

/// A certificate authority for tests, made of OpenSSL: self-signed, or under another one.
class Authority {
 public:
  explicit Authority(const std::string& name, Authority* parent = nullptr)
      : key_(EVP_EC_gen("P-256")), name_(name) {
    CertificateOrder order;
    order.common_name = name;
    order.authority = true;
    certificate_ = make(order, *key_, parent == nullptr ? *this : *parent);
  }

  std::string pem() const { return tls::write_certificate(*certificate_); }

  IssuedCertificate issue(const CertificateOrder& order) {
    const tls::KeyHandle key(EVP_EC_gen("P-256"));
    const tls::X509Handle certificate = make(order, *key, *this);
    return {tls::write_certificate(*certificate), tls::write_private_key(*key)};
  }

 private:
  static void add_extension(X509& certificate, int nid, const std::string& value) {
    if (value.empty()) return;
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    PETREL_ASSERT(extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  static void name_it(X509_NAME* name, const std::string& common_name) {
    PETREL_ASSERT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, unsigned_text(common_name),
                                             static_cast<int>(common_name.size()), -1, 0) == 1);
  }
  static const unsigned char* unsigned_text(const std::string& text) { return as_unsigned(as_bytes(text)); }

  tls::X509Handle make(const CertificateOrder& order, EVP_PKEY& key, Authority& issuer) {
    tls::X509Handle certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++issuer.serial_);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), order.not_before);
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), order.not_after);
    name_it(X509_get_subject_name(certificate.get()), order.common_name);
    name_it(X509_get_issuer_name(certificate.get()), issuer.name_);
    X509_set_pubkey(certificate.get(), &key);
    add_extension(*certificate, NID_basic_constraints, order.authority ? "critical,CA:TRUE" : "");
    add_extension(*certificate, NID_key_usage, order.authority ? "critical,keyCertSign" : "");
    add_extension(*certificate, NID_ext_key_usage, order.authority ? "" : order.key_usage);
    add_extension(*certificate, NID_subject_alt_name, order.subject_alt_name);
    PETREL_ASSERT(X509_sign(certificate.get(), issuer.key_.get(), EVP_sha256()) != 0);
    return certificate;
  }

  tls::KeyHandle key_;
  std::string name_;
  tls::X509Handle certificate_;
  long serial_ = 0;
};

}  // namespace petrel::inline v0::testing
