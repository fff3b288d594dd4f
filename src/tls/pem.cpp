#include "tls/pem.hpp"

#include <openssl/pem.h>

#include <limits>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::tls {
namespace {

BioHandle reader_of(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never asks for a password on the terminal, which is what OpenSSL does without a callback.
int no_password(char*, int, int, void*) { return -1; }

bool at_end_of_text() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

std::string text_of(BIO& bio) {
  const char* text = nullptr;
  const long size = BIO_get_mem_data(&bio, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::optional<std::vector<X509Handle>> read_certificates(std::string_view text, std::size_t most) {
  const ErrorQueue errors;
  const BioHandle reader = reader_of(text);
  if (!reader) return std::nullopt;
  std::vector<X509Handle> certificates;
  while (X509Handle certificate{PEM_read_bio_X509_AUX(reader.get(), nullptr, no_password, nullptr)}) {
    if (certificates.size() == most) return std::nullopt;
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty() || !at_end_of_text()) return std::nullopt;
  return certificates;
}

KeyHandle read_private_key(std::string_view text) {
  const ErrorQueue errors;
  const BioHandle reader = reader_of(text);
  if (!reader) return nullptr;
  return KeyHandle(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr));
}

std::string write_certificate(const X509& certificate) {
  const BioHandle out(BIO_new(BIO_s_mem()));
  PETREL_ASSERT(out && PEM_write_bio_X509(out.get(), &certificate) == 1);
  return text_of(*out);
}

std::string write_private_key(const EVP_PKEY& key) {
  // Secure memory where there is some; BIO_free clears it in any case.
  const BioHandle out(BIO_new(BIO_s_secmem()));
  PETREL_ASSERT(out &&
                PEM_write_bio_PKCS8PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(*out);
}

}  // namespace petrel::inline v0::tls
