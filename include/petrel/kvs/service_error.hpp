#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "petrel/base/abi.hpp"
#include "petrel/http/message.hpp"
#include "petrel/kvs/control_plane.hpp"
#include "petrel/kvs/errc.hpp"

namespace petrel::inline v0::kvs {

/// What the service, or the WebSocket's host, had to say instead of an answer.
struct ServiceError {
  std::error_code error{};   ///< What it amounts to; an Errc.
  int status = 0;            ///< Of HTTP.
  std::string type{};        ///< "ResourceNotFoundException"; empty where it was not said.
  std::string message{};     ///< What the service wrote, printable and cut; empty where it may hold a secret.
  std::string request_id{};  ///< What AWS's support asks for.
  std::optional<std::int64_t> server_time{};  ///< The service's clock, seconds since 1970.

  /// Trying again, later, may help.
  bool transient() const { return error == Errc::throttled || error == Errc::service_failed; }
};

/// What a response that is not 200 says; for a WebSocket's refusal too. The service's documentation and its
/// behaviour differ in codes, so texts count as well.
PETREL_API ServiceError read_service_error(const http::Response& response);

/// What is talked about in describe().
struct ErrorContext {
  std::string_view action;   ///< "DescribeSignalingChannel", or "ConnectAsMaster".
  std::string_view channel;  ///< Name or ARN.
  std::string_view region;
  std::int64_t unix_time = 0;  ///< Our clock, when the answer came.
};

/// One line for people: what is wrong and what to do about it. Without any secret.
PETREL_API std::string describe(const ServiceError& error, const ErrorContext& context);

}  // namespace petrel::inline v0::kvs
