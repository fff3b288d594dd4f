#pragma once

#include <cstdint>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::http {

/// The statuses that this module sends by itself or that its users need, RFC 9110 15 and RFC 6585. In a
/// response that was received it may be any number from 100 to 999.
enum class Status : std::uint16_t {
  continue_ = 100,
  switching_protocols = 101,
  ok = 200,
  created = 201,
  no_content = 204,
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  not_acceptable = 406,
  request_timeout = 408,
  conflict = 409,
  precondition_failed = 412,
  content_too_large = 413,
  uri_too_long = 414,
  unsupported_media_type = 415,
  expectation_failed = 417,
  unprocessable_content = 422,
  upgrade_required = 426,
  too_many_requests = 429,
  header_fields_too_large = 431,
  internal_server_error = 500,
  not_implemented = 501,
  service_unavailable = 503,
  version_not_supported = 505,
};

/// "Not Found" and so on: the phrase of the status line, which clients ignore and people read.
PETREL_API std::string_view reason_phrase(Status status);

}  // namespace petrel::inline v0::http
