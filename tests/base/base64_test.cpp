#include "petrel/base/base64.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace petrel::inline v0 {
namespace {

// RFC 4648 10.
constexpr std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"},
                                                                     {"\xff\xfe\xfb", "//77"}};

TEST(Base64, FollowsTheVectorsOfItsRfc) {
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), text);
    EXPECT_EQ(base64_decode(text), plain);
  }
}

TEST(Base64, RefusesWhatHasAnotherForm) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg=a", "Zh==", "Zm9=", "Zm9v\n", "====", "Z===", "Zm_v"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

}  // namespace
}  // namespace petrel::inline v0
