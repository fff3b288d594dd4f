#include "petrel/kvs/profiles.hpp"

#include <algorithm>
#include <optional>

namespace petrel::inline v0::kvs {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

// The settings under `[heading]`; nullopt without it. Indented lines belong to the setting above, and are of
// none that is read here.
std::optional<Settings> section(std::string_view text, std::string_view heading) {
  std::optional<Settings> settings;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view whole = take_line(text);
    const std::string_view line = trim(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.ends_with(']') && trim(line.substr(1, line.size() - 2)) == heading;
      if (inside && !settings) settings.emplace();
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == line.npos || whole.front() == ' ' || whole.front() == '\t') continue;
    std::string_view value = trim(line.substr(equals + 1));
    // AWS's tools take what is behind " #" for a comment.
    for (const std::string_view mark : {" #", " ;", "\t#", "\t;"})
      value = trim(value.substr(0, value.find(mark)));
    settings->insert_or_assign(std::string(trim(line.substr(0, equals))), std::string(value));
  }
  return settings;
}

std::string setting(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

}  // namespace

Profile read_environment(const EnvironmentVariables& environment) {
  Profile profile{{setting(environment, "AWS_ACCESS_KEY_ID"), setting(environment, "AWS_SECRET_ACCESS_KEY"),
                   setting(environment, "AWS_SESSION_TOKEN")},
                  setting(environment, "AWS_REGION")};
  if (profile.region.empty()) profile.region = setting(environment, "AWS_DEFAULT_REGION");
  return profile;
}

Result<Profile> read_profile(std::string_view credentials_text, std::string_view config_text,
                             std::string_view name) {
  const auto from_credentials = section(credentials_text, name);
  auto from_config = section(config_text, "profile " + std::string(name));
  if (!from_config && name == "default") from_config = section(config_text, name);
  if (!from_credentials && !from_config) return Errc::bad_profile;
  Settings settings = from_config.value_or(Settings{});
  for (const auto& [key, value] : from_credentials.value_or(Settings{}))
    settings.insert_or_assign(key, value);

  Profile profile{{setting(settings, "aws_access_key_id"), setting(settings, "aws_secret_access_key"),
                   setting(settings, "aws_session_token")},
                  setting(settings, "region")};
  if (profile.credentials.empty() && profile.region.empty()) return Errc::bad_profile;
  return profile;
}

}  // namespace petrel::inline v0::kvs
