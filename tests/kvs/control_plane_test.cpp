#include "petrel/kvs/control_plane.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace petrel::inline v0::kvs {
namespace {

using nlohmann::json;

constexpr std::string_view arn =
    "arn:aws:kinesisvideo:us-west-2:123456789012:channel/demo-channel/1234567890123";

TEST(ControlPlane, AsksByNameOrArn) {
  EXPECT_EQ(describe_channel("demo-channel").path, "/describeSignalingChannel");
  EXPECT_EQ(describe_channel("demo-channel").body, R"({"ChannelName":"demo-channel"})");
  EXPECT_EQ(describe_channel(arn).body, R"({"ChannelARN":")" + std::string(arn) + "\"}");
}

// Byte for byte what the signing vectors have.
TEST(ControlPlane, AsksForEndpointsAndIceServers) {
  EXPECT_EQ(
      get_endpoint(arn, Role::master).body,
      R"({"ChannelARN":")" + std::string(arn) +
          R"(","SingleMasterChannelEndpointConfiguration":{"Protocols":["WSS","HTTPS"],"Role":"MASTER"}})");
  EXPECT_EQ(get_ice_servers(arn, "MASTER").body,
            R"({"ChannelARN":")" + std::string(arn) + R"(","ClientId":"MASTER","Service":"TURN"})");
  EXPECT_EQ(
      json::parse(get_endpoint(arn, Role::viewer, true).body)["SingleMasterChannelEndpointConfiguration"],
      json::parse(R"({"Protocols":["WSS","HTTPS","WEBRTC"],"Role":"VIEWER"})"));
}

TEST(ControlPlane, WritesTheOtherCalls) {
  const auto created = json::parse(create_channel("a", {std::chrono::seconds(30), {{"k", "v"}}}).body);
  EXPECT_EQ(created, json::parse(R"({"ChannelName":"a","ChannelType":"SINGLE_MASTER",
      "SingleMasterConfiguration":{"MessageTtlSeconds":30},"Tags":[{"Key":"k","Value":"v"}]})"));
  EXPECT_EQ(json::parse(delete_channel(arn, "v1").body)["CurrentVersion"], "v1");
  EXPECT_FALSE(json::parse(delete_channel(arn).body).contains("CurrentVersion"));
  EXPECT_EQ(list_channels().body, "{}");
  EXPECT_EQ(
      json::parse(list_channels("front", "t", 10).body),
      json::parse(R"({"ChannelNameCondition":{"ComparisonOperator":"BEGINS_WITH","ComparisonValue":"front"},
                            "MaxResults":10,"NextToken":"t"})"));
  EXPECT_EQ(describe_storage(arn).path, "/describeMediaStorageConfiguration");
  EXPECT_EQ(join_storage(arn, Role::master, "").body, R"({"channelArn":")" + std::string(arn) + "\"}");
  EXPECT_EQ(json::parse(join_storage(arn, Role::viewer, "me").body)["clientId"], "me");
}

TEST(ControlPlane, EveryCallHasItsName) {
  for (int api = 0; api <= static_cast<int>(Api::join_storage_as_viewer); ++api) {
    EXPECT_FALSE(to_string(static_cast<Api>(api)).empty());
  }
}

TEST(ControlPlane, ReadsAChannel) {
  const auto channel = read_channel(
      R"({"ChannelInfo":{"ChannelARN":")" + std::string(arn) +
      R"(","ChannelName":"demo-channel","ChannelStatus":"ACTIVE","ChannelType":"SINGLE_MASTER","CreationTime":1.7e9,
          "SingleMasterConfiguration":{"MessageTtlSeconds":60},"Version":"v7"}})");
  ASSERT_TRUE(channel);
  EXPECT_EQ(channel->name, "demo-channel");
  EXPECT_EQ(channel->arn, arn);
  EXPECT_EQ(channel->status, ChannelStatus::active);
  EXPECT_EQ(channel->version, "v7");
  EXPECT_EQ(*read_created(R"({"ChannelARN":")" + std::string(arn) + "\"}"), arn);
  const auto list = read_channel_list(R"({"ChannelInfoList":[{"ChannelARN":")" + std::string(arn) +
                                      R"(","ChannelStatus":"DELETING"}],"NextToken":"more"})");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->channels.size(), 1U);
  EXPECT_EQ(list->channels[0].status, ChannelStatus::deleting);
  EXPECT_EQ(list->next_token, "more");
}

TEST(ControlPlane, ReadsEndpointsInAnyOrder) {
  const auto endpoints = read_endpoints(
      R"({"ResourceEndpointList":[{"Protocol":"WSS","ResourceEndpoint":"wss://m"},{"Protocol":"NEW"},
          {"Protocol":"HTTPS","ResourceEndpoint":"https://r"}]})");
  ASSERT_TRUE(endpoints);
  EXPECT_EQ(endpoints->wss, "wss://m");
  EXPECT_EQ(endpoints->https, "https://r");
  EXPECT_EQ(endpoints->webrtc, "");
}

TEST(ControlPlane, ReadsIceServers) {
  const auto servers = read_ice_servers(
      R"({"IceServerList":[{"Password":"p+/=","Ttl":300,"Uris":["turn:a:443?transport=udp","turns:a:443?transport=tcp"],
          "Username":"1:u"},{"Uris":["turn:b:443"],"Ttl":31.5},{"Uris":["turn:c:443"],"Ttl":1e300},
          {"Uris":["turn:d:443"],"Ttl":-5}]})");
  ASSERT_TRUE(servers);
  ASSERT_EQ(servers->size(), 4U);
  EXPECT_EQ((*servers)[0].urls.size(), 2U);
  EXPECT_EQ((*servers)[0].username, "1:u");
  EXPECT_EQ((*servers)[0].credential.reveal(), "p+/=");
  EXPECT_EQ((*servers)[0].ttl, std::chrono::seconds(300));
  EXPECT_EQ((*servers)[1].ttl, std::chrono::seconds(31));
  EXPECT_EQ((*servers)[2].ttl, std::chrono::seconds(86'400));
  EXPECT_EQ((*servers)[3].ttl, std::chrono::seconds(1));
}

TEST(ControlPlane, BoundsTheIceServers) {
  std::string text = R"({"IceServerList":[)";
  for (int i = 0; i < 20; ++i) {
    text += std::string(i == 0 ? "" : ",") + R"({"Uris":["1","2","3","4","5","6","7","8","9","10"]})";
  }
  const auto servers = read_ice_servers(text + "]}");
  ASSERT_TRUE(servers);
  EXPECT_EQ(servers->size(), max_ice_servers);
  EXPECT_EQ(servers->front().urls.size(), max_ice_urls);
}

TEST(ControlPlane, ReadsStorage) {
  EXPECT_TRUE(
      read_storage(R"({"MediaStorageConfiguration":{"Status":"ENABLED","StreamARN":"s"}})").value().enabled);
  EXPECT_FALSE(read_storage(R"({"MediaStorageConfiguration":{"Status":"DISABLED","StreamARN":null}})")
                   .value()
                   .enabled);
}

TEST(ControlPlane, RefusesWhatIsNoAnswer) {
  for (const std::string_view text :
       {"", "null", "[]", "{", "{}", R"({"ChannelInfo":5})", R"({"ChannelInfo":{"ChannelARN":"x"}})",
        R"({"ChannelARN":5})", R"({"ChannelInfoList":{}})", R"({"ChannelInfoList":[5]})",
        R"({"ResourceEndpointList":[]})", R"({"ResourceEndpointList":[5]})", R"({"IceServerList":[]})",
        R"({"IceServerList":[5]})", R"({"IceServerList":[{"Uris":[5]}]})", R"({"IceServerList":"x"})"}) {
    EXPECT_FALSE(read_channel(text)) << text;
    EXPECT_FALSE(read_created(text)) << text;
    EXPECT_FALSE(read_channel_list(text)) << text;
    EXPECT_FALSE(read_endpoints(text)) << text;
    EXPECT_FALSE(read_ice_servers(text)) << text;
    EXPECT_FALSE(read_storage(text)) << text;
  }
}

}  // namespace
}  // namespace petrel::inline v0::kvs
