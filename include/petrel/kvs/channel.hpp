#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::kvs {

/// A master is the channel's one publisher; viewers call it.
enum class Role : std::uint8_t { master, viewer };

/// "MASTER" or "VIEWER", as the service spells it.
PETREL_API std::string_view to_string(Role role);

/// The parts of `arn:aws:kinesisvideo:REGION:ACCOUNT:channel/NAME/CREATED`.
struct ChannelArn {
  std::string partition;
  std::string region;
  std::string account;
  std::string name;
};

/// nullopt for what is no ARN of a channel.
PETREL_API std::optional<ChannelArn> parse_channel_arn(std::string_view text);

/// 1 to 256 of `[a-zA-Z0-9_.-]`.
PETREL_API bool is_channel_name(std::string_view text);

/// Likewise, and not beginning with "AWS_" in any case.
PETREL_API bool is_client_id(std::string_view text);

/// Letters, digits and dashes, as in "eu-west-1": what may become a part of a host name.
PETREL_API bool is_region(std::string_view text);

/// "https://kinesisvideo.eu-west-1.amazonaws.com", with the suffix of the region's partition.
PETREL_API std::string control_plane_url(std::string_view region);

/// "stun:stun.kinesisvideo.eu-west-1.amazonaws.com:443": the service does not list it, it follows from the
/// region.
PETREL_API std::string stun_url(std::string_view region);

}  // namespace petrel::inline v0::kvs
