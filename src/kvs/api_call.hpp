#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "kvs/backoff.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"
#include "petrel/kvs/control_plane.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/service_error.hpp"

namespace petrel::inline v0::kvs {

/// One REST call until it is answered for good: what to send, and what each answer means for it.
class ApiCall {
 public:
  /// How often a call is sent that meets nothing but passing trouble.
  static constexpr unsigned max_attempts = 5;

  /// `host` is the URL of the endpoint; the call's path comes behind its own.
  ApiCall(ApiRequest request, http::Url host);

  Api api() const { return request_.api; }
  http::Url url() const;
  http::Request signed_request(const Credentials& credentials, std::string_view region,
                               std::int64_t unix_time, std::string_view user_agent) const;

  enum class Verdict : std::uint8_t {
    done,             ///< body() is the answer.
    again_now,        ///< The clock is to be corrected by error().server_time first.
    again_later,      ///< After delay().
    new_credentials,  ///< With other credentials than before.
    failed,           ///< error() says why.
  };
  Verdict judge(const http::Response& response, RandomSource& random);
  /// There was no answer.
  Verdict judge_failure(std::error_code error, std::string detail, RandomSource& random);

  const std::string& body() const { return body_; }
  Duration delay() const { return delay_; }
  const ServiceError& error() const { return error_; }
  /// Instead of an answer; empty if there was one.
  const std::string& failure_detail() const { return failure_detail_; }

 private:
  Verdict later(RandomSource& random);

  ApiRequest request_;
  http::Url host_;
  unsigned attempts_ = 0;
  bool clock_corrected_ = false;
  bool credentials_renewed_ = false;
  Backoff backoff_;
  Duration delay_{};
  std::string body_;
  ServiceError error_;
  std::string failure_detail_;
};

}  // namespace petrel::inline v0::kvs
