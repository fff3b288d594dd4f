#include "kvs_service/channels.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "petrel/base/base64.hpp"
#include "petrel/kvs/channel.hpp"

namespace kvs_service {
namespace {

using nlohmann::json;

// The service takes both spellings.
std::string text_of(const json& object, std::string name) {
  if (!object.contains(name)) name[0] = static_cast<char>(name[0] - 'a' + 'A');
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string event(const std::string& type, const std::string& sender, const std::string& payload) {
  json frame{{"messageType", type}, {"messagePayload", payload}};
  if (!sender.empty()) frame["senderClientId"] = sender;
  return frame.dump();
}

}  // namespace

Channels::Channel* Channels::by_name(const std::string& name) {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : &found->second;
}

Channels::Channel* Channels::by_arn(const std::string& arn) {
  const auto parsed = petrel::kvs::parse_channel_arn(arn);
  Channel* channel = parsed ? by_name(parsed->name) : nullptr;
  return channel != nullptr && channel->arn == arn ? channel : nullptr;
}

Channels::Channel* Channels::create(const std::string& name, const std::string& region,
                                    std::int64_t unix_time) {
  if (channels_.contains(name) || channels_.size() >= max_channels) return nullptr;
  Channel channel{name, "arn:aws:kinesisvideo:" + region + ":000000000000:channel/" + name + "/" +
                            std::to_string(unix_time * 1000)};
  return &channels_.emplace(name, std::move(channel)).first->second;
}

void Channels::remove(const std::string& arn) {
  if (const Channel* channel = by_arn(arn)) channels_.erase(channel->name);
}

Channels::Joined Channels::join(petrel::TimePoint now, Channel& channel, const std::string& viewer,
                                ConnectionId id) {
  Joined joined;
  if (!viewer.empty()) {
    const auto old = channel.viewers.find(viewer);
    if (old != channel.viewers.end()) {
      joined.replaced = old->second;
    } else if (channel.viewers.size() >= max_viewers) {
      joined.full = true;
      return joined;
    }
    channel.viewers[viewer] = id;
    return joined;
  }
  joined.replaced = std::exchange(channel.master, id);
  for (const Channel::Waiting& waiting : std::exchange(channel.for_master, {})) {
    if (now < waiting.since + message_ttl) joined.deliveries.push_back({id, waiting.text});
  }
  return joined;
}

void Channels::leave(ConnectionId id) {
  for (auto& [name, channel] : channels_) {
    if (channel.master == id) channel.master.reset();
    std::erase_if(channel.viewers, [&](const auto& each) { return each.second == id; });
  }
}

std::vector<Delivery> Channels::refuse(ConnectionId to, const std::string& correlation_id,
                                       const std::string& type, const std::string& description) const {
  if (correlation_id.empty()) return {};
  const json frame{{"messageType", "STATUS_RESPONSE"},
                   {"statusResponse",
                    {{"correlationId", correlation_id},
                     {"errorType", type},
                     {"statusCode", "400"},
                     {"success", false},
                     {"description", description}}}};
  return {{to, frame.dump()}};
}

std::vector<Delivery> Channels::relay(petrel::TimePoint now, ConnectionId from, const std::string& text) {
  if (text.empty()) return {};
  const json frame = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!frame.is_object()) return {};
  const std::string action = text_of(frame, "action");
  const std::string payload = text_of(frame, "messagePayload");
  const std::string correlation_id = text_of(frame, "correlationId");
  if (action != "SDP_OFFER" && action != "SDP_ANSWER" && action != "ICE_CANDIDATE") {
    return refuse(from, correlation_id, "InvalidArgumentException", "unknown action");
  }
  if (payload.empty() || !petrel::base64_decode(payload)) {
    return refuse(from, correlation_id, "InvalidArgumentException", "messagePayload is not base64");
  }
  for (auto& [name, channel] : channels_) {
    if (channel.master == from) {
      const auto viewer = channel.viewers.find(text_of(frame, "recipientClientId"));
      if (viewer == channel.viewers.end()) {
        return refuse(from, correlation_id, "ResourceNotFoundException", "the recipient is not connected");
      }
      return {{viewer->second, event(action, {}, payload)}};
    }
    const auto viewer =
        std::ranges::find(channel.viewers, from, [](const auto& each) { return each.second; });
    if (viewer == channel.viewers.end()) continue;
    const std::string& sender = viewer->first;
    if (channel.master) return {{*channel.master, event(action, sender, payload)}};
    // The newest offer of a sender is kept, and what belongs to it.
    if (action == "SDP_OFFER") {
      std::erase_if(channel.for_master, [&](const Channel::Waiting& each) { return each.sender == sender; });
    }
    if (channel.for_master.size() < max_waiting) {
      channel.for_master.push_back({sender, event(action, sender, payload), now});
    }
    return {};
  }
  return {};
}

}  // namespace kvs_service
