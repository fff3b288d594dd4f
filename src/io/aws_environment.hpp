#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "petrel/io/kvs_signaling.hpp"
#include "petrel/kvs/profiles.hpp"

namespace petrel::inline v0::io {

/// What AWS's tools would use on this machine. Reads the environment and files; `environment` stands in for
/// the process's own in tests.
class AwsEnvironment {
 public:
  /// Of this process.
  static AwsEnvironment of_process();
  explicit AwsEnvironment(kvs::EnvironmentVariables variables) : variables_(std::move(variables)) {}

  struct Missing {
    std::error_code error;
    std::string detail;  ///< One line: what to do.
  };
  /// Keys from the environment or a profile, or why there are none.
  std::variant<kvs::Credentials, Missing> credentials(const std::string& profile) const;
  /// The IoT provider, where the environment names one. Throws std::system_error for a certificate or key
  /// that cannot be used.
  std::optional<kvs::IotProvider> iot_provider() const;

  std::string region(const std::string& profile) const;
  std::string endpoint_url() const;
  /// What AWS_CA_BUNDLE names; empty without it.
  std::string ca_pem() const;

 private:
  std::string variable(std::string_view name) const;
  std::string profile_name(const std::string& chosen) const;
  Result<kvs::Profile> profile(const std::string& name) const;

  kvs::EnvironmentVariables variables_;
};

}  // namespace petrel::inline v0::io
