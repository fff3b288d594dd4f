#include "petrel/kvs/credentials.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace petrel::inline v0::kvs {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(SecretText, HasNoWayIntoALog) {
  static_assert(!Printable<SecretText>);
  static_assert(!std::is_convertible_v<SecretText, std::string_view>);
  static_assert(!std::is_convertible_v<SecretText, std::string>);
  EXPECT_EQ(SecretText("key").reveal(), "key");
}

TEST(SecretText, LeavesNothingBehindWhenItIsMovedFrom) {
  SecretText first("short");  // Within std::string's own buffer, which a move does not clear.
  const SecretText second(std::move(first));

  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.reveal(), "short");
  first = "again";
  EXPECT_EQ(first.reveal(), "again");
}

TEST(Credentials, AreEmptyWithoutKeyOrSecret) {
  EXPECT_TRUE(Credentials{}.empty());
  EXPECT_TRUE((Credentials{.access_key_id = "AKID"}.empty()));
  EXPECT_FALSE((Credentials{.access_key_id = "AKID", .secret_access_key = "s"}.empty()));
}

}  // namespace
}  // namespace petrel::inline v0::kvs
