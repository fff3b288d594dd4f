#include "petrel/dtls/certificate.hpp"

#include <gtest/gtest.h>

#include "petrel/dtls/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds some_day{1'700'000'000s};

TEST(Certificate, IsValidForItsLifetime) {
  const auto certificate = Certificate::generate(some_day, 100h);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->expires(), some_day + 100h);
  EXPECT_EQ(certificate->fingerprint().algorithm, HashAlgorithm::sha256);
  EXPECT_EQ(certificate->fingerprint().bytes.size(), 32u);
}

TEST(Certificate, IsNewEachTimeAndSharedByItsCopies) {
  const Certificate first = Certificate::generate(some_day).value();
  const Certificate second = Certificate::generate(some_day).value();
  const Certificate copy = first;
  EXPECT_FALSE(first.fingerprint() == second.fingerprint());
  EXPECT_FALSE(first == second);
  EXPECT_TRUE(first == copy);
}

TEST(Certificate, ComesBackFromPem) {
  const Certificate made = Certificate::generate(some_day).value();
  EXPECT_TRUE(made.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_TRUE(made.private_key_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));

  const auto read = Certificate::from_pem(made.certificate_pem(), made.private_key_pem());

  ASSERT_TRUE(read);
  EXPECT_TRUE(read->fingerprint() == made.fingerprint());
  EXPECT_EQ(read->expires(), made.expires());
  EXPECT_EQ(read->certificate_pem(), made.certificate_pem());
}

TEST(Certificate, RefusesTextThatIsNotItsOwn) {
  const Certificate one = Certificate::generate(some_day).value();
  const Certificate other = Certificate::generate(some_day).value();
  EXPECT_EQ(Certificate::from_pem(one.certificate_pem(), other.private_key_pem()).error(),
            Errc::bad_certificate);
  EXPECT_EQ(Certificate::from_pem("", one.private_key_pem()).error(), Errc::bad_certificate);
  EXPECT_EQ(Certificate::from_pem(one.certificate_pem(), "").error(), Errc::bad_certificate);
  EXPECT_EQ(Certificate::from_pem("-----BEGIN nonsense", "\0\1\2").error(), Errc::bad_certificate);
}

TEST(Certificate, RefusesEveryTruncationOfItsPem) {
  const Certificate made = Certificate::generate(some_day).value();
  const std::string pem = made.certificate_pem();
  const std::string key = made.private_key_pem();
  // The last line's newline is not needed.
  for (std::size_t size = 0; size < pem.size() - 1; ++size) {
    EXPECT_FALSE(Certificate::from_pem(pem.substr(0, size), key)) << size;
  }
  for (std::size_t size = 0; size < key.size() - 1; ++size) {
    EXPECT_FALSE(Certificate::from_pem(pem, key.substr(0, size))) << size;
  }
}

TEST(Certificate, DoesNotAskForThePasswordOfAnEncryptedKey) {
  const Certificate made = Certificate::generate(some_day).value();
  constexpr std::string_view encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjZTfF3TPHg7AICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJ08vPP08Cg5J1S8Dep+dF4EgZBR\n"
      "N3j6RVn0m0NtS3m9OyF0n3y4+bf0R9jIvT9EWvkyIlZeSf1+b1civse1OxtQkans\n"
      "IO0s0hxwk94BHahz9R455DZD/H6uPLS/BPVJCjfb9t3sSA/H3HVTqNw5/lRo2y9x\n"
      "aRr/wFQv7tI7qylG3858cmGWzM9vtcBLwqW/Rv/x2xU5aOShyy7hRjMGLgM6HuI=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_EQ(Certificate::from_pem(made.certificate_pem(), encrypted).error(), Errc::bad_certificate);
}

}  // namespace
}  // namespace petrel::inline v0::dtls
