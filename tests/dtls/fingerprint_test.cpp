#include "petrel/dtls/fingerprint.hpp"

#include <gtest/gtest.h>

#include "petrel/dtls/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

const std::string sha_256_text =
    "sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";

// `size` bytes as RFC 8122 5 writes them.
std::string value_of(std::string_view name, std::size_t size) {
  std::string text(name);
  for (std::size_t i = 0; i < size; ++i) text += i == 0 ? " 0A" : ":0A";
  return text;
}

TEST(Fingerprint, ReadsAndWritesTheSdpValue) {
  const auto fingerprint = Fingerprint::parse(sha_256_text);
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(fingerprint->algorithm, HashAlgorithm::sha256);
  ASSERT_EQ(fingerprint->bytes.size(), 32u);
  EXPECT_EQ(fingerprint->bytes[0], std::byte{0x6b});
  EXPECT_EQ(fingerprint->bytes[31], std::byte{0x08});
  EXPECT_EQ(fingerprint->to_string(), sha_256_text);
}

TEST(Fingerprint, KnowsTheHashesOfRfc8122) {
  const std::pair<const char*, std::size_t> hashes[] = {
      {"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
  for (const auto& [name, size] : hashes) {
    const auto text = value_of(name, size);
    const auto fingerprint = Fingerprint::parse(text);
    ASSERT_TRUE(fingerprint) << name;
    EXPECT_EQ(fingerprint->bytes.size(), size);
    EXPECT_EQ(fingerprint->to_string(), text);
  }
  EXPECT_EQ(Fingerprint::parse(value_of("md5", 16)).error(), Errc::unknown_hash);
}

TEST(Fingerprint, IgnoresCase) {
  std::string lower = sha_256_text;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  lower.replace(0, 7, "SHA-256");
  ASSERT_TRUE(Fingerprint::parse(lower));
  EXPECT_EQ(*Fingerprint::parse(lower), *Fingerprint::parse(sha_256_text));
}

TEST(Fingerprint, RefusesEveryTruncationAndAnythingMore) {
  for (std::size_t size = 0; size < sha_256_text.size(); ++size) {
    EXPECT_FALSE(Fingerprint::parse(sha_256_text.substr(0, size))) << size;
  }
  EXPECT_FALSE(Fingerprint::parse(sha_256_text + ":00"));
  EXPECT_FALSE(Fingerprint::parse(sha_256_text + " "));
}

TEST(Fingerprint, RefusesOtherSeparatorsAndDigits) {
  for (const auto& [from, to] : {std::pair{":8B", "-8B"}, {":8B", ":8G"}, {":8B", ":-1"}, {" 6B", "  6"}}) {
    std::string text = sha_256_text;
    text.replace(text.find(from), 3, to);
    EXPECT_EQ(Fingerprint::parse(text).error(), Errc::bad_fingerprint) << text;
  }
}

TEST(Fingerprint, DiffersByHashAndByAnyByte) {
  const Fingerprint fingerprint = *Fingerprint::parse(sha_256_text);
  for (std::size_t i = 0; i < 32; ++i) {
    Fingerprint other = fingerprint;
    other.bytes[i] ^= std::byte{1};
    EXPECT_FALSE(other == fingerprint);
  }
  Fingerprint other = fingerprint;
  other.algorithm = HashAlgorithm::sha512;
  EXPECT_FALSE(other == fingerprint);
}

}  // namespace
}  // namespace petrel::inline v0::dtls
