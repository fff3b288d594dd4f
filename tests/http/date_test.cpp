#include "petrel/http/date.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::http {
namespace {

// RFC 9110 5.6.7.
constexpr std::string_view rfc_date = "Sun, 06 Nov 1994 08:49:37 GMT";

TEST(Date, FollowsTheExampleOfItsRfc) {
  EXPECT_EQ(parse_date(rfc_date), 784'111'777);
  EXPECT_EQ(to_date(784'111'777), rfc_date);
  EXPECT_EQ(to_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(parse_date(to_date(1'705'314'645)), 1'705'314'645);
}

TEST(Date, RefusesOtherForms) {
  for (std::size_t size = 0; size < rfc_date.size(); ++size)
    EXPECT_FALSE(parse_date(rfc_date.substr(0, size)));
  for (const std::string_view text :
       {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

}  // namespace
}  // namespace petrel::inline v0::http
