#include "petrel/kvs/channel.hpp"

#include <algorithm>

namespace petrel::inline v0::kvs {
namespace {

constexpr std::size_t max_name = 256;
constexpr std::size_t max_arn = 1024;
constexpr std::size_t max_region = 32;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return taken;
}

std::string_view domain_of(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  return "amazonaws.com";
}

std::string host_of(std::string_view region) {
  return "kinesisvideo." + std::string(region) + "." + std::string(domain_of(region));
}

}  // namespace

std::string_view to_string(Role role) { return role == Role::master ? "MASTER" : "VIEWER"; }

std::optional<ChannelArn> parse_channel_arn(std::string_view text) {
  if (text.size() > max_arn || take_until(text, ':') != "arn") return std::nullopt;
  const std::string_view partition = take_until(text, ':');
  const std::string_view service = take_until(text, ':');
  const std::string_view region = take_until(text, ':');
  const std::string_view account = take_until(text, ':');
  const std::string_view kind = take_until(text, '/');
  const std::string_view name = take_until(text, '/');
  if (!partition.starts_with("aws") || !is_region(partition) || service != "kinesisvideo" ||
      !is_region(region) || !is_digits(account) || kind != "channel" || !is_channel_name(name) ||
      !is_digits(text)) {
    return std::nullopt;
  }
  return ChannelArn{std::string(partition), std::string(region), std::string(account), std::string(name)};
}

bool is_channel_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_client_id(std::string_view text) {
  constexpr std::string_view reserved = "aws_";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return is_channel_name(text) && !std::ranges::equal(text.substr(0, reserved.size()), reserved, {}, lower);
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= max_region &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

std::string control_plane_url(std::string_view region) { return "https://" + host_of(region); }

std::string stun_url(std::string_view region) { return "stun:stun." + host_of(region) + ":443"; }

}  // namespace petrel::inline v0::kvs
