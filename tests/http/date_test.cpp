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

TEST(UtcTime, GoesThereAndBack) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{951'782'400}, std::int64_t{1'795'853'809},
                                  std::int64_t{253'402'300'799}}) {
    EXPECT_EQ(from_utc(to_utc(time)), time);
  }
  EXPECT_EQ(to_utc(-1).year, 1970U);
  EXPECT_EQ(to_utc(0).weekday, 4U);
  EXPECT_EQ(to_utc(INT64_MAX).year, 9999U);
}

TEST(UtcTime, IsWhatACalendarAndAClockShow) {
  EXPECT_EQ(from_utc({.year = 2023, .month = 2, .day = 29}), std::nullopt);
  EXPECT_EQ(from_utc({.month = 13}), std::nullopt);
  EXPECT_EQ(from_utc({.month = 257}), std::nullopt);
  EXPECT_EQ(from_utc({.day = 257}), std::nullopt);
  EXPECT_EQ(from_utc({.day = 0}), std::nullopt);
  EXPECT_EQ(from_utc({.year = 40'000}), std::nullopt);
  EXPECT_EQ(from_utc({.hour = 24}), std::nullopt);
  EXPECT_EQ(from_utc({.minute = 60}), std::nullopt);
  EXPECT_EQ(from_utc({.second = 61}), std::nullopt);
  EXPECT_EQ(from_utc({.second = 60}), 60);
}

}  // namespace
}  // namespace petrel::inline v0::http
