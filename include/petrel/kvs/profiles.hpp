#pragma once

#include <map>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/errc.hpp"

// Where AWS's own tools take credentials from, as text: the environment, and the files ~/.aws/credentials and
// ~/.aws/config. Reading them is the driver's work.
namespace petrel::inline v0::kvs {

/// What was found; a part may be missing.
struct Profile {
  Credentials credentials{};
  std::string region{};
};

using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; AWS_REGION, or AWS_DEFAULT_REGION.
PETREL_API Profile read_environment(const EnvironmentVariables& environment);

/// A profile of the two files; `credentials_text` goes before `config_text`, in which profiles other than the
/// default are headed `[profile NAME]`. Errc::bad_profile where neither file has it, or what it has is not
/// keys: roles, single sign-on and processes are not followed.
PETREL_API Result<Profile> read_profile(std::string_view credentials_text, std::string_view config_text,
                                        std::string_view name);

}  // namespace petrel::inline v0::kvs
