#include "petrel/kvs/service_error.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::kvs {
namespace {

http::Response response(int status, std::string type, std::string body) {
  http::Response made{static_cast<http::Status>(status), {}, std::move(body)};
  if (!type.empty()) made.headers.add("x-amzn-ErrorType", std::move(type));
  made.headers.add("x-amzn-RequestId", "r-1");
  return made;
}

std::error_code kind(int status, std::string type, std::string body = "{}") {
  return read_service_error(response(status, std::move(type), std::move(body))).error;
}

constexpr ErrorContext context{"ConnectAsMaster", "front-door", "eu-west-1", 1'705'314'645};

TEST(ServiceError, KnowsWhatTheServiceSays) {
  EXPECT_EQ(kind(400, "ClientLimitExceededException"), Errc::throttled);
  EXPECT_EQ(kind(429, ""), Errc::throttled);
  EXPECT_EQ(kind(400, "InvalidArgumentException"), Errc::refused);
  EXPECT_EQ(kind(400, "ResourceInUseException"), Errc::channel_exists);
  EXPECT_EQ(kind(400, "AccountChannelLimitExceededException"), Errc::account_limit);
  EXPECT_EQ(kind(400, "VersionMismatchException"), Errc::version_mismatch);
  EXPECT_EQ(kind(401, "NotAuthorizedException"), Errc::access_denied);
  EXPECT_EQ(kind(403, "AccessDeniedException:http://internal.amazon.com/"), Errc::access_denied);
  EXPECT_EQ(kind(404, ""), Errc::channel_not_found);
  EXPECT_EQ(kind(400, "", R"({"__type":"com.amazonaws.kinesisvideo#ResourceNotFoundException"})"),
            Errc::channel_not_found);
  EXPECT_EQ(kind(403, "ExpiredTokenException"), Errc::credentials_expired);
  EXPECT_EQ(kind(403, "InvalidSignatureException"), Errc::bad_credentials);
  EXPECT_EQ(kind(403, "UnrecognizedClientException"), Errc::bad_credentials);
  EXPECT_EQ(kind(403, "", R"({"message":"Missing Authentication Token"})"), Errc::access_denied);
  EXPECT_EQ(kind(500, ""), Errc::service_failed);
  EXPECT_EQ(kind(504, "", "<html>"), Errc::service_failed);
  EXPECT_EQ(kind(302, ""), Errc::bad_answer);
}

TEST(ServiceError, AnExpiredSignatureIsTheClocksFault) {
  EXPECT_EQ(
      kind(403, "InvalidSignatureException", R"({"message":"Signature expired: x is now earlier than y"})"),
      Errc::clock_wrong);
  EXPECT_EQ(kind(403, "", R"({"Message":"Signature not yet current: x is still later than y"})"),
            Errc::clock_wrong);
}

TEST(ServiceError, ACredentialOfAnotherRegionIsNamed) {
  EXPECT_EQ(kind(403, "InvalidSignatureException",
                 R"({"message":"Credential should be scoped to a valid region, not 'us-west-2'."})"),
            Errc::wrong_region);
}

TEST(ServiceError, ReadsBothSpellingsAndTheDate) {
  http::Response answer = response(400, "X", R"({"Message":"one\ntwo"})");
  answer.headers.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  const ServiceError error = read_service_error(answer);
  EXPECT_EQ(error.message, "one two");
  EXPECT_EQ(error.request_id, "r-1");
  EXPECT_EQ(error.server_time, 784'111'777);
}

TEST(ServiceError, IsOneLineThatSaysWhatToDo) {
  EXPECT_EQ(
      describe(read_service_error(response(403, "AccessDeniedException", R"({"message":"no"})")), context),
      "AWS does not allow kinesisvideo:ConnectAsMaster on channel 'front-door': give this user or role a "
      "policy "
      "that allows it (HTTP 403 AccessDeniedException: no; request r-1)");
  for (int code = 1; code <= static_cast<int>(Errc::bad_profile); ++code) {
    ServiceError error;
    error.error = make_error_code(static_cast<Errc>(code));
    EXPECT_EQ(describe(error, context).find('\n'), std::string::npos);
    EXPECT_NE(error.error.message(), "unknown error") << code;
  }
}

TEST(ServiceError, SaysHowWrongTheClockIs) {
  http::Response answer = response(403, "", R"({"message":"Signature expired"})");
  answer.headers.add("Date", "Mon, 15 Jan 2024 11:30:45 GMT");
  EXPECT_TRUE(
      describe(read_service_error(answer), context).starts_with("the clock of this machine is 3600 s slow"));
}

TEST(ServiceError, WhatTheServiceWouldHaveSignedIsNotRepeated) {
  const ServiceError error =
      read_service_error(response(403, "InvalidSignatureException",
                                  R"({"message":"The Canonical String was x-amz-security-token:SECRET"})"));
  EXPECT_EQ(error.message, "");
  EXPECT_EQ(describe(error, context).find("SECRET"), std::string::npos);
}

}  // namespace
}  // namespace petrel::inline v0::kvs
