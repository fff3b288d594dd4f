#include "petrel/dtls/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>
#include <limits>

#include "dtls/certificate_state.hpp"
#include "dtls/library_context.hpp"
#include "dtls/p256_key.hpp"
#include "petrel/base/assert.hpp"
#include "petrel/crypto/system_random.hpp"
#include "petrel/dtls/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

// Peers with a clock that is a little late should not see a certificate from the future.
constexpr std::chrono::seconds head_start = std::chrono::hours(24);

// RFC 5280 4.1.2.2 allows 20 octets; 8 random ones are unique enough, and a clear top bit
// keeps the number positive in DER.
constexpr std::size_t serial_size = 8;

const EVP_MD* evp(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return EVP_sha1();
    case HashAlgorithm::sha224:
      return EVP_sha224();
    case HashAlgorithm::sha256:
      return EVP_sha256();
    case HashAlgorithm::sha384:
      return EVP_sha384();
    case HashAlgorithm::sha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

bool set_serial(X509& certificate) {
  auto bytes = crypto::SystemRandom().bytes<serial_size>();
  bytes[0] = (bytes[0] & std::byte{0x7f}) | std::byte{0x40};  // Positive, and always of one length.
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(as_unsigned(Bytes(bytes)), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_validity(X509& certificate, std::chrono::sys_seconds from, std::chrono::sys_seconds until) {
  return ASN1_TIME_set(X509_getm_notBefore(&certificate), std::chrono::system_clock::to_time_t(from)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(&certificate), std::chrono::system_clock::to_time_t(until)) !=
             nullptr;
}

// The name says nothing, and is the same for everybody: RFC 8827 6.5 wants no identity in it.
bool set_names(X509& certificate) {
  X509_NAME* name = X509_get_subject_name(&certificate);
  const unsigned char common_name[] = "WebRTC";
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, sizeof common_name - 1, -1, 0) ==
             1 &&
         X509_set_issuer_name(&certificate, name) == 1;
}

// Where the key will sign handshakes too: OpenSSL makes the key ready once for each library context.
bool sign(X509& certificate, EVP_PKEY& key) {
  const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", library_context(), nullptr, &key, nullptr) ==
             1 &&
         X509_sign_ctx(&certificate, context.get()) != 0;
}

std::string text_of(BIO& bio) {
  const char* text = nullptr;
  const long size = BIO_get_mem_data(&bio, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

BioHandle reader_of(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never asks for a password on the terminal, which is what OpenSSL does without a callback.
int no_password(char*, int, int, void*) { return -1; }

std::optional<std::chrono::sys_seconds> end_of_validity(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date(year(time.tm_year + 1900), month(static_cast<unsigned>(time.tm_mon + 1)),
                            day(static_cast<unsigned>(time.tm_mday)));
  return sys_seconds(sys_days(date)) + hours(time.tm_hour) + minutes(time.tm_min) + seconds(time.tm_sec);
}

std::shared_ptr<const CertificateState> make_state(KeyHandle key, X509Handle certificate) {
  auto fingerprint = fingerprint_of(*certificate, HashAlgorithm::sha256);
  const auto expires = end_of_validity(*certificate);
  if (!fingerprint || !expires) return nullptr;
  return std::make_shared<const CertificateState>(
      CertificateState{std::move(key), std::move(certificate), *std::move(fingerprint), *expires});
}

}  // namespace

std::optional<Fingerprint> fingerprint_of(const X509& certificate, HashAlgorithm algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, evp(algorithm), digest.data(), &size) != 1) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(digest).first(size));
  return Fingerprint{algorithm, {bytes.begin(), bytes.end()}};
}

Result<Certificate> Certificate::generate(std::chrono::sys_seconds wall_clock,
                                          std::chrono::seconds lifetime) {
  ERR_clear_error();
  KeyHandle key = make_p256_key();
  X509Handle certificate(X509_new());
  if (!key || !certificate) return Errc::library_failure;

  constexpr long version_3 = 2;
  const bool made = X509_set_version(certificate.get(), version_3) == 1 && set_serial(*certificate) &&
                    set_validity(*certificate, wall_clock - head_start, wall_clock + lifetime) &&
                    set_names(*certificate) && X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                    sign(*certificate, *key);
  if (!made) return Errc::library_failure;

  auto state = make_state(std::move(key), std::move(certificate));
  if (!state) return Errc::library_failure;
  return Certificate(std::move(state));
}

Result<Certificate> Certificate::from_pem(std::string_view certificate_text, std::string_view key_text) {
  ERR_clear_error();
  const BioHandle certificate_reader = reader_of(certificate_text);
  const BioHandle key_reader = reader_of(key_text);
  if (!certificate_reader || !key_reader) return Errc::bad_certificate;
  X509Handle certificate(PEM_read_bio_X509(certificate_reader.get(), nullptr, no_password, nullptr));
  KeyHandle key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, no_password, nullptr));
  const bool usable = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  // A connection would refuse, such as a key that the security level finds too short.
  if (!usable || !make_ssl(*key, *certificate)) {
    ERR_clear_error();
    return Errc::bad_certificate;
  }
  auto state = make_state(std::move(key), std::move(certificate));
  if (!state) {
    ERR_clear_error();
    return Errc::bad_certificate;
  }
  return Certificate(std::move(state));
}

std::string Certificate::certificate_pem() const {
  const BioHandle out(BIO_new(BIO_s_mem()));
  PETREL_ASSERT(out && PEM_write_bio_X509(out.get(), state_->certificate.get()) == 1);
  return text_of(*out);
}

std::string Certificate::private_key_pem() const {
  // Secure memory where there is some; BIO_free clears it in any case.
  const BioHandle out(BIO_new(BIO_s_secmem()));
  PETREL_ASSERT(out && PEM_write_bio_PKCS8PrivateKey(out.get(), state_->key.get(), nullptr, nullptr, 0,
                                                     nullptr, nullptr) == 1);
  return text_of(*out);
}

const Fingerprint& Certificate::fingerprint() const { return state_->fingerprint; }

std::chrono::sys_seconds Certificate::expires() const { return state_->expires; }

}  // namespace petrel::inline v0::dtls
