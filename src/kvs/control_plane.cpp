#include "petrel/kvs/control_plane.hpp"

#include <algorithm>

#include "kvs/json.hpp"

namespace petrel::inline v0::kvs {
namespace {

constexpr std::size_t max_channels = 10'000;  // A page; the service gives 100 at most.

Json named(std::string_view channel) {
  const char* const key = parse_channel_arn(channel) ? "ChannelARN" : "ChannelName";
  return {{key, channel}};
}

ApiRequest make(Api api, std::string path, const Json& body) { return {api, std::move(path), written(body)}; }

ChannelStatus status_of(std::string_view text) {
  if (text == "CREATING") return ChannelStatus::creating;
  if (text == "ACTIVE") return ChannelStatus::active;
  if (text == "UPDATING") return ChannelStatus::updating;
  if (text == "DELETING") return ChannelStatus::deleting;
  return ChannelStatus::unknown;
}

std::optional<ChannelInfo> channel_of(const Json& info) {
  ChannelInfo channel{text_of(info, "ChannelName"), text_of(info, "ChannelARN"),
                      status_of(text_of(info, "ChannelStatus")), text_of(info, "Version")};
  if (!parse_channel_arn(channel.arn)) return std::nullopt;
  return channel;
}

}  // namespace

std::string_view to_string(Api api) {
  switch (api) {
    case Api::describe_channel:
      return "DescribeSignalingChannel";
    case Api::create_channel:
      return "CreateSignalingChannel";
    case Api::delete_channel:
      return "DeleteSignalingChannel";
    case Api::list_channels:
      return "ListSignalingChannels";
    case Api::get_endpoint:
      return "GetSignalingChannelEndpoint";
    case Api::get_ice_servers:
      return "GetIceServerConfig";
    case Api::describe_storage:
      return "DescribeMediaStorageConfiguration";
    case Api::join_storage:
      return "JoinStorageSession";
    case Api::join_storage_as_viewer:
      return "JoinStorageSessionAsViewer";
  }
  return "";
}

ApiRequest describe_channel(std::string_view channel) {
  return make(Api::describe_channel, "/describeSignalingChannel", named(channel));
}

ApiRequest create_channel(std::string_view name, const ChannelOptions& options) {
  Json body{{"ChannelName", name},
            {"ChannelType", "SINGLE_MASTER"},
            {"SingleMasterConfiguration", {{"MessageTtlSeconds", options.message_ttl.count()}}}};
  for (const auto& [key, value] : options.tags) body["Tags"].push_back({{"Key", key}, {"Value", value}});
  return make(Api::create_channel, "/createSignalingChannel", body);
}

ApiRequest delete_channel(std::string_view arn, std::string_view version) {
  Json body{{"ChannelARN", arn}};
  if (!version.empty()) body["CurrentVersion"] = version;
  return make(Api::delete_channel, "/deleteSignalingChannel", body);
}

ApiRequest list_channels(std::string_view prefix, std::string_view next_token, int max_results) {
  Json body = Json::object();
  if (!prefix.empty()) {
    body["ChannelNameCondition"] = {{"ComparisonOperator", "BEGINS_WITH"}, {"ComparisonValue", prefix}};
  }
  if (!next_token.empty()) body["NextToken"] = next_token;
  if (max_results > 0) body["MaxResults"] = max_results;
  return make(Api::list_channels, "/listSignalingChannels", body);
}

ApiRequest get_endpoint(std::string_view arn, Role role, bool storage) {
  Json protocols{"WSS", "HTTPS"};
  if (storage) protocols.push_back("WEBRTC");
  return make(
      Api::get_endpoint, "/getSignalingChannelEndpoint",
      {{"ChannelARN", arn},
       {"SingleMasterChannelEndpointConfiguration", {{"Protocols", protocols}, {"Role", to_string(role)}}}});
}

ApiRequest get_ice_servers(std::string_view arn, std::string_view client_id) {
  Json body{{"ChannelARN", arn}, {"Service", "TURN"}};
  if (!client_id.empty()) body["ClientId"] = client_id;
  return make(Api::get_ice_servers, "/v1/get-ice-server-config", body);
}

ApiRequest describe_storage(std::string_view arn) {
  return make(Api::describe_storage, "/describeMediaStorageConfiguration", {{"ChannelARN", arn}});
}

// These two alone have names in lower camel case.
ApiRequest join_storage(std::string_view arn, Role role, std::string_view client_id) {
  if (role == Role::master) return make(Api::join_storage, "/joinStorageSession", {{"channelArn", arn}});
  return make(Api::join_storage_as_viewer, "/joinStorageSessionAsViewer",
              {{"channelArn", arn}, {"clientId", client_id}});
}

Result<ChannelInfo> read_channel(std::string_view body) {
  const auto object = parse_object(body);
  const Json* info = object ? member(*object, "ChannelInfo") : nullptr;
  if (info == nullptr) return Errc::bad_answer;
  auto channel = channel_of(*info);
  if (!channel) return Errc::bad_answer;
  return *std::move(channel);
}

Result<std::string> read_created(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return Errc::bad_answer;
  std::string arn = text_of(*object, "ChannelARN");
  if (!parse_channel_arn(arn)) return Errc::bad_answer;
  return arn;
}

Result<ChannelList> read_channel_list(std::string_view body) {
  const auto object = parse_object(body);
  const Json* entries = object ? member(*object, "ChannelInfoList") : nullptr;
  if (entries == nullptr || !entries->is_array() || entries->size() > max_channels) return Errc::bad_answer;
  ChannelList list{{}, text_of(*object, "NextToken")};
  for (const Json& entry : *entries) {
    auto channel = channel_of(entry);
    if (!channel) return Errc::bad_answer;
    list.channels.push_back(*std::move(channel));
  }
  return list;
}

Result<ChannelEndpoints> read_endpoints(std::string_view body) {
  const auto object = parse_object(body);
  const Json* entries = object ? member(*object, "ResourceEndpointList") : nullptr;
  if (entries == nullptr || !entries->is_array()) return Errc::bad_answer;
  ChannelEndpoints endpoints;
  for (const Json& entry : *entries) {
    const std::string protocol = text_of(entry, "Protocol");
    const std::string url = text_of(entry, "ResourceEndpoint");
    if (protocol == "WSS") endpoints.wss = url;
    if (protocol == "HTTPS") endpoints.https = url;
    if (protocol == "WEBRTC") endpoints.webrtc = url;
  }
  if (endpoints.wss.empty() || endpoints.https.empty()) return Errc::bad_answer;
  return endpoints;
}

Result<std::vector<IceServerEntry>> read_ice_servers(std::string_view body) {
  // 30 to 86,400 by the documentation.
  constexpr double max_ttl = 86'400;
  const auto object = parse_object(body);
  const Json* entries = object ? member(*object, "IceServerList") : nullptr;
  if (entries == nullptr || !entries->is_array() || entries->empty()) return Errc::bad_answer;
  std::vector<IceServerEntry> servers;
  for (const Json& entry : *entries) {
    if (servers.size() == max_ice_servers) break;
    const Json* urls = member(entry, "Uris");
    if (urls == nullptr || !urls->is_array()) return Errc::bad_answer;
    IceServerEntry server{{}, text_of(entry, "Username"), text_of(entry, "Password")};
    for (const Json& url : *urls) {
      if (url.is_string() && server.urls.size() < max_ice_urls) server.urls.push_back(url.get<std::string>());
    }
    if (const Json* ttl = member(entry, "Ttl"); ttl != nullptr && ttl->is_number()) {
      const double seconds = std::clamp(ttl->get<double>(), 1.0, max_ttl);
      server.ttl = std::chrono::seconds(static_cast<std::int64_t>(seconds));
    }
    if (server.urls.empty()) return Errc::bad_answer;
    servers.push_back(std::move(server));
  }
  return servers;
}

Result<StorageInfo> read_storage(std::string_view body) {
  const auto object = parse_object(body);
  const Json* configuration = object ? member(*object, "MediaStorageConfiguration") : nullptr;
  if (configuration == nullptr) return Errc::bad_answer;
  return StorageInfo{text_of(*configuration, "Status") == "ENABLED", text_of(*configuration, "StreamARN")};
}

}  // namespace petrel::inline v0::kvs
