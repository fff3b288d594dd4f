#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::kvs {

/// Why a call to Kinesis Video Streams, or a session with it, failed. What is said about the case in hand, in
/// a line for people, is beside it: ServiceError, SessionFailed.
enum class Errc {
  no_credentials = 1,   ///< No source has any.
  bad_credentials,      ///< The access key is unknown, or the secret is not the key's.
  credentials_expired,  ///< Temporary credentials are over.
  access_denied,        ///< IAM does not allow the action.
  clock_wrong,          ///< The clock of this machine is off by more than five minutes.
  wrong_region,         ///< The channel, or the credentials, are of another region.
  channel_not_found,    ///< There is no such channel, or no more.
  channel_being_deleted,
  channel_exists,    ///< The name is taken, or the channel is being changed by somebody else.
  version_mismatch,  ///< Somebody else has changed the channel since.
  account_limit,     ///< The account has as many channels, or tags, as it may.
  throttled,         ///< Too many calls.
  refused,           ///< The service takes the request for wrong.
  service_failed,    ///< The service failed, or was not reached.
  bad_answer,        ///< What came is not what the service's documentation says.
  bad_message,       ///< A signaling message that is none.
  bad_channel,       ///< Neither a channel's name nor its ARN.
  bad_client_id,     ///< Not 1 to 256 of `[a-zA-Z0-9_.-]`, or reserved.
  bad_region,        ///< No region is given, or one that cannot be.
  bad_profile,       ///< The profile is not there, or not what this library reads.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::kvs

template <>
struct std::is_error_code_enum<petrel::kvs::Errc> : std::true_type {};
