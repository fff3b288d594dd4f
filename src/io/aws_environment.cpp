#include "io/aws_environment.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace petrel::inline v0::io {
namespace {

constexpr std::array<const char*, 18> names{"AWS_ACCESS_KEY_ID",
                                            "AWS_SECRET_ACCESS_KEY",
                                            "AWS_SESSION_TOKEN",
                                            "AWS_REGION",
                                            "AWS_DEFAULT_REGION",
                                            "AWS_PROFILE",
                                            "AWS_SHARED_CREDENTIALS_FILE",
                                            "AWS_CONFIG_FILE",
                                            "AWS_ENDPOINT_URL_KINESIS_VIDEO",
                                            "AWS_ENDPOINT_URL",
                                            "AWS_CA_BUNDLE",
                                            "AWS_IOT_CORE_CREDENTIAL_ENDPOINT",
                                            "AWS_IOT_CORE_CERT",
                                            "AWS_IOT_CORE_PRIVATE_KEY",
                                            "AWS_IOT_CORE_ROLE_ALIAS",
                                            "AWS_IOT_CORE_THING_NAME",
                                            "HOME",
                                            "USERPROFILE"};

// Files of a few kilobytes; a path that leads to something else must not fill the memory.
constexpr std::size_t max_file_bytes = 1024 * 1024;

std::optional<std::string> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(max_file_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

AwsEnvironment AwsEnvironment::of_process() {
  kvs::EnvironmentVariables variables;
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) variables.emplace(name, value);
  }
  return AwsEnvironment(std::move(variables));
}

std::string AwsEnvironment::variable(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::string() : found->second;
}

std::string AwsEnvironment::profile_name(const std::string& chosen) const {
  if (!chosen.empty()) return chosen;
  const std::string named = variable("AWS_PROFILE");
  return named.empty() ? "default" : named;
}

Result<kvs::Profile> AwsEnvironment::profile(const std::string& name) const {
  const auto path = [&](std::string_view name_of_path, const char* usual) {
    const std::string given = variable(name_of_path);
    return given.empty() ? variable("HOME") + "/.aws/" + usual : given;
  };
  return kvs::read_profile(contents(path("AWS_SHARED_CREDENTIALS_FILE", "credentials")).value_or(""),
                           contents(path("AWS_CONFIG_FILE", "config")).value_or(""), name);
}

std::variant<kvs::Credentials, AwsEnvironment::Missing> AwsEnvironment::credentials(
    const std::string& chosen) const {
  // A profile that somebody asked for by its name goes before what happens to be set.
  if (chosen.empty()) {
    kvs::Profile from_environment = kvs::read_environment(variables_);
    if (!from_environment.credentials.empty()) return from_environment.credentials;
  }
  const std::string name = profile_name(chosen);
  const auto found = profile(name);
  if (found && !found->credentials.empty()) return found->credentials;
  const std::error_code error = make_error_code(found ? kvs::Errc::no_credentials
                                                : found.error() == kvs::Errc::bad_profile && name == "default"
                                                    ? kvs::Errc::no_credentials
                                                    : kvs::Errc::bad_profile);
  return Missing{error,
                 "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put keys for the "
                 "profile '" +
                     name + "' into ~/.aws/credentials"};
}

std::optional<kvs::IotProvider> AwsEnvironment::iot_provider() const {
  kvs::IotProvider provider{.endpoint = variable("AWS_IOT_CORE_CREDENTIAL_ENDPOINT"),
                            .role_alias = variable("AWS_IOT_CORE_ROLE_ALIAS"),
                            .thing_name = variable("AWS_IOT_CORE_THING_NAME")};
  if (provider.endpoint.empty() || provider.role_alias.empty() || provider.thing_name.empty())
    return std::nullopt;
  const auto certificate = contents(variable("AWS_IOT_CORE_CERT"));
  const auto key = contents(variable("AWS_IOT_CORE_PRIVATE_KEY"));
  if (!certificate || !key) {
    throw std::system_error(make_error_code(std::errc::no_such_file_or_directory),
                            "AWS_IOT_CORE_CERT or AWS_IOT_CORE_PRIVATE_KEY cannot be read");
  }
  const kvs::SecretText secret(*key);
  auto identity = tls::ServerIdentity::from_pem(*certificate, secret.reveal());
  if (!identity) throw std::system_error(identity.error(), "AWS_IOT_CORE_CERT and AWS_IOT_CORE_PRIVATE_KEY");
  provider.identity = *std::move(identity);
  return provider;
}

std::string AwsEnvironment::region(const std::string& chosen) const {
  const std::string from_environment = kvs::read_environment(variables_).region;
  if (!from_environment.empty()) return from_environment;
  const auto found = profile(profile_name(chosen));
  return found ? found->region : std::string();
}

std::string AwsEnvironment::endpoint_url() const {
  const std::string own = variable("AWS_ENDPOINT_URL_KINESIS_VIDEO");
  return own.empty() ? variable("AWS_ENDPOINT_URL") : own;
}

std::string AwsEnvironment::ca_pem() const {
  const std::string path = variable("AWS_CA_BUNDLE");
  if (path.empty()) return {};
  auto text = contents(path);
  if (!text)
    throw std::system_error(make_error_code(std::errc::no_such_file_or_directory), "AWS_CA_BUNDLE " + path);
  return *std::move(text);
}

}  // namespace petrel::inline v0::io
