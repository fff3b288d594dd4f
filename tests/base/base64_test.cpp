#include "petrel/base/base64.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace petrel {
namespace {

// RFC 4648 10.
TEST(Base64, WritesAndReadsTheVectorsOfRfc4648) {
  for (const auto& [plain, coded] : {std::pair{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"foob", "Zm9vYg=="},
                                     {"fooba", "Zm9vYmE="},
                                     {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64(as_bytes(plain)), coded);
    const auto read = from_base64(coded);
    ASSERT_TRUE(read) << coded;
    EXPECT_EQ(as_text(*read), plain);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::vector<std::byte> all;
  for (int value = 0; value < 256; ++value) all.push_back(static_cast<std::byte>(value));
  for (std::size_t skipped = 0; skipped < 3; ++skipped) {
    const Bytes bytes = Bytes(all).subspan(skipped);
    const auto read = from_base64(base64(bytes));
    ASSERT_TRUE(read);
    EXPECT_TRUE(equal(*read, bytes));
  }
}

TEST(Base64, RefusesWhatItWouldNotHaveWritten) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9vY", "Zg==Zg==", "Z===", "====", "=Zg=", "Zm9 ", "Zm9v\n",
                           "Zm-_", "Zh==", "Zm9=", "Zm8\xff"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace petrel
