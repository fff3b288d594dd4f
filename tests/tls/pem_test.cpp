#include "tls/pem.hpp"

#include <gtest/gtest.h>

#include "tls/authority.hpp"

namespace petrel::inline v0::tls {
namespace {

TEST(Pem, GivesBackWhatWasWritten) {
  testing::Authority authority("root");
  const auto issued = authority.issue({});
  const auto chain = read_certificates("# a comment\n" + issued.pem + "\nbetween\n" + authority.pem(), 2);
  ASSERT_TRUE(chain);
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ(write_certificate(*chain->front()), issued.pem);
  EXPECT_EQ(write_certificate(*chain->back()), authority.pem());
  const KeyHandle key = read_private_key(issued.key_pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(write_private_key(*key), issued.key_pem);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Pem, RefusesMoreCertificatesThanAllowed) {
  const std::string pem = testing::Authority("root").pem();
  EXPECT_TRUE(read_certificates(pem + pem, 2));
  EXPECT_FALSE(read_certificates(pem + pem + pem, 2));
}

TEST(Pem, RefusesEveryTruncation) {
  testing::Authority authority("root");
  const auto issued = authority.issue({});
  // The last line break may be missing.
  for (std::size_t size = 0; size + 1 < issued.pem.size(); ++size) {
    EXPECT_FALSE(read_certificates(issued.pem.substr(0, size), 1)) << size;
  }
  for (std::size_t size = 0; size + 1 < issued.key_pem.size(); ++size) {
    EXPECT_FALSE(read_private_key(issued.key_pem.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_certificates(issued.pem + issued.pem.substr(0, 200), 9)) << "the second one is damaged";
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Pem, AsksForNoPassword) {
  // Of an RSA key, encrypted with "x": that it is refused, and at once, is the test.
  EXPECT_FALSE(
      read_private_key("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
                       "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END RSA PRIVATE KEY-----\n"));
}

}  // namespace
}  // namespace petrel::inline v0::tls
