#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/kvs/channel.hpp"
#include "petrel/kvs/credentials.hpp"
#include "petrel/kvs/errc.hpp"

// The REST calls of the service as text: what is asked, and what the answers say. All are a POST of JSON,
// signed in the headers. AWS: Kinesis Video Streams API Reference.
namespace petrel::inline v0::kvs {

enum class Api : std::uint8_t {
  describe_channel,
  create_channel,
  delete_channel,
  list_channels,
  get_endpoint,
  get_ice_servers,
  describe_storage,
  join_storage,
  join_storage_as_viewer,
};

/// "DescribeSignalingChannel": the name of the call. IAM's action has "kinesisvideo:" before it.
PETREL_API std::string_view to_string(Api api);

/// What is posted, and where on the host.
struct ApiRequest {
  Api api = Api::describe_channel;
  std::string path;
  std::string body;
};

/// By the channel's name or ARN.
PETREL_API ApiRequest describe_channel(std::string_view channel);

struct ChannelOptions {
  /// How long an undelivered message waits for its receiver: 5 to 120 s.
  std::chrono::seconds message_ttl{60};
  std::vector<std::pair<std::string, std::string>> tags{};
};
PETREL_API ApiRequest create_channel(std::string_view name, const ChannelOptions& options = {});
/// `version` of ChannelInfo, or empty for whatever it is.
PETREL_API ApiRequest delete_channel(std::string_view arn, std::string_view version = {});
/// One page. Of all channels, or of those whose names begin with `prefix`.
PETREL_API ApiRequest list_channels(std::string_view prefix = {}, std::string_view next_token = {},
                                    int max_results = 0);
PETREL_API ApiRequest get_endpoint(std::string_view arn, Role role, bool storage = false);
/// `client_id` may be empty.
PETREL_API ApiRequest get_ice_servers(std::string_view arn, std::string_view client_id);
PETREL_API ApiRequest describe_storage(std::string_view arn);
PETREL_API ApiRequest join_storage(std::string_view arn, Role role, std::string_view client_id);

enum class ChannelStatus : std::uint8_t { creating, active, updating, deleting, unknown };

struct ChannelInfo {
  std::string name;
  std::string arn;
  ChannelStatus status = ChannelStatus::unknown;
  std::string version;  ///< Opaque; what delete_channel() takes.
};
struct ChannelList {
  std::vector<ChannelInfo> channels;
  std::string next_token;  ///< Empty: this was the last page.
};
/// URLs; empty: not given.
struct ChannelEndpoints {
  std::string wss;
  std::string https;
  std::string webrtc;  ///< Of storage sessions.
};
/// TURN servers with their password, good for `ttl` from when they were asked for.
struct IceServerEntry {
  std::vector<std::string> urls;
  std::string username;
  SecretText credential;
  std::chrono::seconds ttl{300};
};
struct StorageInfo {
  bool enabled = false;
  std::string stream_arn;
};

// Errc::bad_answer for what is not the answer to that call. Unknown fields are ignored.
PETREL_API Result<ChannelInfo> read_channel(std::string_view body);
/// The ARN of the new channel.
PETREL_API Result<std::string> read_created(std::string_view body);
PETREL_API Result<ChannelList> read_channel_list(std::string_view body);
PETREL_API Result<ChannelEndpoints> read_endpoints(std::string_view body);
/// At least one, at most max_ice_servers, each with at most max_ice_urls.
PETREL_API Result<std::vector<IceServerEntry>> read_ice_servers(std::string_view body);
PETREL_API Result<StorageInfo> read_storage(std::string_view body);

/// The service gives two or three, with three URLs each.
inline constexpr std::size_t max_ice_servers = 8;
inline constexpr std::size_t max_ice_urls = 8;

}  // namespace petrel::inline v0::kvs
